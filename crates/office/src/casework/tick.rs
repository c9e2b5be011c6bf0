//! What only time moves: notices whose days are over, publications that are, departments that are late. It makes tasks and never decides. Reviews that fall due are a job of their own
//! ([`super::reviews`]).

use catalogue::definition::Effect;
use store::{CaseId, DivisionId, Query};

use super::act;
use super::clocks;
use super::notices;
use super::tasks::{self, Due};
use crate::{Office, OfficeError, releases};

/// What a night's round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Cases whose notice ended: their step has a task again.
    pub notices_over: u64,
    /// Cases in which a department is late: the county has a task.
    pub checks_late: u64,
    /// Decisions that are published no more.
    pub published_over: u64,
}

/// One round. Safe to repeat at any time.
///
/// # Errors
/// The database's.
pub async fn tick(office: &Office) -> Result<Ticked, OfficeError> {
    let today = office.now().today();
    let due: Vec<i64> = Query::system(
        "notices whose last day has passed",
        "SELECT n.case_id FROM notice n JOIN case_file c ON c.id = n.case_id \
         WHERE n.kind = 'publicity' AND n.closed_on IS NULL AND n.until_on < ? AND c.state = 'open' ORDER BY n.id LIMIT 5000",
    )
    .bind(today)
    .scalars(office.db())
    .await?;
    let mut ticked = Ticked { published_over: notices::close_published(office).await?, ..Ticked::default() };
    for case in due {
        ticked.notices_over += u64::from(wake(office, CaseId(case)).await?);
    }
    let late: Vec<(CaseId, DivisionId)> = Query::system(
        "questions to departments whose last day has passed",
        "SELECT DISTINCT r.case_id, r.county_id FROM check_request r WHERE r.state IN ('asked', 'partly') AND r.due_on < ? \
         AND NOT EXISTS (SELECT 1 FROM task t WHERE t.case_id = r.case_id AND t.state = 'open' AND t.clock = 'check_late') \
         ORDER BY r.case_id LIMIT 5000",
    )
    .bind(today)
    .all_as(office.db(), |row| Ok((row.get("case_id")?, row.get("county_id")?)))
    .await?;
    for (case, county) in late {
        let tx = office.db().begin().await?;
        tx.lock(&format!("check {case}")).await?;
        tasks::give_late(office, &tx, case, county, office.now()).await?;
        tx.commit().await?;
        ticked.checks_late += 1;
    }
    Ok(ticked)
}

/// After a notice the office that holds the step is due today, unless a clock of the step says later.
async fn wake(office: &Office, case: CaseId) -> Result<bool, OfficeError> {
    let now = office.now();
    let tx = office.db().begin().await?;
    let row = super::CaseRow::lock_for(&tx, "a notice is over", case).await?;
    let procedure = releases::kept(office, &row.release_hash).await?;
    let Some(item) = procedure.items.get(&row.item) else { return Ok(false) };
    let Some(step) = item.step(&row.step) else { return Ok(false) };
    let (Some(division), Some(role)) = act::holder(&row, item, step) else { return Ok(false) };
    let running = match &step.clock {
        Some(clock) => clocks::running(&tx, case, clock).await?,
        None => None,
    };
    let Due { on: due_on, earliest: earliest_on } =
        running.unwrap_or(Due { on: now.today(), earliest: None });
    let moved = Query::system(
        "the task of a step whose notice is over",
        "UPDATE task SET title = ?, due_on = ?, earliest_on = ? WHERE case_id = ? AND state = 'open' AND side = FALSE \
         AND division_id = ? AND role = ?",
    )
    .bind(format!("{}：公示期满", step.title))
    .bind(due_on)
    .bind(earliest_on)
    .bind(case)
    .bind(division)
    .bind(role)
    .execute(&tx)
    .await?;
    Query::system("a notice is over", "UPDATE notice SET closed_on = until_on WHERE case_id = ? AND kind = 'publicity' AND closed_on IS NULL")
        .bind(case)
        .execute(&tx)
        .await?;
    tx.commit().await?;
    debug_assert!(
        item.actions
            .iter()
            .any(|action| action.effects.iter().any(|effect| matches!(**effect, Effect::OpenNotice(_))))
    );
    Ok(moved > 0)
}

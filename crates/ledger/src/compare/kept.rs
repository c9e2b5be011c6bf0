//! The figures of a run's comparison, kept with the run. They hold as long as its lines are as many and add up to the same, and it is
//! compared with the same run; a comparison with something unexplained is always reckoned anew, because what explains it may be recorded
//! later.

use store::{Db, Query, Tx};

use super::{CauseKind, DifferenceKind, Group, Previous, Summary, previous_run, reckoned, totals};
use crate::run::{self, PaymentRun};
use crate::scope::{BOOKS, NONE};
use crate::{Result, RunId, RunState};

#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    previous: Option<RunId>,
    before: Group,
    after: Group,
    unchanged: u64,
    groups: Vec<(DifferenceKind, CauseKind, Group)>,
}

/// Reckons a run whose last batch was just made against the month before and keeps the figures; does nothing for one in another state.
/// Safe to call again.
///
/// # Errors
/// The database's.
pub(crate) async fn keep(db: &Db, id: RunId) -> Result<()> {
    let tx = db.begin_read().await?;
    let run = run::load(&tx, &BOOKS, id).await?;
    if run.state != RunState::Making {
        return Ok(());
    }
    let previous = previous_run(&tx, &run).await?;
    if summary(&tx, &run, previous.as_ref()).await?.is_some() {
        return Ok(());
    }
    let summary = reckoned(&tx, &run, previous.as_ref()).await?;
    drop(tx);
    if summary.unexplained > 0 {
        return Ok(());
    }
    let kept = Kept {
        previous: summary.previous,
        before: summary.before,
        after: summary.after,
        unchanged: summary.unchanged,
        groups: summary.groups.into_iter().map(|((kind, cause), group)| (kind, cause, group)).collect(),
    };
    let text = serde_json::to_string(&kept).expect("numbers and words have no shape that JSON lacks");
    Query::new(&BOOKS, &NONE, "UPDATE payment_run SET comparison = ? WHERE id = ? AND state = 'making'")
        .bind(text)
        .bind(id)
        .execute(db)
        .await?;
    Ok(())
}

/// What was kept, if it still holds.
pub(super) async fn summary(
    connection: &Tx,
    run: &PaymentRun,
    previous: Option<&Previous>,
) -> Result<Option<Summary>> {
    let text: Option<Option<String>> =
        Query::new(&BOOKS, &NONE, "SELECT comparison FROM payment_run WHERE id = ?")
            .bind(run.id)
            .optional_as(connection, |row| row.get("comparison"))
            .await?;
    // What another version of the program kept may be unreadable: then it is reckoned anew.
    let kept = text.flatten().and_then(|text| serde_json::from_str::<Kept>(&text).ok());
    let Some(kept) = kept.filter(|kept| kept.previous == previous.map(|previous| previous.id)) else {
        return Ok(None);
    };
    if totals(connection, run.id).await? != (kept.after.count, kept.after.after) {
        return Ok(None);
    }
    Ok(Some(Summary {
        previous: kept.previous,
        before: kept.before,
        after: kept.after,
        unchanged: kept.unchanged,
        groups: kept.groups.into_iter().map(|(kind, cause, group)| ((kind, cause), group)).collect(),
        unexplained: 0,
        first_unexplained: None,
    }))
}

//! What a month brought: indicators that stand otherwise than at the end of the month before, numbers that count since, targets that were changed, notes on projects,
//! alerts, evaluations. Read from the tables, nothing is stored.

use chrono::{Duration, NaiveTime};
use store::Query;
use vocab::{Month, Now};

use super::adjustments::Decided;
use super::judge::Standing;
use super::known::known;
use super::stages::StageDeed;
use super::{Installed, PLAN, charges, demanded, in_words, of_row};
use crate::access::{Granted, ReadPlan};
use crate::{Office, OfficeError};

/// An indicator that stands otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The indicator.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// At the end of the month before.
    pub before: Standing,
    /// At the end of the month, or now.
    pub after: Standing,
}

/// A number that counts since this month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The indicator.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// The place.
    pub division_name: String,
    /// The month it holds for.
    pub month: Month,
    /// The number with its unit.
    pub number: String,
    /// Where it comes from.
    pub evidence: String,
}

/// Something else that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Now,
    /// What it is about.
    pub title: String,
    /// The address below the plan's pages: `indicators/wh_i005`, `stages/wh_p004`.
    pub to: String,
    /// What was done, in words.
    pub words: String,
}

/// A month of the plan.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The plan.
    pub plan: Installed,
    /// The month.
    pub month: Month,
    /// Indicators that stand otherwise.
    pub moved: Vec<Moved>,
    /// Numbers that count since, the newest first.
    pub confirmed: Vec<Confirmed>,
    /// Targets, splits, notes, alerts, the newest first.
    pub deeds: Vec<Deed>,
}

/// Most rows of a list; a month of a city stays far below.
const ROWS: i64 = 500;

/// The first moment of a month, in unix milliseconds.
fn first_moment(month: Month) -> i64 {
    let midnight = month.first_day().and_time(NaiveTime::MIN) - Duration::hours(8);
    midnight.and_utc().timestamp_millis()
}

/// What a month brought, as far as the actor may see.
///
/// # Errors
/// [`OfficeError::NotFound`] where no pack brings a plan; the database.
pub async fn changes(
    office: &Office,
    actor: &Granted<ReadPlan>,
    month: Month,
) -> Result<Changes, OfficeError> {
    let plan = demanded(office).await?;
    let today = Month::containing(office.now().today());
    let month = month.min(today);
    let (from, until) = (first_moment(month), first_moment(month.next()));
    let known = known(office, &plan).await?;
    let moved = plan
        .indicators
        .iter()
        .filter(|one| !one.is_history())
        .filter_map(|one| {
            let before = known.judged(&plan, one, month.previous()).1.standing;
            let after = known.judged(&plan, one, month).1.standing;
            (before != after).then(|| Moved {
                indicator: one.id.get().clone(),
                name: one.name.clone(),
                before,
                after,
            })
        })
        .collect();
    let name = |id: &str| plan.indicator(id).map_or_else(|| id.to_owned(), |one| one.name.clone());
    let number = |id: &str, number: catalogue::Number| {
        plan.indicator(id).map_or_else(|| number.to_string(), |one| in_words::with_unit(number, one))
    };
    let rows = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT v.indicator, d.name AS division_name, v.month, v.units, v.scale, v.evidence FROM plan_value v JOIN division d ON d.id = v.division_id \
         WHERE {scope} AND v.plan = ? AND v.state = 'confirmed' AND v.looked_at >= ? AND v.looked_at < ? ORDER BY v.id DESC LIMIT ?",
    )
    .bind(plan.id())
    .bind(from)
    .bind(until)
    .bind(ROWS)
    .all(office.db())
    .await?;
    let mut confirmed = Vec::new();
    for row in rows {
        let indicator: String = row.get("indicator")?;
        confirmed.push(Confirmed {
            name: name(&indicator),
            division_name: row.get("division_name")?,
            month: row.get("month")?,
            number: number(&indicator, of_row(&row)?),
            evidence: row.get("evidence")?,
            indicator,
        });
    }
    let mut deeds = Vec::new();
    let within = |at: i64| (from..until).contains(&at);
    for one in known.changes.iter().filter(|one| within(one.proposed_at.at_ms())) {
        deeds.push(Deed {
            at: one.proposed_at,
            title: name(&one.indicator),
            to: format!("indicators/{}", one.indicator),
            words: format!(
                "目标调整为{}（{}年），{}：{}（{}）",
                number(&one.indicator, one.number),
                one.year,
                match one.state {
                    Decided::Proposed => "等待批准",
                    Decided::Approved => "已批准",
                    Decided::Refused => "没有批准",
                },
                one.reason,
                one.document
            ),
        });
    }
    deeds.extend(noted(office, actor, &plan, from, until).await?);
    deeds.extend(alerted(office, actor, &plan, from, until).await?);
    deeds.sort_by_key(|deed| std::cmp::Reverse(deed.at.at_ms()));
    Ok(Changes { plan, month, moved, confirmed, deeds })
}

async fn noted(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    from: i64,
    until: i64,
) -> Result<Vec<Deed>, OfficeError> {
    let rows = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT v.stage, d.name AS division_name, v.deed, v.due_month, v.words, v.noted_at FROM plan_stage_note v JOIN division d ON d.id = v.division_id \
         WHERE {scope} AND v.plan = ? AND v.noted_at >= ? AND v.noted_at < ? ORDER BY v.id DESC LIMIT ?",
    )
    .bind(plan.id())
    .bind(from)
    .bind(until)
    .bind(ROWS)
    .all(office.db())
    .await?;
    rows.iter()
        .map(|row| {
            let stage: String = row.get("stage")?;
            let deed = StageDeed::read(&row.get::<String>("deed")?).unwrap_or(StageDeed::Started);
            let to = row.get::<Option<Month>>("due_month")?.map(|due| format!("到{}", due.zh()));
            let task = plan.tasks.iter().any(|task| task.id == *stage);
            Ok(Deed {
                at: Now::from_unix_ms(row.get("noted_at")?),
                title: charges::title_of(plan, &stage).unwrap_or_else(|| stage.clone()),
                words: format!(
                    "{}：{}{}，{}",
                    row.get::<String>("division_name")?,
                    deed.title(),
                    to.unwrap_or_default(),
                    row.get::<String>("words")?
                ),
                to: format!("{}/{stage}", if task { "tasks" } else { "stages" }),
            })
        })
        .collect()
}

async fn alerted(
    office: &Office,
    actor: &Granted<ReadPlan>,
    plan: &Installed,
    from: i64,
    until: i64,
) -> Result<Vec<Deed>, OfficeError> {
    let rows = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT v.id, v.kind, v.entry, v.grounds, v.state, v.raised_at, v.ended_at, v.reason FROM plan_alert v \
         WHERE {scope} AND v.plan = ? AND v.kind = 'will_miss' AND (v.raised_at >= ? AND v.raised_at < ? OR v.ended_at >= ? AND v.ended_at < ?) \
         ORDER BY v.id DESC LIMIT ?",
    )
    .bind(plan.id())
    .bind(from)
    .bind(until)
    .bind(from)
    .bind(until)
    .bind(ROWS)
    .all(office.db())
    .await?;
    let mut deeds = Vec::new();
    for row in rows {
        let entry: String = row.get("entry")?;
        let title = charges::title_of(plan, &entry).unwrap_or_else(|| entry.clone());
        let (raised, ended): (i64, Option<i64>) = (row.get("raised_at")?, row.get("ended_at")?);
        let to = format!("alerts/{}", row.get::<i64>("id")?);
        if (from..until).contains(&raised) {
            let words = format!("预警：{}", row.get::<String>("grounds")?);
            deeds.push(Deed { at: Now::from_unix_ms(raised), title: title.clone(), to: to.clone(), words });
        }
        if let Some(ended) = ended.filter(|ended| (from..until).contains(ended)) {
            let words = match row.get::<Option<String>>("reason")? {
                Some(reason) => format!("预警已处理：{reason}"),
                None => "预警的情况已消除".to_owned(),
            };
            deeds.push(Deed { at: Now::from_unix_ms(ended), title, to, words });
        }
    }
    Ok(deeds)
}

//! What waits for a second person: adjusted targets and splits that somebody proposed, and how much of it an office has to look at.

use store::Query;
use vocab::Now;

use super::adjustments::{self, Decided};
use super::{EVERYBODYS, Installed, PLAN, in_words};
use crate::access::{Granted, ReadPlan};
use crate::{Office, OfficeError};

/// A change of a target that waits to be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The indicator.
    pub indicator: String,
    /// Its name.
    pub name: String,
    /// What is proposed, in words.
    pub what: String,
    /// Why; empty where the proposal speaks for itself.
    pub reason: String,
    /// Who proposed it.
    pub by: String,
    /// When.
    pub at: Now,
}

/// The proposals of a plan, the oldest first.
///
/// # Errors
/// The database.
pub async fn waiting(
    office: &Office,
    _reader: &Granted<ReadPlan>,
    plan: &Installed,
) -> Result<Vec<Proposal>, OfficeError> {
    let mut waiting = Vec::new();
    for one in adjustments::list(office, plan, None).await? {
        let Some(indicator) = plan.indicator(&one.indicator).filter(|_| one.state == Decided::Proposed)
        else {
            continue;
        };
        waiting.push(Proposal {
            name: indicator.name.clone(),
            what: format!("目标调整为{}（{}年）", in_words::with_unit(one.number, indicator), one.year),
            reason: format!("{}（{}）", one.reason, one.document),
            indicator: one.indicator,
            by: one.proposed_by,
            at: one.proposed_at,
        });
    }
    let splits: Vec<(String, String, Now)> = Query::system(
        EVERYBODYS,
        "SELECT a.indicator, p.name, a.proposed_at FROM plan_split a JOIN staff p ON p.id = a.proposed_by \
         WHERE a.plan = ? AND a.state = 'proposed'",
    )
    .bind(plan.id())
    .all_as(office.db(), |row| {
        Ok((row.get("indicator")?, row.get("name")?, Now::from_unix_ms(row.get("proposed_at")?)))
    })
    .await?;
    for (id, by, at) in splits {
        let Some(indicator) = plan.indicator(&id) else { continue };
        waiting.push(Proposal {
            name: indicator.name.clone(),
            what: format!("目标分解到{}", plan.below_title()),
            reason: String::new(),
            indicator: id,
            by,
            at,
        });
    }
    waiting.sort_by_key(|one| one.at);
    Ok(waiting)
}

/// How much waits for somebody of an office other than who brought it: values of its area, and changes of the targets of its own plan.
///
/// # Errors
/// The database.
pub async fn counted(office: &Office, actor: &Granted<ReadPlan>) -> Result<i64, OfficeError> {
    let values: i64 = Query::new(
        &actor.scope(),
        &PLAN,
        "SELECT count(*) FROM plan_value v WHERE {scope} AND v.state = 'reported' AND v.reported_by <> ? \
         AND v.division_id IN (SELECT own.descendant_id FROM division_closure own WHERE own.ancestor_id = ?)",
    )
    .bind(actor.staff)
    .bind(actor.division)
    .scalar(office.db())
    .await?;
    let proposed: i64 = Query::system(
        EVERYBODYS,
        "SELECT (SELECT count(*) FROM plan_adjustment a WHERE a.state = 'proposed' AND a.division_id = ? AND a.proposed_by <> ?) \
         + (SELECT count(*) FROM plan_split b WHERE b.state = 'proposed' AND b.division_id = ? AND b.proposed_by <> ?)",
    )
    .bind(actor.division)
    .bind(actor.staff)
    .bind(actor.division)
    .bind(actor.staff)
    .scalar(office.db())
    .await?;
    Ok(values + proposed)
}

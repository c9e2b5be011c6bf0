//! The same indicator in the plans of other places: their packs are taken in once, as reference, and set beside one's own. What is counted
//! over something else is marked; nothing is judged.

use std::collections::BTreeMap;

use catalogue::plan::{Measured, PlanBook};
use store::{AuditActor, AuditEntry, Query};

use crate::access::{Granted, ReadPlan};
use crate::{Office, OfficeError, audited};

const PEERS: &str = "plans of other places, which are printed";

/// Takes in what another place's plan promises, in place of what was taken in before.
///
/// # Errors
/// [`OfficeError::Conflict`] for one's own plan.
pub async fn take_in_peer(office: &Office, book: &PlanBook) -> Result<usize, OfficeError> {
    let id = book.plan.id.get();
    if office.release().plans.iter().any(|own| own.plan.id == *id) {
        return Err(OfficeError::Conflict(format!("《{}》是本地的规划，不用导入。", book.plan.name)));
    }
    let measured = book.measured();
    let content =
        serde_json::to_string(&measured).map_err(|error| OfficeError::Internal(error.to_string()))?;
    let now = office.now();
    let tx = office.db().begin().await?;
    Query::system(
        PEERS,
        "INSERT INTO plan_peer (plan, name, content, taken_at) VALUES (?, ?, ?, ?) \
         ON CONFLICT (plan) DO UPDATE SET name = excluded.name, content = excluded.content, taken_at = excluded.taken_at",
    )
    .bind(id.as_str())
    .bind(book.plan.name.as_str())
    .bind(content)
    .bind(now.at_ms())
    .execute(&tx)
    .await?;
    tx.audit(AuditEntry {
        details: serde_json::json!({ "plan": id, "indicators": measured.len() }),
        ..audited(now.at_ms(), AuditActor::default(), "plan.peer_taken_in", ("plan", 0))
    })
    .await?;
    tx.commit().await?;
    Ok(measured.len())
}

/// One plan's line under a measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerLine {
    /// The plan's name.
    pub plan: String,
    /// It is one's own: the indicator's page is here.
    pub own: bool,
    /// What it promises.
    pub measured: Measured,
}

/// A measure that at least two plans have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The measure.
    pub measure: String,
    /// Everything that is counted over is the same, as far as the plans say.
    pub same_base: bool,
    /// All of one unit, or brought to one (for ten thousand people).
    pub same_unit: bool,
    /// The lines, one's own first.
    pub lines: Vec<PeerLine>,
}

/// What of one's own plan other plans speak of too, and what others have in common.
///
/// # Errors
/// The database's.
pub async fn compared(office: &Office, _actor: &Granted<ReadPlan>) -> Result<Vec<Comparison>, OfficeError> {
    let mut by_measure: BTreeMap<String, Vec<PeerLine>> = BTreeMap::new();
    let mut put = |plan: &str, own: bool, measured: Vec<Measured>| {
        for measured in measured {
            let line = PeerLine { plan: plan.to_owned(), own, measured };
            by_measure.entry(line.measured.measure.clone()).or_default().push(line);
        }
    };
    for book in &office.release().plans {
        put(&book.plan.name, true, book.measured());
    }
    let peers: Vec<(String, String)> =
        Query::system(PEERS, "SELECT p.name, p.content FROM plan_peer p ORDER BY p.plan")
            .all_as(office.db(), |row| Ok((row.get("name")?, row.get("content")?)))
            .await?;
    for (name, content) in peers {
        let measured = serde_json::from_str(&content)
            .map_err(|error| OfficeError::Internal(format!("外地规划无法读取（{error}）")))?;
        put(&name, false, measured);
    }
    let several =
        by_measure.into_iter().filter(|(_, lines)| lines.iter().any(|line| line.plan != lines[0].plan));
    Ok(several
        .map(|(measure, lines)| {
            let alike = |of: &dyn Fn(&Measured) -> Option<&str>| {
                lines.iter().all(|line| of(&line.measured) == of(&lines[0].measured))
            };
            let same_base = alike(&|one| one.base.as_deref());
            let same_unit = alike(&|one| Some(one.unit.as_str()))
                || lines.iter().all(|line| line.measured.per_ten_thousand.is_some());
            Comparison { same_base, same_unit, measure, lines }
        })
        .collect())
}

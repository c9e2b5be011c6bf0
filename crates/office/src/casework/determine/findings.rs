//! What officers judged of conditions that the rules cannot settle, as the rules are told it.

use std::collections::BTreeMap;

use ledger::EntitlementId;
use rules::FindingValue;
use store::{Connection, Query};

use crate::OfficeError;

/// The officers' judgements, the last one of each condition, by case or by benefit.
pub(in crate::casework) type Findings = BTreeMap<i64, BTreeMap<String, FindingValue>>;

/// The judgements of the cases about some benefits.
pub(in crate::casework) async fn findings_of_benefits(
    connection: &impl Connection,
    benefits: &[EntitlementId],
) -> Result<Findings, OfficeError> {
    findings_by(connection, "c.entitlement_id", benefits.iter().map(|benefit| benefit.0)).await
}

pub(super) async fn findings_by(
    connection: &impl Connection,
    column: &'static str,
    ids: impl Iterator<Item = i64>,
) -> Result<Findings, OfficeError> {
    let rows = Query::system(
        "the findings of cases, or about benefits, that the caller may act on",
        format!(
            "SELECT {column} AS of_whom, f.condition, f.met, f.reason, f.recorded_on, s.name FROM finding f \
             JOIN staff s ON s.id = f.staff_id JOIN case_file c ON c.id = f.case_id WHERE {column} IN ({{list}}) ORDER BY f.id"
        ),
    )
    .bind_list(ids)
    .all(connection)
    .await?;
    let mut findings = Findings::new();
    for row in rows {
        let finding = FindingValue {
            met: row.get("met")?,
            officer: row.get("name")?,
            reason: row.get("reason")?,
            recorded_on: row.get("recorded_on")?,
        };
        findings.entry(row.get("of_whom")?).or_default().insert(row.get("condition")?, finding);
    }
    Ok(findings)
}

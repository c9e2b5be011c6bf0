//! What stands on an entitlement: due, paid, on its way, owed, to come back, come back.

use store::{Connection, Query, Scope};
use vocab::Fen;

use crate::scope::ENTITLEMENT;
use crate::{EntitlementId, Result};

/// The balances of an entitlement. Always `due = paid + in_run + unpaid - recoverable - returned`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// All dues, revisions and reversals included.
    pub due: Fen,
    /// What the bank or a township's reserve fund has paid.
    pub paid: Fen,
    /// In a run that the bank has not answered.
    pub in_run: Fen,
    /// Owed and in no run.
    pub unpaid: Fen,
    /// Part of `unpaid` at which a payment has failed.
    pub failed: Fen,
    /// Decided recoveries still to come back.
    pub recoverable: Fen,
    /// Kept back from payments or netted for recoveries.
    pub offset: Fen,
    /// Given back by the family.
    pub returned: Fen,
}

/// The balances.
///
/// # Errors
/// Out of scope.
pub async fn balances(connection: &impl Connection, scope: &Scope, id: EntitlementId) -> Result<Balances> {
    let of_entries = "CAST(COALESCE((SELECT SUM(n.amount_fen) FROM recovery c JOIN recovery_entry n ON n.recovery_id = c.id \
        WHERE c.entitlement_id = e.id{}), 0) AS BIGINT)";
    let of_attempts = "CAST(COALESCE((SELECT SUM(t.amount_fen) FROM due d JOIN attempt t ON t.due_id = d.id \
        WHERE d.entitlement_id = e.id AND t.state = '{}'), 0) AS BIGINT)";
    // What a township advanced is paid.
    let of_reserve = "CAST(COALESCE((SELECT SUM(n.amount_fen) FROM reserve_entry n WHERE n.entitlement_id = e.id), 0) AS BIGINT)";
    let sql = format!(
        "SELECT CAST(COALESCE((SELECT SUM(d.amount_fen) FROM due d WHERE d.entitlement_id = e.id), 0) AS BIGINT) AS due, \
         {} AS paid, {} AS in_run, \
         CAST(COALESCE((SELECT SUM(u.amount_fen) FROM unpaid_due u WHERE u.entitlement_id = e.id), 0) AS BIGINT) AS unpaid, \
         CAST(COALESCE((SELECT SUM(u.amount_fen) FROM unpaid_due u WHERE u.entitlement_id = e.id AND EXISTS \
           (SELECT 1 FROM attempt t WHERE t.due_id = u.due_id AND t.state = 'failed')), 0) AS BIGINT) AS failed, \
         CAST(COALESCE((SELECT SUM(c.amount_fen) FROM recovery c WHERE c.entitlement_id = e.id), 0) AS BIGINT) - {} AS recoverable, \
         {} AS kept, {} AS returned FROM entitlement e WHERE {{scope}} AND e.id = ?",
        format_args!("{} + {of_reserve}", of_attempts.replace("{}", "succeeded")),
        of_attempts.replace("{}", "open"),
        of_entries.replace("{}", ""),
        of_entries.replace("{}", " AND n.kind <> 'returned'"),
        of_entries.replace("{}", " AND n.kind = 'returned'"),
    );
    Ok(Query::new(scope, &ENTITLEMENT, sql)
        .bind(id)
        .one_as(connection, |row| {
            Ok(Balances {
                due: row.get("due")?,
                paid: row.get("paid")?,
                in_run: row.get("in_run")?,
                unpaid: row.get("unpaid")?,
                failed: row.get("failed")?,
                recoverable: row.get("recoverable")?,
                offset: row.get("kept")?,
                returned: row.get("returned")?,
            })
        })
        .await?)
}

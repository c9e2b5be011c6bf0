//! What is sent to another system: the events behind the last that arrived, in order, signed. What does not arrive is sent again, later and
//! later; after days it is given up and somebody has to look.
//!
//! One attempt at a time: [`claim`] leases a subscription, [`settle`] writes what came of it. A worker that dies in between loses its
//! lease, and the same events go out again: the receiver tells by their numbers.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use sm3::Sm3;
use store::{AuditActor, AuditEntry, DivisionId, Query, Scope};

use super::{Signs, SubscriptionId};
use crate::records::events;
use crate::{Office, OfficeError, audited};

/// Events in one message.
const EVENTS_MAX: usize = 100;
/// An attempt that says nothing for so long is another worker's to make.
const LEASE_MS: i64 = 120_000;
/// The first wait after a failure; it doubles with each.
const WAIT_FIRST_MS: i64 = 30_000;
/// The longest wait.
const WAIT_MAX_MS: i64 = 3_600_000;
/// Failing for so long, it is given up.
pub const GIVEN_UP_MS: i64 = 3 * 86_400_000;
/// The log is kept for so long.
const KEPT_MS: i64 = 90 * 86_400_000;
/// What a problem says at most.
const PROBLEM_MAX: usize = 200;

const DELIVERY: Scope = Scope::System("what became of records is told to those who subscribed it");

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Where to.
    pub address: String,
    /// Heads besides the usual ones.
    pub heads: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
    after: i64,
    through: i64,
    events: usize,
}

impl Parcel {
    /// A message of nobody's, to try a way of sending.
    #[must_use]
    pub fn new(address: String, heads: Vec<(&'static str, String)>, body: String) -> Parcel {
        Parcel { subscription: SubscriptionId(0), address, heads, body, after: 0, through: 0, events: 0 }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the answer; none when there was none.
    pub status: Option<u16>,
    /// What was wrong, when nothing was answered.
    pub problem: Option<String>,
    /// How long it took, milliseconds.
    pub took_ms: i64,
}

impl Outcome {
    /// The other system has taken it: any 2xx.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// The next message that is due, if there is one; it is the caller's to send and [`settle`] for two minutes.
///
/// # Errors
/// The database's.
pub async fn claim(office: &Office) -> Result<Option<Parcel>, OfficeError> {
    let now = office.now().at_ms();
    let due = Query::new(
        &DELIVERY,
        &store::ScopeColumns::NONE,
        "SELECT s.id, s.division_id, s.address, s.signs, s.secret_sealed, s.sent_seq FROM subscription s WHERE s.state = 'active' \
         AND s.next_at <= ? AND s.lease_until <= ? ORDER BY s.next_at, s.id LIMIT 1000",
    )
    .bind(now)
    .bind(now)
    .all(office.db())
    .await?;
    if due.is_empty() {
        return Ok(None);
    }
    events::number(office).await?;
    for row in &due {
        let (id, after): (SubscriptionId, i64) = (row.get("id")?, row.get("sent_seq")?);
        let registers: Vec<String> = Query::new(
            &DELIVERY,
            &store::ScopeColumns::NONE,
            "SELECT r.register FROM subscription_register r WHERE r.subscription_id = ?",
        )
        .bind(id)
        .scalars(office.db())
        .await?;
        let division: DivisionId = row.get("division_id")?;
        let (found, through) =
            events::behind(office, &Scope::Subtree(division), &registers, after, EVENTS_MAX).await?;
        let move_on = if found.is_empty() { "sent_seq = ?" } else { "lease_until = ?" };
        if found.is_empty() && through == after {
            continue;
        }
        let sql = format!(
            "UPDATE subscription SET {move_on} WHERE id = ? AND sent_seq = ? AND state = 'active' AND lease_until <= ?"
        );
        let taken = Query::new(&DELIVERY, &store::ScopeColumns::NONE, sql)
            .bind(if found.is_empty() { through } else { now + LEASE_MS })
            .bind(id)
            .bind(after)
            .bind(now)
            .execute(office.db())
            .await?;
        if found.is_empty() || taken == 0 {
            continue;
        }
        let told: Vec<serde_json::Value> = found
            .iter()
            .map(|event| {
                json!({ "seq": event.seq, "register": event.register, "record": event.record.0, "version": event.version,
                        "deed": event.deed, "at": event.at })
            })
            .collect();
        let body =
            json!({ "subscription": id.0, "after": after, "through": through, "events": told }).to_string();
        let secret = office.keys().open(&row.get::<Vec<u8>>("secret_sealed")?)?;
        let signs: String = row.get("signs")?;
        let signs = Signs::from_code(&signs)
            .ok_or_else(|| OfficeError::Internal(format!("不认识的签名方式 {signs}")))?;
        let second = (now / 1000).to_string();
        let heads = vec![
            ("huimin-delivery", format!("{id}-{after}-{through}")),
            ("huimin-timestamp", second.clone()),
            ("huimin-signature", format!("{}={}", signs.code(), signature(signs, &secret, &second, &body))),
        ];
        let address = row.get("address")?;
        return Ok(Some(Parcel {
            subscription: id,
            address,
            heads,
            body,
            after,
            through,
            events: found.len(),
        }));
    }
    Ok(None)
}

/// HMAC of `second.body` in lower-case hexadecimal.
#[must_use]
pub fn signature(signs: Signs, secret: &str, second: &str, body: &str) -> String {
    const ANY: &str = "HMAC takes keys of any length";
    let text = format!("{second}.{body}");
    match signs {
        Signs::Sm3 => {
            let mut mac = <Hmac<Sm3> as KeyInit>::new_from_slice(secret.as_bytes()).expect(ANY);
            mac.update(text.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        }
        Signs::Sha256 => {
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).expect(ANY);
            mac.update(text.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        }
    }
}

/// How long is waited after so many failures in a row, milliseconds.
fn wait(tries: i64) -> i64 {
    let doubled = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or(0);
    WAIT_FIRST_MS.saturating_mul(2_i64.saturating_pow(doubled)).min(WAIT_MAX_MS)
}

/// Writes what came of an attempt: the next events are due, or the same again later, or it is given up.
///
/// # Errors
/// The database's.
pub async fn settle(office: &Office, parcel: &Parcel, outcome: &Outcome) -> Result<(), OfficeError> {
    let now = office.now().at_ms();
    let tx = office.db().begin().await?;
    let problem =
        outcome.problem.as_ref().map(|problem| problem.chars().take(PROBLEM_MAX).collect::<String>());
    Query::new(
        &DELIVERY,
        &store::ScopeColumns::NONE,
        "INSERT INTO subscription_delivery (subscription_id, after_seq, through_seq, events, at, took_ms, status, problem) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(parcel.subscription)
    .bind(parcel.after)
    .bind(parcel.through)
    .bind(parcel.events)
    .bind(now)
    .bind(outcome.took_ms)
    .bind(outcome.status.map(i64::from))
    .bind(problem)
    .execute(&tx)
    .await?;
    // Whoever began again elsewhere meanwhile is not moved; only the lease ends.
    let row = Query::new(
        &DELIVERY,
        &store::ScopeColumns::NONE,
        "SELECT s.tries, s.failing_since, s.sent_seq, s.division_id, s.state FROM subscription s WHERE s.id = ?",
    )
    .bind(parcel.subscription)
    .one(&tx)
    .await?;
    let untouched = row.get::<i64>("sent_seq")? == parcel.after;
    let state: String = row.get("state")?;
    let change = |set: &str| {
        let sql = format!("UPDATE subscription SET lease_until = 0{set} WHERE id = ?");
        Query::new(&DELIVERY, &store::ScopeColumns::NONE, sql)
    };
    let mut given_up = false;
    let query = if !untouched {
        change("")
    } else if outcome.arrived() {
        change(", sent_seq = ?, tries = 0, failing_since = NULL, next_at = ?").bind(parcel.through).bind(now)
    } else {
        let tries = row.get::<i64>("tries")? + 1;
        let since = row.get::<Option<i64>>("failing_since")?.unwrap_or(now);
        given_up = state == "active" && now - since >= GIVEN_UP_MS;
        let dead = if given_up { ", state = 'dead'" } else { "" };
        change(&format!(", tries = ?, failing_since = ?, next_at = ?{dead}"))
            .bind(tries)
            .bind(since)
            .bind(now + wait(tries))
    };
    query.bind(parcel.subscription).execute(&tx).await?;
    if given_up {
        tx.audit(AuditEntry {
            division: Some(row.get("division_id")?),
            details: json!({ "after": parcel.after }),
            ..audited(
                now,
                AuditActor::default(),
                "subscription.given_up",
                ("subscription", parcel.subscription.0),
            )
        })
        .await?;
    }
    Ok(tx.commit().await?)
}

/// Forgets attempts that are older than the log is kept.
///
/// # Errors
/// The database's.
pub async fn forget(office: &Office) -> Result<u64, OfficeError> {
    let before = office.now().at_ms() - KEPT_MS;
    let sql = "DELETE FROM subscription_delivery WHERE at < ?";
    Ok(Query::new(&DELIVERY, &store::ScopeColumns::NONE, sql).bind(before).execute(office.db()).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits: Vec<i64> = [1, 2, 3, 7, 8, 1000].map(wait).to_vec();
        assert_eq!(waits, [30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000]);
    }

    /// `printf '1767225600.{}' | openssl dgst -sm3 -hmac 0123456789abcdef`, and the same with `-sha256`.
    #[test]
    fn signatures_are_what_others_reckon() {
        let of = |signs| signature(signs, "0123456789abcdef", "1767225600", "{}");
        assert_eq!(of(Signs::Sha256), "99902517b3069f78750aa0520b0493482454c2d30a579c7acc839f3363ca1b88");
        assert_eq!(of(Signs::Sm3), "89ea6f51446a6e4123971020880c4a16666152abae9a2192e889abb5ad8ec59f");
    }
}

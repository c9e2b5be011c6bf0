//! One-time codes that let a citizen in: printed on the paper receipt of a filing or handed over face to face.

use store::{AuditEntry, PersonId, Query, Scope, ScopeColumns, Tx};

use super::actor::Granted;
use super::password::{self, Secret};
use super::rights::FileForOther;
use super::settings::AccessSettings;
use crate::people::PERSON_COLUMNS;
use crate::{Office, OfficeError, audited};

/// How a code reaches the citizen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeChannel {
    /// Printed on a receipt.
    Paper,
    /// Said or shown at a window or in the village, the citizen's papers seen.
    Face,
}

impl CodeChannel {
    fn code(self) -> &'static str {
        match self {
            CodeChannel::Paper => "paper",
            CodeChannel::Face => "face",
        }
    }
}

/// A code just issued; it cannot be read again.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// Eight digits.
    pub code: Secret,
    /// Good until, unix milliseconds.
    pub expires_at: i64,
}

/// Issues a code to a person of one's scope. The person's earlier unused codes stop working.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope or for the dead.
pub async fn issue_citizen_code(
    office: &Office,
    actor: &Granted<FileForOther>,
    person: PersonId,
    channel: CodeChannel,
) -> Result<IssuedCode, OfficeError> {
    let tx = office.db().begin().await?;
    let issued = issue_citizen_code_in(office, &tx, actor, person, channel).await?;
    tx.commit().await?;
    Ok(issued)
}

/// As [`issue_citizen_code`], inside a transaction.
///
/// # Errors
/// As [`issue_citizen_code`].
pub async fn issue_citizen_code_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<FileForOther>,
    person: PersonId,
    channel: CodeChannel,
) -> Result<IssuedCode, OfficeError> {
    const CODES: Scope = Scope::System("codes are unique over all persons");
    let at = office.now().at_ms();
    let settings = AccessSettings::load(tx).await?;
    let row = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT p.residence_division_id FROM person p WHERE {scope} AND p.id = ? AND p.died_on IS NULL",
    )
    .bind(person)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这个人"))?;
    Query::new(
        &CODES,
        &ScopeColumns::NONE,
        "UPDATE citizen_code SET expires_at = ? WHERE person_id = ? AND used_at IS NULL AND expires_at > ?",
    )
    .bind(at)
    .bind(person)
    .bind(at)
    .execute(tx)
    .await?;
    let expires_at = at
        + match channel {
            CodeChannel::Paper => settings.paper_code_days * 86_400_000,
            CodeChannel::Face => settings.face_code_hours * 3_600_000,
        };
    // Two equal codes among a hundred million are rare; a third try never happens in practice.
    for _ in 0..8 {
        let code = password::citizen_code()?;
        let inserted = Query::new(
            &CODES,
            &ScopeColumns::NONE,
            "INSERT INTO citizen_code (code_blind, person_id, channel, issued_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT (code_blind) DO NOTHING",
        )
        .bind(office.keys().blind("citizen_code", code.reveal()))
        .bind(person)
        .bind(channel.code())
        .bind(actor.staff)
        .bind(at)
        .bind(expires_at)
        .execute(tx)
        .await?;
        if inserted == 1 {
            tx.audit(AuditEntry {
                division: Some(row.get("residence_division_id")?),
                details: serde_json::json!({ "channel": channel.code() }),
                ..audited(at, actor.audit(), "citizen_code.issued", ("person", person.0))
            })
            .await?;
            return Ok(IssuedCode { code, expires_at });
        }
    }
    Err(OfficeError::Internal("验证码发放：多次重复".to_owned()))
}

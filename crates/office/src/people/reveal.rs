//! A number in full: for a stated purpose, written into the audit before it is shown.

use store::{AuditEntry, PersonId, Query, Zeroizing};

use super::{BankAccountId, PERSON_COLUMNS, sealing};
use crate::access::{Actor, Granted, Reveal};
use crate::{Office, OfficeError, audited};

/// A person's identifiers in full.
#[derive(Debug)]
pub struct Revealed {
    /// Citizen ID.
    pub citizen_id: Zeroizing<String>,
    /// Phone.
    pub phone: Option<Zeroizing<String>>,
}

fn stated(purpose: &str) -> Result<String, OfficeError> {
    let purpose = purpose.trim();
    if (4..=200).contains(&purpose.chars().count()) {
        Ok(purpose.to_owned())
    } else {
        Err(OfficeError::invalid(
            "purpose",
            "请写明查看完整信息的用途（4至200字），用途会记入审计并可由本人查询。",
        ))
    }
}

/// A person's citizen ID and phone in full.
///
/// # Errors
/// [`OfficeError::Invalid`] without a purpose; [`OfficeError::NotFound`] outside the scope.
pub async fn reveal_person(
    office: &Office,
    actor: &Granted<Reveal>,
    person: PersonId,
    purpose: &str,
) -> Result<Revealed, OfficeError> {
    let purpose = stated(purpose)?;
    let row = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT p.citizen_id_sealed, p.phone_sealed, p.residence_division_id FROM person p WHERE {scope} AND p.id = ?",
    )
    .bind(person)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这个人"))?;
    note(office, actor, person, &row, purpose, "person.revealed").await?;
    let phone: Option<Vec<u8>> = row.get("phone_sealed")?;
    Ok(Revealed {
        citizen_id: Zeroizing::new(
            sealing::open_citizen_id(office.keys(), &row.get::<Vec<u8>>("citizen_id_sealed")?)?
                .expose()
                .to_owned(),
        ),
        phone: match phone {
            Some(sealed) => {
                Some(Zeroizing::new(sealing::open_phone(office.keys(), &sealed)?.expose().to_owned()))
            }
            None => None,
        },
    })
}

/// A bank account's number in full.
///
/// # Errors
/// As [`reveal_person`].
pub async fn reveal_account(
    office: &Office,
    actor: &Granted<Reveal>,
    account: BankAccountId,
    purpose: &str,
) -> Result<Zeroizing<String>, OfficeError> {
    let purpose = stated(purpose)?;
    let row = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT b.number_sealed, b.person_id, p.residence_division_id FROM bank_account b JOIN person p ON p.id = b.person_id \
         WHERE {scope} AND b.id = ?",
    )
    .bind(account)
    .optional(office.db())
    .await?
    .ok_or(OfficeError::NotFound("这个账户"))?;
    note(office, actor, row.get("person_id")?, &row, purpose, "account.revealed").await?;
    Ok(Zeroizing::new(
        sealing::open_account(office.keys(), &row.get::<Vec<u8>>("number_sealed")?)?.expose().to_owned(),
    ))
}

async fn note(
    office: &Office,
    actor: &Actor,
    person: PersonId,
    row: &store::Row,
    purpose: String,
    action: &'static str,
) -> Result<(), OfficeError> {
    let entry = AuditEntry {
        division: Some(row.get("residence_division_id")?),
        purpose: Some(purpose),
        ..audited(office.now().at_ms(), actor.audit(), action, ("person", person.0))
    };
    Ok(office.db().audit_read(entry).await?)
}

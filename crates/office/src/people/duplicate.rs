//! Who may be the same person, or shares a number they should not share: flagged by the machine, settled by a person.
//!
//! Flags are found over all divisions. Where the other side lies outside the reader's scope it is said, not shown.

use std::collections::HashMap;

use store::{AuditEntry, Cursor, Page, PersonId, Query, Tx};

use super::{DuplicateId, PERSON_COLUMNS, person};
use crate::access::{Granted, ReadPeople, RegisterPeople};
use crate::{Office, OfficeError, audited};

/// Why two records look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateReason {
    /// 同名同出生日期
    SameNameAndBirth,
    /// 同一电话
    SamePhone,
    /// 同一银行账号
    SameAccount,
}

impl DuplicateReason {
    fn code(self) -> &'static str {
        match self {
            DuplicateReason::SameNameAndBirth => "same_name_and_birth",
            DuplicateReason::SamePhone => "same_phone",
            DuplicateReason::SameAccount => "same_account",
        }
    }

    fn from_code(code: &str) -> DuplicateReason {
        match code {
            "same_phone" => DuplicateReason::SamePhone,
            "same_account" => DuplicateReason::SameAccount,
            _ => DuplicateReason::SameNameAndBirth,
        }
    }

    /// The Chinese name.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            DuplicateReason::SameNameAndBirth => "姓名和出生日期相同",
            DuplicateReason::SamePhone => "联系电话相同",
            DuplicateReason::SameAccount => "银行账号相同",
        }
    }
}

/// A suspected duplicate, seen from a person of one's scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateView {
    /// The flag.
    pub id: DuplicateId,
    /// The person of one's scope.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The other, when they lie in the scope too; `None` means 他处登记.
    pub other: Option<(PersonId, String)>,
    /// Why.
    pub reason: DuplicateReason,
    /// Since, unix milliseconds.
    pub found_at: i64,
}

const EVERYBODY: &str = "duplicates are looked for over all divisions";

/// More than this many sharing one phone or name and birthday is a flood, not a hint.
const OTHERS_MAX: u32 = 5;

/// Flags who shares name and day of birth, or the phone, with a person. Phones shared inside a family are no hint.
pub(super) async fn flag_person(tx: &Tx, person: PersonId, at: i64) -> Result<(), OfficeError> {
    let twins: Vec<PersonId> = Query::system(
        EVERYBODY,
        "SELECT o.id FROM person p JOIN person o ON o.name = p.name AND o.born_on = p.born_on AND o.id <> p.id AND o.merged_into IS NULL WHERE p.id = ? LIMIT ?",
    )
    .bind(person)
    .bind(OTHERS_MAX)
    .scalars(tx)
    .await?;
    flag_all(tx, person, &twins, DuplicateReason::SameNameAndBirth, at).await?;
    let sharers: Vec<PersonId> = Query::system(
        EVERYBODY,
        "SELECT o.id FROM person p JOIN person o ON o.phone_blind = p.phone_blind AND o.id <> p.id AND o.merged_into IS NULL WHERE p.id = ? \
         AND NOT EXISTS (SELECT 1 FROM membership a JOIN membership b ON b.household_id = a.household_id WHERE a.person_id = p.id \
         AND b.person_id = o.id AND a.until_on IS NULL AND a.superseded_at IS NULL AND b.until_on IS NULL AND b.superseded_at IS NULL) LIMIT ?",
    )
    .bind(person)
    .bind(OTHERS_MAX)
    .scalars(tx)
    .await?;
    flag_all(tx, person, &sharers, DuplicateReason::SamePhone, at).await
}

/// As [`flag_person`], for many at once.
pub(super) async fn flag_people(tx: &Tx, people: &[PersonId], at: i64) -> Result<(), OfficeError> {
    for people in people.chunks(1000) {
        for (on, reason) in [
            ("o.name = p.name AND o.born_on = p.born_on", DuplicateReason::SameNameAndBirth),
            ("o.phone_blind = p.phone_blind", DuplicateReason::SamePhone),
        ] {
            let apart = match reason {
                DuplicateReason::SameNameAndBirth => "",
                DuplicateReason::SamePhone | DuplicateReason::SameAccount => {
                    " AND NOT EXISTS (SELECT 1 FROM membership a JOIN membership b ON b.household_id = a.household_id \
                     WHERE a.person_id = p.id AND b.person_id = o.id AND a.until_on IS NULL AND a.superseded_at IS NULL \
                     AND b.until_on IS NULL AND b.superseded_at IS NULL)"
                }
            };
            let sql = format!(
                "SELECT p.id, o.id AS other_id FROM person p JOIN person o ON {on} AND o.id <> p.id AND o.merged_into IS NULL \
                 WHERE p.id IN ({{list}}){apart} ORDER BY p.id, o.id LIMIT 10000"
            );
            let pairs = Query::system(EVERYBODY, sql).bind_list(people.iter().copied()).all(tx).await?;
            let (mut last, mut flagged) = (None, 0);
            for pair in &pairs {
                let person: PersonId = pair.get("id")?;
                flagged = if last == Some(person) { flagged + 1 } else { 1 };
                last = Some(person);
                if flagged <= OTHERS_MAX {
                    flag_all(tx, person, &[pair.get("other_id")?], reason, at).await?;
                }
            }
        }
    }
    Ok(())
}

/// Flags who else has an account of this number.
pub(super) async fn flag_account(tx: &Tx, person: PersonId, blind: &str, at: i64) -> Result<(), OfficeError> {
    let sharers: Vec<PersonId> = Query::system(
        EVERYBODY,
        "SELECT b.person_id FROM bank_account b JOIN person p ON p.id = b.person_id AND p.merged_into IS NULL \
         WHERE b.number_blind = ? AND b.person_id <> ? LIMIT ?",
    )
    .bind(blind)
    .bind(person)
    .bind(OTHERS_MAX)
    .scalars(tx)
    .await?;
    flag_all(tx, person, &sharers, DuplicateReason::SameAccount, at).await
}

async fn flag_all(
    tx: &Tx,
    person: PersonId,
    others: &[PersonId],
    reason: DuplicateReason,
    at: i64,
) -> Result<(), OfficeError> {
    for &other in others {
        Query::system(
            EVERYBODY,
            "INSERT INTO duplicate_flag (person_id, other_person_id, reason, found_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (person_id, other_person_id, reason) DO NOTHING",
        )
        .bind(person.min(other))
        .bind(person.max(other))
        .bind(reason.code())
        .bind(at)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Open flags about persons of one's scope, oldest first. Phones and accounts shared inside one family are left out.
///
/// # Errors
/// The database.
pub async fn duplicates(
    office: &Office,
    actor: &Granted<ReadPeople>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<DuplicateView>, OfficeError> {
    // Each flag is read from both sides; a flag whose sides are both in scope shows once, from the lower id.
    let page = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT k.id, k.reason, k.found_at, p.id AS person_id, p.name, k.other_id FROM ( \
         SELECT f.id, f.reason, f.found_at, f.person_id AS one_id, f.other_person_id AS other_id, 0 AS side FROM duplicate_flag f \
         WHERE f.settled_at IS NULL UNION ALL SELECT f.id, f.reason, f.found_at, f.other_person_id, f.person_id, 1 FROM duplicate_flag f \
         WHERE f.settled_at IS NULL) k JOIN person p ON p.id = k.one_id WHERE {scope} AND {after} \
         AND NOT (k.side = 1 AND EXISTS (SELECT 1 FROM person p WHERE {scope} AND p.id = k.other_id)) AND NOT (k.reason <> 'same_name_and_birth' \
         AND EXISTS (SELECT 1 FROM membership a JOIN membership b ON b.household_id = a.household_id WHERE a.person_id = k.one_id \
         AND b.person_id = k.other_id AND a.until_on IS NULL AND a.superseded_at IS NULL AND b.until_on IS NULL \
         AND b.superseded_at IS NULL)) ORDER BY k.id LIMIT ?",
    )
    .after(&["k.id"], cursor)
    .page(
        office.db(),
        size,
        |row| {
            Ok(DuplicateView {
                id: row.get("id")?,
                person: row.get("person_id")?,
                name: row.get("name")?,
                other: Some((row.get("other_id")?, String::new())),
                reason: DuplicateReason::from_code(&row.get::<String>("reason")?),
                found_at: row.get("found_at")?,
            })
        },
        |view| Cursor::new().integer(view.id),
    )
    .await?;
    let Page { mut rows, next } = page;
    show_others(office, actor, &mut rows).await?;
    Ok(Page { rows, next })
}

/// Open flags of one person of the scope, from whichever side.
///
/// # Errors
/// The database.
pub async fn duplicates_of(
    office: &Office,
    actor: &Granted<ReadPeople>,
    subject: PersonId,
) -> Result<Vec<DuplicateView>, OfficeError> {
    let rows = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT f.id, f.reason, f.found_at, p.name, CASE WHEN f.person_id = p.id THEN f.other_person_id ELSE f.person_id END AS other_id \
         FROM person p JOIN duplicate_flag f ON (f.person_id = p.id OR f.other_person_id = p.id) WHERE {scope} AND p.id = ? \
         AND f.settled_at IS NULL ORDER BY f.id LIMIT 50",
    )
    .bind(subject)
    .all(office.db())
    .await?;
    let mut views = Vec::with_capacity(rows.len());
    for row in rows {
        views.push(DuplicateView {
            id: row.get("id")?,
            person: subject,
            name: row.get("name")?,
            other: Some((row.get("other_id")?, String::new())),
            reason: DuplicateReason::from_code(&row.get::<String>("reason")?),
            found_at: row.get("found_at")?,
        });
    }
    show_others(office, actor, &mut views).await?;
    Ok(views)
}

/// Names the other sides that lie in the reader's scope, all in one statement; those elsewhere are taken away.
async fn show_others(
    office: &Office,
    actor: &Granted<ReadPeople>,
    views: &mut [DuplicateView],
) -> Result<(), OfficeError> {
    let others: Vec<PersonId> =
        views.iter().filter_map(|view| view.other.as_ref().map(|(other, _)| *other)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let seen: Vec<(PersonId, String)> = Query::new(
        &actor.scope(),
        &PERSON_COLUMNS,
        "SELECT p.id, p.name FROM person p WHERE {scope} AND p.id IN ({list})",
    )
    .bind_list(others)
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get("name")?)))
    .await?;
    let seen: HashMap<PersonId, String> = seen.into_iter().collect();
    for view in views {
        view.other =
            view.other.take().and_then(|(other, _)| seen.get(&other).map(|name| (other, name.clone())));
    }
    Ok(())
}

/// Settles a flag: two persons after all, or one record to be given up, with what was found. Both must lie in the scope;
/// otherwise the county does it.
///
/// # Errors
/// [`OfficeError::NotFound`]; [`OfficeError::Invalid`] without a finding.
pub async fn settle_duplicate(
    office: &Office,
    actor: &Granted<RegisterPeople>,
    flag: DuplicateId,
    finding: &str,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let row = Query::system(
        EVERYBODY,
        "SELECT f.person_id, f.other_person_id FROM duplicate_flag f WHERE f.id = ? AND f.settled_at IS NULL",
    )
    .bind(flag)
    .optional(&tx)
    .await?
    .ok_or(OfficeError::NotFound("这条疑似重复"))?;
    let (one, other): (PersonId, PersonId) = (row.get("person_id")?, row.get("other_person_id")?);
    for side in [one, other] {
        if !person::is_visible(&tx, &actor.scope(), side).await? {
            return Err(OfficeError::NotFound("这条疑似重复"));
        }
    }
    // What is wrong with the form is said only to whom the flag is shown.
    if finding.trim().is_empty() {
        return Err(OfficeError::invalid("finding", "请填写核实结果。"));
    }
    Query::system(
        EVERYBODY,
        "UPDATE duplicate_flag SET settled_at = ?, settled_by = ?, settlement = ? WHERE id = ?",
    )
    .bind(at)
    .bind(actor.staff)
    .bind(finding.trim())
    .bind(flag)
    .execute_one(&tx)
    .await?;
    tx.audit(AuditEntry {
        division: Some(actor.division),
        details: serde_json::json!({ "persons": [one.0, other.0], "finding": finding }),
        ..audited(at, actor.audit(), "duplicate.settled", ("duplicate_flag", flag.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

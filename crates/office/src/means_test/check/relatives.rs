//! Those outside the family who by law support one of its members (赡养、抚养、扶养义务人): why they are asked, and their own consent
//! (社会救助法 art. 41). Without it the database takes no question about them.

use chrono::NaiveDate;
use serde_json::json;
use store::{AuditEntry, CaseId, Connection, PersonId, Query, Scope};
use vocab::{CitizenId, PersonName};

use super::super::authorisation;
use super::super::{Method, NewAuthorisation};
use super::{CHECK, RelativeId, asked_about, checked};
use crate::access::{FileForOther, Granted};
use crate::casework::{self, AttachmentId};
use crate::error::Problems;
use crate::people::{self, NewPerson};
use crate::{Office, OfficeError, audited, business};

const RELATIVE: Scope = Scope::System("somebody who supports a member of a family that the caller may see");

/// What a relative signed.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The scan of the signed paper, uploaded by the officer.
    pub scan: AttachmentId,
    /// When it was signed.
    pub signed_on: NaiveDate,
}

/// A relative to be recorded.
#[derive(Debug, Clone)]
pub struct NewRelative {
    /// Name as on the citizen card.
    pub name: String,
    /// Identity number.
    pub citizen_id: String,
    /// `parents` (赡养), `children` (抚养) or `spouse` (扶养).
    pub duty: String,
    /// Why they must be asked.
    pub reason: String,
    /// Their consent, when they have given it.
    pub consent: Option<Consent>,
}

/// A relative as desks read one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeView {
    /// The row.
    pub id: RelativeId,
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The duty, in words.
    pub duty: String,
    /// Why they must be asked.
    pub reason: String,
    /// Their consent holds today.
    pub consented: bool,
}

/// The duty in words.
fn duty_title(code: &str) -> &'static str {
    match code {
        "parents" => "赡养义务人",
        "children" => "抚养义务人",
        _ => "扶养义务人",
    }
}

/// Records a relative of a case and, when it is there, their consent. Recorded again with a consent, the consent is added.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong; [`OfficeError::NotFound`] outside the scope.
pub async fn record_relative(
    office: &Office,
    actor: &Granted<FileForOther>,
    case: CaseId,
    new: &NewRelative,
) -> Result<RelativeId, OfficeError> {
    let NewRelative { name, citizen_id, duty, reason, consent } = new;
    let mut problems = Problems::default();
    let name: Option<PersonName> = problems.keep("name", name.trim().parse::<PersonName>());
    let citizen_id: Option<CitizenId> = problems.keep("citizen_id", citizen_id.trim().parse::<CitizenId>());
    if !["parents", "children", "spouse"].contains(&duty.as_str()) {
        problems.add("duty", "请选择是哪一种义务人。");
    }
    let reason = reason.trim();
    if reason.is_empty() {
        problems.add("reason", "请写明为什么必须核对这个人。");
    }
    problems.none_or_refuse()?;
    let (Some(name), Some(citizen_id)) = (name, citizen_id) else {
        return Err(OfficeError::Internal("读过的姓名和号码".to_owned()));
    };
    let now = office.now();
    let tx = office.db().begin().await?;
    business::demand_case(office, &tx, actor, case).await?;
    let checked = checked(&tx, &actor.scope(), case).await?;
    let new_person =
        NewPerson { name: name.clone(), citizen_id, phone: None, division: checked.county, residence: None };
    let person = people::register_person_in(office, &tx, &RELATIVE, &actor.audit(), &new_person, now.at_ms())
        .await?
        .person();
    let known: String =
        Query::system(CHECK, "SELECT name FROM person WHERE id = ?").bind(person).scalar(&tx).await?;
    if known != name.as_str() {
        return Err(OfficeError::invalid("name", "姓名和身份证号码对不上，请对照身份证核对。"));
    }
    if asked_about(&tx, &checked)
        .await?
        .iter()
        .any(|asked| asked.person == person && asked.relative.is_none())
    {
        return Err(OfficeError::invalid("citizen_id", "这个人是共同生活的家庭成员，不用另外登记。"));
    }
    let standing: Option<RelativeId> =
        Query::system(CHECK, "SELECT id FROM check_relative WHERE case_id = ? AND person_id = ?")
            .bind(case)
            .bind(person)
            .optional_as(&tx, |row| row.get("id"))
            .await?;
    let id = match standing {
        Some(id) => id,
        None => RelativeId(
            Query::system(
                CHECK,
                "INSERT INTO check_relative (case_id, person_id, duty, reason, recorded_by, recorded_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
            )
            .bind(case)
            .bind(person)
            .bind(duty.as_str())
            .bind(reason)
            .bind(actor.staff)
            .bind(now.at_ms())
            .insert(&tx)
            .await?,
        ),
    };
    if let Some(Consent { scan, signed_on }) = consent {
        let owner = format!("staff:{}", actor.staff);
        casework::attachments::tie(&tx, &owner, &[*scan], case).await?;
        let new = NewAuthorisation {
            person,
            datasets: None,
            method: Method::Scan,
            attachment: Some(scan.0),
            guardian: None,
            signed_on: *signed_on,
            expires_on: None,
            case: Some(case),
        };
        authorisation::insert(office, &tx, &RELATIVE, &actor.audit(), &new, now).await?;
    }
    tx.audit(AuditEntry {
        case: Some(case),
        division: Some(checked.county),
        purpose: Some(reason.to_owned()),
        details: json!({ "duty": duty, "consented": consent.is_some() }),
        ..audited(now.at_ms(), actor.audit(), "means_test.relative_recorded", ("person", person.0))
    })
    .await?;
    tx.commit().await?;
    Ok(id)
}

/// The relatives of a case that the caller may see.
pub(super) async fn of_case(
    connection: &impl Connection,
    case: CaseId,
    today: NaiveDate,
) -> Result<Vec<RelativeView>, OfficeError> {
    Ok(Query::system(
        CHECK,
        "SELECT r.id, r.person_id, p.name, r.duty, r.reason, EXISTS (SELECT 1 FROM authorisation a WHERE a.person_id = r.person_id \
         AND a.revoked_at IS NULL AND a.signed_on <= ? AND (a.expires_on IS NULL OR a.expires_on >= ?)) AS consented \
         FROM check_relative r JOIN person p ON p.id = r.person_id WHERE r.case_id = ? ORDER BY r.id",
    )
    .bind(today)
    .bind(today)
    .bind(case)
    .all_as(connection, |row| {
        Ok(RelativeView {
            id: row.get("id")?,
            person: row.get("person_id")?,
            name: row.get("name")?,
            duty: duty_title(&row.get::<String>("duty")?).to_owned(),
            reason: row.get("reason")?,
            consented: row.get("consented")?,
        })
    })
    .await?)
}

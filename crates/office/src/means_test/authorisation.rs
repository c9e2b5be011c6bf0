//! Consent: who signed what for whom, until when, and its withdrawal.

use catalogue::Release;
use catalogue::definition::Scalar;
use chrono::{Months, NaiveDate};
use store::{AuditActor, AuditEntry, CaseId, Connection, HouseholdId, PersonId, Query, Scope, Tx};
use vocab::{Now, full_years};

use super::{AuthorisationId, EXPIRY_PARAMETER};
use crate::access::{Citizen, FileForOther, Granted};
use crate::forms::FormValue;
use crate::people::PERSON_COLUMNS;
use crate::{Office, OfficeError, audited};

/// Full age, 民法典 art. 17. Below it a guardian signs.
const FULL_AGE: u32 = 18;

/// How it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// An electronic statement, accepted while signed in.
    Statement,
    /// A signature drawn on the screen.
    Signature,
    /// A signed paper form, scanned.
    Scan,
}

impl Method {
    fn code(self) -> &'static str {
        match self {
            Method::Statement => "statement",
            Method::Signature => "signature",
            Method::Scan => "scan",
        }
    }

    /// As pages show it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Method::Statement => "电子声明",
            Method::Signature => "手写签名",
            Method::Scan => "纸质授权书扫描件",
        }
    }

    fn read(code: &str) -> Result<Method, OfficeError> {
        match code {
            "statement" => Ok(Method::Statement),
            "signature" => Ok(Method::Signature),
            "scan" => Ok(Method::Scan),
            other => Err(OfficeError::Internal(format!("授权方式 {other} 无法识别"))),
        }
    }
}

/// A consent to be recorded.
#[derive(Debug, Clone)]
pub struct NewAuthorisation {
    /// Who is asked about.
    pub person: PersonId,
    /// Data sets that may be asked; `None` is all of them.
    pub datasets: Option<Vec<String>>,
    /// How it was signed.
    pub method: Method,
    /// The scan or signature.
    pub attachment: Option<i64>,
    /// Who signed for a minor.
    pub guardian: Option<PersonId>,
    /// The day of the signature.
    pub signed_on: NaiveDate,
    /// The last day; by the parameter of the place if none.
    pub expires_on: Option<NaiveDate>,
    /// The case it was signed for.
    pub case: Option<CaseId>,
}

/// A consent as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorisationView {
    /// The row.
    pub id: AuthorisationId,
    /// Who is asked about.
    pub person: PersonId,
    /// Titles of the data sets.
    pub datasets: Vec<String>,
    /// How it was signed.
    pub method: Method,
    /// The scan or signature.
    pub attachment: Option<i64>,
    /// Who signed for a minor.
    pub guardian: Option<PersonId>,
    /// The day of the signature.
    pub signed_on: NaiveDate,
    /// The last day.
    pub expires_on: Option<NaiveDate>,
    /// Withdrawn, unix milliseconds.
    pub revoked_at: Option<i64>,
    /// Holds today.
    pub in_force: bool,
}

/// Records a signed paper authorisation.
///
/// # Errors
/// [`OfficeError::Invalid`] with everything that is wrong; [`OfficeError::NotFound`] outside the scope.
pub async fn authorise(
    office: &Office,
    actor: &Granted<FileForOther>,
    new: &NewAuthorisation,
) -> Result<AuthorisationId, OfficeError> {
    let tx = office.db().begin().await?;
    let id = insert(office, &tx, &actor.scope(), &actor.audit(), new, office.now()).await?;
    tx.commit().await?;
    Ok(id)
}

/// Records the authorisation that a form of a case holds: an accepted statement or a signature. For a minor the applicant
/// of the case signs as guardian, for the applicant who is a minor nobody can.
///
/// # Errors
/// As [`authorise`].
pub async fn authorise_in(
    office: &Office,
    tx: &Tx,
    person: PersonId,
    case: CaseId,
    signed: &FormValue,
    now: Now,
) -> Result<AuthorisationId, OfficeError> {
    let (method, attachment) = match signed {
        FormValue::Accepted | FormValue::YesNo(true) => (Method::Statement, None),
        FormValue::Files(files) => match files.first().map(|id| id.parse::<i64>()) {
            Some(Ok(id)) => (Method::Signature, Some(id)),
            _ => return Err(OfficeError::invalid("authorisation", "请在授权书上签名。")),
        },
        _ => return Err(OfficeError::invalid("authorisation", "请签署家庭经济状况核对授权书。")),
    };
    const FILED: Scope = Scope::System("the members of an application that is being filed");
    let row = Query::system(
        "the members of an application that is being filed",
        "SELECT c.applicant_person_id, p.born_on FROM case_file c JOIN person p ON p.id = ? WHERE c.id = ?",
    )
    .bind(person)
    .bind(case)
    .one(tx)
    .await?;
    let applicant: PersonId = row.get("applicant_person_id")?;
    let minor = full_years(row.get("born_on")?, now.today()) < FULL_AGE;
    let new = NewAuthorisation {
        person,
        datasets: None,
        method,
        attachment,
        guardian: (minor && applicant != person).then_some(applicant),
        signed_on: now.today(),
        expires_on: None,
        case: Some(case),
    };
    insert(office, tx, &FILED, &AuditActor { person: Some(applicant), ..AuditActor::default() }, &new, now)
        .await
}

pub(super) async fn insert(
    office: &Office,
    tx: &Tx,
    scope: &Scope,
    who: &AuditActor,
    new: &NewAuthorisation,
    now: Now,
) -> Result<AuthorisationId, OfficeError> {
    let NewAuthorisation { person, datasets, method, attachment, guardian, signed_on, expires_on, case } =
        new;
    let release = office.release();
    let row = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT p.born_on, p.division_id, d.code FROM person p JOIN division d ON d.id = p.division_id WHERE {scope} AND p.id = ?",
    )
    .bind(*person)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这个人"))?;
    let all: Vec<String> = release.datasets.iter().map(|dataset| dataset.id.get().clone()).collect();
    let datasets = datasets.clone().unwrap_or_else(|| all.clone());
    let mut problems = crate::error::Problems::default();
    if datasets.is_empty() {
        problems.add("datasets", "请至少选择一项授权查询的内容。");
    }
    for dataset in datasets.iter().filter(|dataset| !all.contains(dataset)) {
        problems.add("datasets", format!("没有「{dataset}」这项核对数据，请重新选择。"));
    }
    if *signed_on > now.today() {
        problems.add("signed_on", "签署日期不能晚于今天。");
    }
    if *method != Method::Statement && attachment.is_none() {
        problems.add("attachment", "请上传签名或授权书的扫描件。");
    }
    let minor = full_years(row.get("born_on")?, *signed_on) < FULL_AGE;
    match guardian {
        None if minor => problems.add("guardian", "未成年人的授权由监护人签署，请填写监护人。"),
        Some(_) if !minor => problems.add("guardian", "成年人须由本人签署授权。"),
        _ => {}
    }
    let expires_on = match expires_on {
        Some(day) => Some(*day),
        None => default_expiry(&release, &row.get::<String>("code")?, *signed_on)?,
    };
    if expires_on.is_some_and(|day| day < *signed_on) {
        problems.add("expires_on", "授权截止日期不能早于签署日期。");
    }
    problems.none_or_refuse()?;
    let id = Query::new(
        scope,
        &PERSON_COLUMNS,
        "INSERT INTO authorisation (person_id, case_id, method, attachment_id, guardian_person_id, whole, signed_on, expires_on, \
         recorded_by, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(*person)
    .bind(*case)
    .bind(method.code())
    .bind(*attachment)
    .bind(*guardian)
    .bind(all.iter().all(|dataset| datasets.contains(dataset)))
    .bind(*signed_on)
    .bind(expires_on)
    .bind(who.staff)
    .bind(now.at_ms())
    .insert(tx)
    .await?;
    // Collected: an iterator over borrowed names held across the await would keep handlers that call this from being `Send`.
    let rows: Vec<_> = datasets.iter().map(|dataset| store::values![id, *person, dataset.as_str()]).collect();
    store::insert_many(
        scope,
        tx,
        "authorisation_dataset",
        &["authorisation_id", "person_id", "dataset"],
        rows,
    )
    .await?;
    tx.audit(AuditEntry {
        case: *case,
        division: Some(row.get("division_id")?),
        details: serde_json::json!({ "authorisation": id, "datasets": datasets, "method": method.code(), "expires_on": expires_on }),
        ..audited(now.at_ms(), who.clone(), "means_test.authorised", ("person", person.0))
    })
    .await?;
    Ok(AuthorisationId(id))
}

fn default_expiry(
    release: &Release,
    division: &str,
    signed_on: NaiveDate,
) -> Result<Option<NaiveDate>, OfficeError> {
    let Some(value) = release.parameter(EXPIRY_PARAMETER, division, signed_on) else { return Ok(None) };
    let months = match value.value {
        Scalar::Number(number) => number.as_integer().and_then(|months| u32::try_from(months).ok()),
        _ => None,
    };
    let months = months.ok_or_else(|| OfficeError::Internal(format!("参数 {EXPIRY_PARAMETER} 不是月数")))?;
    Ok(signed_on.checked_add_months(Months::new(months)))
}

/// Whether every present member of a family has authorised everything that may be asked, for a day.
///
/// # Errors
/// The database's.
pub async fn all_authorised(
    connection: &impl Connection,
    household: HouseholdId,
    on: NaiveDate,
) -> Result<bool, OfficeError> {
    let row = Query::system(
        "a guard of a case that the caller may see",
        "SELECT COUNT(*) AS members, COUNT(CASE WHEN EXISTS (SELECT 1 FROM authorisation a WHERE a.person_id = m.person_id \
         AND a.whole AND a.revoked_at IS NULL AND a.signed_on <= ? AND (a.expires_on IS NULL OR a.expires_on >= ?)) THEN 1 END) AS signed \
         FROM membership m WHERE m.household_id = ? AND m.until_on IS NULL AND m.superseded_at IS NULL",
    )
    .bind(on)
    .bind(on)
    .bind(household)
    .one(connection)
    .await?;
    let members: i64 = row.get("members")?;
    Ok(members > 0 && members == row.get::<i64>("signed")?)
}

/// The authorisation of a person for a data set on a day, the one that lasts longest.
pub(super) async fn in_force(
    connection: &impl Connection,
    person: PersonId,
    dataset: &str,
    on: NaiveDate,
) -> Result<Option<AuthorisationId>, OfficeError> {
    Ok(Query::system(
        "the consent without which nothing is asked",
        "SELECT a.id FROM authorisation a JOIN authorisation_dataset d ON d.authorisation_id = a.id AND d.person_id = a.person_id \
         WHERE a.person_id = ? AND d.dataset = ? AND a.revoked_at IS NULL AND a.signed_on <= ? \
         AND (a.expires_on IS NULL OR a.expires_on >= ?) ORDER BY CASE WHEN a.expires_on IS NULL THEN 0 ELSE 1 END, a.expires_on DESC, a.id DESC LIMIT 1",
    )
    .bind(person)
    .bind(dataset)
    .bind(on)
    .bind(on)
    .optional_as(connection, |row| row.get("id"))
    .await?)
}

/// All authorisations of a person, newest first.
///
/// # Errors
/// The database's.
pub async fn authorisations(
    office: &Office,
    connection: &impl Connection,
    scope: &Scope,
    person: PersonId,
) -> Result<Vec<AuthorisationView>, OfficeError> {
    let rows = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT a.id, a.person_id, a.method, a.attachment_id, a.guardian_person_id, a.signed_on, a.expires_on, a.revoked_at \
         FROM authorisation a JOIN person p ON p.id = a.person_id WHERE {scope} AND p.id = ? ORDER BY a.id DESC LIMIT 100",
    )
    .bind(person)
    .all(connection)
    .await?;
    let release = office.release();
    let today = office.now().today();
    let mut views = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: AuthorisationId = row.get("id")?;
        let datasets: Vec<String> = Query::system(
            "the scope of a consent already found",
            "SELECT d.dataset FROM authorisation_dataset d WHERE d.authorisation_id = ? ORDER BY d.dataset",
        )
        .bind(id)
        .scalars(connection)
        .await?;
        let title = |id: &String| {
            release.datasets.get(id).map_or_else(|| id.clone(), |dataset| dataset.title.clone())
        };
        let signed_on: NaiveDate = row.get("signed_on")?;
        let expires_on: Option<NaiveDate> = row.get("expires_on")?;
        let revoked_at: Option<i64> = row.get("revoked_at")?;
        views.push(AuthorisationView {
            id,
            person: row.get("person_id")?,
            datasets: datasets.iter().map(title).collect(),
            method: Method::read(&row.get::<String>("method")?)?,
            attachment: row.get("attachment_id")?,
            guardian: row.get("guardian_person_id")?,
            signed_on,
            expires_on,
            revoked_at,
            in_force: revoked_at.is_none() && signed_on <= today && expires_on.is_none_or(|day| day >= today),
        });
    }
    Ok(views)
}

/// A citizen's own authorisations.
///
/// # Errors
/// The database's.
pub async fn own_authorisations(
    office: &Office,
    citizen: &Citizen,
) -> Result<Vec<AuthorisationView>, OfficeError> {
    authorisations(office, office.db(), &citizen.scope(), citizen.person).await
}

/// Withdraws an authorisation for the person who came to the office. What was asked before stays.
///
/// # Errors
/// [`OfficeError::NotFound`] outside the scope or when it is withdrawn already.
pub async fn withdraw(
    office: &Office,
    actor: &Granted<FileForOther>,
    id: AuthorisationId,
    reason: &str,
) -> Result<(), OfficeError> {
    revoke(office, &actor.scope(), &actor.audit(), id, reason).await
}

/// A citizen withdraws an authorisation of their own.
///
/// # Errors
/// As [`withdraw`].
pub async fn withdraw_own(
    office: &Office,
    citizen: &Citizen,
    id: AuthorisationId,
) -> Result<(), OfficeError> {
    revoke(office, &citizen.scope(), &citizen.audit(), id, "本人撤回").await
}

async fn revoke(
    office: &Office,
    scope: &Scope,
    who: &AuditActor,
    id: AuthorisationId,
    reason: &str,
) -> Result<(), OfficeError> {
    if reason.trim().is_empty() {
        return Err(OfficeError::invalid("reason", "请填写撤回授权的原因。"));
    }
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let person: PersonId = Query::new(
        scope,
        &PERSON_COLUMNS,
        "SELECT p.id FROM authorisation a JOIN person p ON p.id = a.person_id WHERE {scope} AND a.id = ? AND a.revoked_at IS NULL",
    )
    .bind(id)
    .optional_as(&tx, |row| row.get("id"))
    .await?
    .ok_or(OfficeError::NotFound("这份授权"))?;
    Query::system(
        "a consent found within the scope",
        "UPDATE authorisation SET revoked_at = ?, revoked_by = ?, revoked_reason = ? WHERE id = ? AND revoked_at IS NULL",
    )
    .bind(at)
    .bind(who.staff)
    .bind(reason.trim())
    .bind(id)
    .execute_one(&tx)
    .await?;
    tx.audit(AuditEntry {
        details: serde_json::json!({ "authorisation": id.0 }),
        ..audited(at, who.clone(), "means_test.authorisation_withdrawn", ("person", person.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

//! Staff accounts, kept by administrators inside their own division and below. Their posts: [`super::posts`].

use store::{AuditEntry, Connection, DivisionId, PersonId, Query, Scope, ScopeColumns, StaffId, Tx};
use vocab::{CitizenId, PersonName, Phone};

use super::STAFF_COLUMNS;
use super::actor::{Actor, Granted};
use super::password::{self, Secret};
use super::posts::{PostView, posts_of};
use super::rights::ManageStaff;
use super::session;
use crate::error::Problems;
use crate::people::sealing;
use crate::{Office, OfficeError, audited, divisions};

pub(super) const ACCOUNTS: Scope = Scope::System("logins and persons are unique over all divisions");

/// What a new account needs.
#[derive(Debug, Clone, Default)]
pub struct NewStaff {
    /// Name to sign in with: 3-32 letters, digits, dots, hyphens.
    pub login: String,
    /// The person's name.
    pub name: String,
    /// Phone, may be empty.
    pub phone: String,
    /// Citizen ID, may be empty; links the account with the person's record, so that 回避 can be seen.
    pub citizen_id: String,
    /// The home office: its administrators keep the account.
    pub division: Option<DivisionId>,
}

/// An account, as lists show it.
#[derive(Debug, Clone)]
pub struct StaffView {
    /// The account.
    pub id: StaffId,
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// Home office.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Disabled since, unix milliseconds.
    pub disabled_at: Option<i64>,
    /// Locked until, unix milliseconds, by wrong passwords.
    pub locked_until: Option<i64>,
    /// The one-time password has not been changed yet.
    pub must_change: bool,
    /// The account is linked with a record of the register of persons.
    pub linked: bool,
    /// For optimistic changes.
    pub version: i64,
}

/// One account with its posts.
#[derive(Debug, Clone)]
pub struct StaffPage {
    /// The account.
    pub staff: StaffView,
    /// The phone, masked.
    pub phone: Option<String>,
    /// Posts, newest first.
    pub posts: Vec<PostView>,
}

/// Opens an account in an office of one's subtree. The answer holds the one-time password, shown once.
///
/// # Errors
/// [`OfficeError::Invalid`]; [`OfficeError::NotFound`] when the office lies outside.
pub async fn create_staff(
    office: &Office,
    actor: &Granted<ManageStaff>,
    new: &NewStaff,
) -> Result<(StaffId, Secret), OfficeError> {
    let at = office.now().at_ms();
    let checked = Checked::read(new)?;
    let division = new.division.ok_or_else(|| OfficeError::invalid("division", "请选择所在单位。"))?;
    divisions::within(office.db(), actor.division, division).await?;
    let (secret, hash) = one_time().await?;
    let tx = office.db().begin().await?;
    let person = match &checked.citizen_id {
        Some(id) => find_person(office, &tx, id).await?,
        None => None,
    };
    let staff = insert_staff(office, &tx, &checked, division, person, hash, at).await?;
    tx.audit(AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "login": checked.login, "linked": person.is_some() }),
        ..audited(at, actor.audit(), "staff.created", ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok((staff, secret))
}

/// Corrects name, phone, citizen ID and home office. An empty citizen ID leaves the link as it is.
///
/// # Errors
/// [`OfficeError::Invalid`], [`OfficeError::NotFound`], or [`OfficeError::Conflict`] when another was faster.
pub async fn update_staff(
    office: &Office,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
    version: i64,
    new: &NewStaff,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let checked = Checked::read(new)?;
    let division = new.division.ok_or_else(|| OfficeError::invalid("division", "请选择所在单位。"))?;
    divisions::within(office.db(), actor.division, division).await?;
    let tx = office.db().begin().await?;
    let person = match &checked.citizen_id {
        Some(id) => find_person(office, &tx, id).await?,
        None => None,
    };
    let phone = checked.phone.as_ref().map(|phone| office.keys().seal(phone.expose())).transpose()?;
    find_staff(&tx, actor, staff).await?;
    let changed = Query::new(
        &actor.scope(),
        &CHANGE_COLUMNS,
        "UPDATE staff SET name = ?, phone_sealed = ?, person_id = COALESCE(?, person_id), division_id = ?, version = version + 1 \
         WHERE {scope} AND id = ? AND version = ?",
    )
    .bind(checked.name.as_str())
    .bind(phone)
    .bind(person)
    .bind(division)
    .bind(staff)
    .bind(version)
    .execute(&tx)
    .await?;
    if changed == 0 {
        return Err(OfficeError::stale());
    }
    tx.audit(AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "linked": person.is_some() }),
        ..audited(at, actor.audit(), "staff.changed", ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Disables an account and ends its sessions, or enables it again.
///
/// # Errors
/// [`OfficeError::Separation`] for the own account.
pub async fn set_disabled(
    office: &Office,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
    disabled: bool,
) -> Result<(), OfficeError> {
    refuse_self(actor, staff)?;
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let view = find_staff(&tx, actor, staff).await?;
    Query::new(
        &actor.scope(),
        &CHANGE_COLUMNS,
        "UPDATE staff SET disabled_at = ?, failed_count = 0, locked_until = NULL, version = version + 1 WHERE {scope} AND id = ?",
    )
    .bind(disabled.then_some(at))
    .bind(staff)
    .execute(&tx)
    .await?;
    if disabled {
        session::revoke_others(&tx, staff, None, at).await?;
    }
    let action = if disabled { "staff.disabled" } else { "staff.enabled" };
    tx.audit(AuditEntry {
        division: Some(view.division),
        ..audited(at, actor.audit(), action, ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A one-time password that nobody has yet. Made before the transaction that gives it, because hashing is slow on purpose.
#[derive(Debug)]
pub struct OneTimePassword {
    secret: Secret,
    hash: String,
}

impl OneTimePassword {
    /// A random one.
    ///
    /// # Errors
    /// The machine's random numbers.
    pub async fn fresh() -> Result<OneTimePassword, OfficeError> {
        let (secret, hash) = one_time().await?;
        Ok(OneTimePassword { secret, hash })
    }
}

/// Gives an account a new one-time password and ends its sessions.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's subtree; [`OfficeError::Separation`] for the own account.
pub async fn reset_password(
    office: &Office,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
) -> Result<Secret, OfficeError> {
    refuse_self(actor, staff)?;
    let once = OneTimePassword::fresh().await?;
    let tx = office.db().begin().await?;
    let secret = reset_password_in(office, &tx, actor, staff, once).await?;
    tx.commit().await?;
    Ok(secret)
}

/// As [`reset_password`], inside a transaction.
///
/// # Errors
/// As [`reset_password`].
pub async fn reset_password_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
    once: OneTimePassword,
) -> Result<Secret, OfficeError> {
    refuse_self(actor, staff)?;
    let at = office.now().at_ms();
    let view = find_staff(tx, actor, staff).await?;
    Query::new(
        &actor.scope(),
        &CHANGE_COLUMNS,
        "UPDATE staff SET password = ?, must_change = ?, failed_count = 0, locked_until = NULL, version = version + 1 \
         WHERE {scope} AND id = ?",
    )
    .bind(once.hash)
    .bind(true)
    .bind(staff)
    .execute(tx)
    .await?;
    session::revoke_others(tx, staff, None, at).await?;
    tx.audit(AuditEntry {
        division: Some(view.division),
        ..audited(at, actor.audit(), "password.reset", ("staff", staff.0))
    })
    .await?;
    Ok(once.secret)
}

/// Accounts of one's subtree, by id; give the last id of a page to get the next. `text` is part of a name or login.
///
/// # Errors
/// The database.
pub async fn staff_list(
    office: &Office,
    actor: &Granted<ManageStaff>,
    text: &str,
    after: Option<StaffId>,
    limit: u32,
) -> Result<Vec<StaffView>, OfficeError> {
    let text = text.trim();
    let rows = Query::new(
        &actor.scope(),
        &STAFF_COLUMNS,
        "SELECT s.id, s.login, s.name, s.division_id, d.name AS division_name, s.disabled_at, s.locked_until, s.must_change, \
         s.person_id, s.version FROM staff s JOIN division d ON d.id = s.division_id \
         WHERE {scope} AND s.id > ? AND (? = '' OR s.name LIKE ? ESCAPE '!' OR s.login LIKE ? ESCAPE '!') ORDER BY s.id LIMIT ?",
    )
    .bind(after.map_or(0, |id| id.0))
    .bind(text)
    .bind(contains(text))
    .bind(contains(&text.to_lowercase()))
    .bind(limit)
    .all(office.db())
    .await?;
    rows.iter().map(read_view).collect()
}

fn contains(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| if matches!(c, '%' | '_' | '!') { vec!['!', c] } else { vec![c] })
        .collect();
    format!("%{escaped}%")
}

/// One account with its posts.
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's subtree.
pub async fn staff_page(
    office: &Office,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
) -> Result<StaffPage, OfficeError> {
    let view = find_staff(office.db(), actor, staff).await?;
    let sealed: Option<Vec<u8>> = Query::new(
        &actor.scope(),
        &STAFF_COLUMNS,
        "SELECT s.phone_sealed FROM staff s WHERE {scope} AND s.id = ?",
    )
    .bind(staff)
    .one(office.db())
    .await?
    .get("phone_sealed")?;
    let mut posts = posts_of(office, office.db(), staff).await?;
    posts.reverse();
    Ok(StaffPage {
        staff: view,
        phone: sealed.map(|sealed| sealing::masked_phone(office.keys(), &sealed)).transpose()?,
        posts,
    })
}

/// An account of one's subtree.
///
/// # Errors
/// [`OfficeError::NotFound`].
pub async fn find_staff(
    connection: &impl Connection,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
) -> Result<StaffView, OfficeError> {
    let row = Query::new(
        &actor.scope(),
        &STAFF_COLUMNS,
        "SELECT s.id, s.login, s.name, s.division_id, d.name AS division_name, s.disabled_at, s.locked_until, s.must_change, \
         s.person_id, s.version FROM staff s JOIN division d ON d.id = s.division_id WHERE {scope} AND s.id = ?",
    )
    .bind(staff)
    .optional(connection)
    .await?
    .ok_or(OfficeError::NotFound("这个账号"))?;
    read_view(&row)
}

/// As [`STAFF_COLUMNS`], for statements whose table has no alias.
pub(super) const CHANGE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

pub(super) fn refuse_self(actor: &Actor, staff: StaffId) -> Result<(), OfficeError> {
    if actor.staff == staff {
        Err(OfficeError::Separation("不能修改自己的账号状态或岗位。请由另一位管理员办理。".to_owned()))
    } else {
        Ok(())
    }
}

/// What was typed, read and found right.
pub(super) struct Checked {
    pub(super) login: String,
    name: String,
    phone: Option<Phone>,
    citizen_id: Option<CitizenId>,
}

impl Checked {
    pub(super) fn read(new: &NewStaff) -> Result<Checked, OfficeError> {
        let NewStaff { login, name, phone, citizen_id, division: _ } = new;
        let mut problems = Problems::default();
        let login = login.trim().to_lowercase();
        let fits = (3..=32).contains(&login.len())
            && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        if !fits {
            problems.add("login", "登录名应为3至32位字母、数字、点或横线。");
        }
        let name = problems.keep("name", name.parse::<PersonName>());
        let phone =
            if phone.trim().is_empty() { None } else { problems.keep("phone", phone.parse::<Phone>()) };
        let citizen_id = if citizen_id.trim().is_empty() {
            None
        } else {
            problems.keep("citizen_id", citizen_id.parse::<CitizenId>())
        };
        problems.none_or_refuse()?;
        let name = name.map(|name| name.as_str().to_owned()).unwrap_or_default();
        Ok(Checked { login, name, phone, citizen_id })
    }
}

pub(super) async fn one_time() -> Result<(Secret, String), OfficeError> {
    let secret = password::one_time_password()?;
    let hash = password::hash(secret.reveal().to_owned()).await?;
    Ok((secret, hash))
}

async fn find_person(
    office: &Office,
    connection: &impl Connection,
    id: &CitizenId,
) -> Result<Option<PersonId>, OfficeError> {
    let row = Query::new(
        &ACCOUNTS,
        &ScopeColumns::NONE,
        format!("SELECT p.id FROM person p WHERE {}", crate::people::BY_NUMBER),
    )
    .bind(sealing::citizen_id_blind(office.keys(), id))
    .optional(connection)
    .await?;
    Ok(row.map(|row| row.get("id")).transpose()?)
}

pub(super) async fn insert_staff(
    office: &Office,
    tx: &Tx,
    checked: &Checked,
    division: DivisionId,
    person: Option<PersonId>,
    hash: String,
    at: i64,
) -> Result<StaffId, OfficeError> {
    let taken = Query::new(&ACCOUNTS, &ScopeColumns::NONE, "SELECT 1 AS one FROM staff s WHERE s.login = ?")
        .bind(checked.login.as_str())
        .optional(tx)
        .await?;
    if taken.is_some() {
        return Err(OfficeError::invalid(
            "login",
            format!("登录名「{}」已被使用，请换一个。", checked.login),
        ));
    }
    if let Some(person) = person {
        let linked =
            Query::new(&ACCOUNTS, &ScopeColumns::NONE, "SELECT 1 AS one FROM staff s WHERE s.person_id = ?")
                .bind(person)
                .optional(tx)
                .await?;
        if linked.is_some() {
            return Err(OfficeError::invalid("citizen_id", "此人已有工作人员账号。请在原账号上增加岗位。"));
        }
    }
    let phone = checked.phone.as_ref().map(|phone| office.keys().seal(phone.expose())).transpose()?;
    let id = Query::new(
        &ACCOUNTS,
        &ScopeColumns::NONE,
        "INSERT INTO staff (login, name, phone_sealed, password, must_change, person_id, division_id, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(checked.login.as_str())
    .bind(checked.name.as_str())
    .bind(phone)
    .bind(hash)
    .bind(true)
    .bind(person)
    .bind(division)
    .bind(at)
    .insert(tx)
    .await?;
    Ok(StaffId(id))
}

fn read_view(row: &store::Row) -> Result<StaffView, OfficeError> {
    Ok(StaffView {
        id: row.get("id")?,
        login: row.get("login")?,
        name: row.get("name")?,
        division: row.get("division_id")?,
        division_name: row.get("division_name")?,
        disabled_at: row.get("disabled_at")?,
        locked_until: row.get("locked_until")?,
        must_change: row.get("must_change")?,
        linked: row.get::<Option<PersonId>>("person_id")?.is_some(),
        version: row.get("version")?,
    })
}

//! Staff accounts and posts, kept by administrators inside their own division and below.
//!
//! Nobody changes their own posts, and no post holds two duties that must lie in two hands
//! ([`super::rights::APART`]), neither alone nor together with the person's other posts.

use chrono::NaiveDate;
use store::{
    AuditActor, AuditEntry, Connection, DivisionId, PersonId, Query, Scope, ScopeColumns, StaffId, Tx,
};
use vocab::{CitizenId, Level, PersonName, Phone};

use super::STAFF_COLUMNS;
use super::actor::{Actor, Citizen, Granted, PostId};
use super::password::{self, Secret};
use super::rights::{ManageStaff, Role, conflict, refuse_role};
use super::session;
use crate::error::Problems;
use crate::people::sealing;
use crate::{Office, OfficeError, audited, divisions};

const FIRST: Scope = Scope::System("installation: nobody has an account yet");
const ACCOUNTS: Scope = Scope::System("logins and persons are unique over all divisions");

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

/// A post to be given.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// The office.
    pub division: DivisionId,
    /// Roles.
    pub roles: Vec<Role>,
    /// Businesses (`assistance`); needed when a role works for businesses.
    pub businesses: Vec<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it is no longer held.
    pub until_on: Option<NaiveDate>,
}

/// A post, as pages show it.
#[derive(Debug, Clone)]
pub struct PostView {
    /// The post.
    pub id: PostId,
    /// The office.
    pub division: DivisionId,
    /// Its name.
    pub division_name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Businesses.
    pub businesses: Vec<String>,
    /// First day.
    pub from_on: NaiveDate,
    /// First day on which it is no longer held.
    pub until_on: Option<NaiveDate>,
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

/// Makes the first administrator of a new database. The answer is the one-time password, shown once.
///
/// # Errors
/// [`OfficeError::Conflict`] when any account exists.
pub async fn create_first_administrator(
    office: &Office,
    login: &str,
    name: &str,
    division: DivisionId,
) -> Result<Secret, OfficeError> {
    let now = office.now();
    let new = NewStaff {
        login: login.to_owned(),
        name: name.to_owned(),
        division: Some(division),
        ..NewStaff::default()
    };
    let checked = Checked::read(&new)?;
    let level = divisions::level(office.db(), division).await?;
    if let Some(refusal) = refuse_role(Role::Administrator, level, level) {
        return Err(OfficeError::invalid("division", refusal));
    }
    let (secret, hash) = one_time().await?;
    let tx = office.db().begin().await?;
    let count: i64 = Query::new(&FIRST, &ScopeColumns::NONE, "SELECT count(*) AS number FROM staff")
        .one(&tx)
        .await?
        .get("number")?;
    if count > 0 {
        return Err(OfficeError::Conflict(
            "已有工作人员账号，不能再次创建首位管理员。请由现有管理员新增账号。".to_owned(),
        ));
    }
    let staff = insert_staff(office, &tx, &checked, division, None, hash, now.at_ms()).await?;
    let post = NewPost {
        division,
        roles: vec![Role::Administrator],
        businesses: Vec::new(),
        from_on: now.today(),
        until_on: None,
    };
    insert_post(&tx, staff, &post, None, now.at_ms()).await?;
    tx.audit(AuditEntry {
        division: Some(division),
        details: serde_json::json!({ "login": checked.login }),
        ..audited(now.at_ms(), AuditActor::default(), "staff.first_administrator", ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok(secret)
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
    let at = office.now().at_ms();
    let (secret, hash) = one_time().await?;
    let tx = office.db().begin().await?;
    let view = find_staff(&tx, actor, staff).await?;
    Query::new(
        &actor.scope(),
        &CHANGE_COLUMNS,
        "UPDATE staff SET password = ?, must_change = ?, failed_count = 0, locked_until = NULL, version = version + 1 \
         WHERE {scope} AND id = ?",
    )
    .bind(hash)
    .bind(true)
    .bind(staff)
    .execute(&tx)
    .await?;
    session::revoke_others(&tx, staff, None, at).await?;
    tx.audit(AuditEntry {
        division: Some(view.division),
        ..audited(at, actor.audit(), "password.reset", ("staff", staff.0))
    })
    .await?;
    tx.commit().await?;
    Ok(secret)
}

/// Gives a post in an office of one's subtree.
///
/// # Errors
/// [`OfficeError::Invalid`] when a role may not stand there or two duties meet; [`OfficeError::Separation`] for oneself.
pub async fn add_post(
    office: &Office,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
    post: &NewPost,
) -> Result<PostId, OfficeError> {
    refuse_self(actor, staff)?;
    let now = office.now();
    divisions::within(office.db(), actor.division, post.division).await?;
    let level = divisions::level(office.db(), post.division).await?;
    check_post(post, level, actor.level)?;
    let tx = office.db().begin().await?;
    find_staff(&tx, actor, staff).await?;
    let mut all_roles = post.roles.clone();
    for held in posts_of(&tx, staff).await? {
        let over = held.until_on.is_some_and(|until| until <= post.from_on)
            || post.until_on.is_some_and(|until| until <= held.from_on);
        if !over {
            all_roles.extend(held.roles);
        }
    }
    if let Some((one, other)) = conflict(&all_roles) {
        return Err(OfficeError::invalid(
            "roles",
            format!(
                "同一个人不能既有「{}」又有「{}」：两项职责必须由两人承担。请改由另一人担任。",
                one.title(),
                other.title()
            ),
        ));
    }
    let id = insert_post(&tx, staff, post, Some(actor.staff), now.at_ms()).await?;
    let roles: Vec<&str> = post.roles.iter().map(|role| role.code()).collect();
    tx.audit(AuditEntry {
        division: Some(post.division),
        details: serde_json::json!({ "staff": staff.0, "roles": roles, "businesses": post.businesses }),
        ..audited(now.at_ms(), actor.audit(), "post.given", ("post", id.0))
    })
    .await?;
    tx.commit().await?;
    Ok(id)
}

/// Ends a post on a day (the first on which it is no longer held).
///
/// # Errors
/// [`OfficeError::NotFound`] outside one's subtree; [`OfficeError::Separation`] for oneself.
pub async fn end_post(
    office: &Office,
    actor: &Granted<ManageStaff>,
    post: PostId,
    until_on: NaiveDate,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let tx = office.db().begin().await?;
    let row = Query::new(
        &actor.scope(),
        &POST_COLUMNS,
        "SELECT p.staff_id, p.division_id, p.from_on FROM post p WHERE {scope} AND p.id = ?",
    )
    .bind(post)
    .optional(&tx)
    .await?
    .ok_or(OfficeError::NotFound("这个岗位"))?;
    refuse_self(actor, row.get("staff_id")?)?;
    let until_on = until_on.max(row.get("from_on")?);
    Query::new(&actor.scope(), &CHANGE_COLUMNS, "UPDATE post SET until_on = ? WHERE {scope} AND id = ?")
        .bind(until_on)
        .bind(post)
        .execute(&tx)
        .await?;
    tx.audit(AuditEntry {
        division: Some(row.get("division_id")?),
        details: serde_json::json!({ "until_on": until_on }),
        ..audited(at, actor.audit(), "post.ended", ("post", post.0))
    })
    .await?;
    tx.commit().await?;
    Ok(())
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
    let mut posts = posts_of(office.db(), staff).await?;
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

/// The posts of an account that are or will be held, for the menu of one's own posts.
///
/// # Errors
/// The database.
pub async fn own_posts(office: &Office, actor: &Actor) -> Result<Vec<PostView>, OfficeError> {
    let today = office.now().today();
    let mut posts = posts_of(office.db(), actor.staff).await?;
    posts.retain(|post| post.from_on <= today && post.until_on.is_none_or(|until| until > today));
    Ok(posts)
}

/// The actor at a post of a synthetic database, for histories that the program writes itself.
///
/// # Errors
/// [`OfficeError::Internal`] when the database is a real one.
pub async fn actor_of_synthetic(office: &Office, post: PostId) -> Result<Actor, OfficeError> {
    refuse_real(office)?;
    let actor = session::load_actor(office.db(), office.now().today(), post, None).await?;
    actor.map(|actor| Actor { must_change: false, ..actor }).ok_or(OfficeError::NotFound("这个岗位"))
}

/// The citizen of a synthetic database, for histories that the program writes itself.
///
/// # Errors
/// [`OfficeError::Internal`] when the database is a real one.
pub async fn citizen_of_synthetic(office: &Office, person: PersonId) -> Result<Citizen, OfficeError> {
    refuse_real(office)?;
    session::load_citizen(office.db(), person, None, false).await?.ok_or(OfficeError::NotFound("这个人"))
}

fn refuse_real(office: &Office) -> Result<(), OfficeError> {
    if office.db().synthetic() {
        Ok(())
    } else {
        Err(OfficeError::Internal("只有演示库才能由程序代为操作".to_owned()))
    }
}

/// As [`STAFF_COLUMNS`], for statements whose table has no alias.
const CHANGE_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

const POST_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "p.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

fn refuse_self(actor: &Actor, staff: StaffId) -> Result<(), OfficeError> {
    if actor.staff == staff {
        Err(OfficeError::Separation("不能修改自己的账号状态或岗位。请由另一位管理员办理。".to_owned()))
    } else {
        Ok(())
    }
}

fn check_post(post: &NewPost, level: Level, granter: Level) -> Result<(), OfficeError> {
    let mut problems = Problems::default();
    if post.roles.is_empty() {
        problems.add("roles", "请至少选择一个角色。");
    }
    for role in &post.roles {
        if let Some(refusal) = refuse_role(*role, level, granter) {
            problems.add("roles", refusal);
        }
    }
    if post.roles.iter().any(|role| role.row().business) && post.businesses.is_empty() {
        problems.add("businesses", "请选择岗位办理的业务。");
    }
    if post.until_on.is_some_and(|until| until < post.from_on) {
        problems.add("until_on", "结束日期不能早于开始日期。");
    }
    problems.none_or_refuse()
}

/// What was typed, read and found right.
struct Checked {
    login: String,
    name: String,
    phone: Option<Phone>,
    citizen_id: Option<CitizenId>,
}

impl Checked {
    fn read(new: &NewStaff) -> Result<Checked, OfficeError> {
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

async fn one_time() -> Result<(Secret, String), OfficeError> {
    let secret = password::one_time_password()?;
    let hash = password::hash(secret.reveal().to_owned()).await?;
    Ok((secret, hash))
}

async fn find_person(
    office: &Office,
    connection: &impl Connection,
    id: &CitizenId,
) -> Result<Option<PersonId>, OfficeError> {
    let row =
        Query::new(&ACCOUNTS, &ScopeColumns::NONE, "SELECT p.id FROM person p WHERE p.citizen_id_blind = ?")
            .bind(sealing::citizen_id_blind(office.keys(), id))
            .optional(connection)
            .await?;
    Ok(row.map(|row| row.get("id")).transpose()?)
}

async fn insert_staff(
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

async fn insert_post(
    tx: &Tx,
    staff: StaffId,
    post: &NewPost,
    by: Option<StaffId>,
    at: i64,
) -> Result<PostId, OfficeError> {
    let NewPost { division, roles, businesses, from_on, until_on } = post;
    let id = Query::new(
        &ACCOUNTS,
        &ScopeColumns::NONE,
        "INSERT INTO post (staff_id, division_id, from_on, until_on, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(staff)
    .bind(*division)
    .bind(*from_on)
    .bind(*until_on)
    .bind(by)
    .bind(at)
    .insert(tx)
    .await?;
    for role in roles {
        Query::new(
            &ACCOUNTS,
            &ScopeColumns::NONE,
            "INSERT INTO post_role (post_id, role) VALUES (?, ?) ON CONFLICT (post_id, role) DO NOTHING",
        )
        .bind(id)
        .bind(role.code())
        .execute(tx)
        .await?;
    }
    for business in businesses {
        Query::new(
            &ACCOUNTS,
            &ScopeColumns::NONE,
            "INSERT INTO post_business (post_id, business) VALUES (?, ?) ON CONFLICT (post_id, business) DO NOTHING",
        )
        .bind(id)
        .bind(business.as_str())
        .execute(tx)
        .await?;
    }
    Ok(PostId(id))
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

/// All posts of an account, oldest first. The caller has seen the account.
async fn posts_of(connection: &impl Connection, staff: StaffId) -> Result<Vec<PostView>, OfficeError> {
    let rows = Query::new(
        &ACCOUNTS,
        &ScopeColumns::NONE,
        "SELECT p.id, p.division_id, d.name AS division_name, p.from_on, p.until_on, r.role, b.business FROM post p \
         JOIN division d ON d.id = p.division_id LEFT JOIN post_role r ON r.post_id = p.id \
         LEFT JOIN post_business b ON b.post_id = p.id WHERE p.staff_id = ? ORDER BY p.id, r.role, b.business",
    )
    .bind(staff)
    .all(connection)
    .await?;
    let mut posts: Vec<PostView> = Vec::new();
    for row in rows {
        let id: PostId = row.get("id")?;
        if posts.last().is_none_or(|post| post.id != id) {
            posts.push(PostView {
                id,
                division: row.get("division_id")?,
                division_name: row.get("division_name")?,
                roles: Vec::new(),
                businesses: Vec::new(),
                from_on: row.get("from_on")?,
                until_on: row.get("until_on")?,
            });
        }
        let Some(post) = posts.last_mut() else { continue };
        if let Some(role) = row.get::<Option<String>>("role")?.and_then(|code| Role::from_code(&code))
            && !post.roles.contains(&role)
        {
            post.roles.push(role);
        }
        if let Some(business) = row.get::<Option<String>>("business")?
            && !post.businesses.contains(&business)
        {
            post.businesses.push(business);
        }
    }
    Ok(posts)
}

//! Posts: who stands where, as what, for which business, from when until when. Kept by administrators inside their own
//! division and below.
//!
//! Nobody changes their own posts, and nobody holds two rights that the packs keep apart (`[[separation]]`), neither at one
//! post nor together with the person's other posts.

use catalogue::Release;
use chrono::NaiveDate;
use store::{AuditEntry, Connection, DivisionId, Query, ScopeColumns, StaffId, Tx};
use vocab::Level;

use super::actor::{Actor, DEPARTMENT, Granted, ORGANISATION, PostId};
use super::rights::{ManageStaff, Right};
use super::roles::{Role, conflict, refuse_role};
use super::staff::{ACCOUNTS, CHANGE_COLUMNS, find_staff, refuse_self};
use crate::error::Problems;
use crate::{Office, OfficeError, audited, divisions, records};

/// A post to be given.
#[derive(Debug, Clone)]
pub struct NewPost {
    /// The office.
    pub division: DivisionId,
    /// Roles, by the packs' ids.
    pub roles: Vec<String>,
    /// Businesses (`assistance`); needed when a role works for businesses. Whom somebody from outside stands for is one of them
    /// ([`DEPARTMENT`], [`ORGANISATION`]).
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
    let tx = office.db().begin().await?;
    let id = add_post_in(office, &tx, actor, staff, post).await?;
    tx.commit().await?;
    Ok(id)
}

/// As [`add_post`], inside a transaction.
///
/// # Errors
/// As [`add_post`].
pub async fn add_post_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageStaff>,
    staff: StaffId,
    post: &NewPost,
) -> Result<PostId, OfficeError> {
    refuse_self(actor, staff)?;
    let now = office.now();
    let release = office.release();
    divisions::within(tx, actor.division, post.division).await?;
    let level = divisions::level(tx, post.division).await?;
    let places = divisions::around(tx, post.division).await?;
    check_post(&release, post, (level, actor.level), &places)?;
    for named in post.businesses.iter().filter_map(|business| business.strip_prefix(ORGANISATION)) {
        if !records::organisation::is_there(tx, &release, named, post.division).await? {
            return Err(OfficeError::invalid(
                "organisation",
                "这家机构不在岗位所在单位的辖区里，或者已经终止，请核对。",
            ));
        }
    }
    find_staff(tx, actor, staff).await?;
    let mut all_roles: Vec<String> = post.roles.clone();
    for held in posts_of(office, tx, staff).await? {
        let over = held.until_on.is_some_and(|until| until <= post.from_on)
            || post.until_on.is_some_and(|until| until <= held.from_on);
        if !over {
            all_roles.extend(held.roles.iter().map(|role| role.code().to_owned()));
        }
    }
    let all_roles: Vec<&str> = all_roles.iter().map(String::as_str).collect();
    if let Some((one, other)) = conflict(&release, &all_roles) {
        return Err(OfficeError::invalid(
            "roles",
            format!(
                "同一个人不能既有「{}」又有「{}」：两项职责必须由两人承担。请改由另一人担任。",
                one.title(),
                other.title()
            ),
        ));
    }
    let id = insert_post(tx, staff, post, Some(actor.staff), now.at_ms()).await?;
    tx.audit(AuditEntry {
        division: Some(post.division),
        details: serde_json::json!({ "staff": staff.0, "roles": post.roles, "businesses": post.businesses }),
        ..audited(now.at_ms(), actor.audit(), "post.given", ("post", id.0))
    })
    .await?;
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
    let tx = office.db().begin().await?;
    end_post_in(office, &tx, actor, post, until_on).await?;
    Ok(tx.commit().await?)
}

/// As [`end_post`], inside a transaction.
///
/// # Errors
/// As [`end_post`].
pub async fn end_post_in(
    office: &Office,
    tx: &Tx,
    actor: &Granted<ManageStaff>,
    post: PostId,
    until_on: NaiveDate,
) -> Result<(), OfficeError> {
    let at = office.now().at_ms();
    let row = Query::new(
        &actor.scope(),
        &POST_COLUMNS,
        "SELECT p.staff_id, p.division_id, p.from_on FROM post p WHERE {scope} AND p.id = ?",
    )
    .bind(post)
    .optional(tx)
    .await?
    .ok_or(OfficeError::NotFound("这个岗位"))?;
    refuse_self(actor, row.get("staff_id")?)?;
    let until_on = until_on.max(row.get("from_on")?);
    Query::new(&actor.scope(), &CHANGE_COLUMNS, "UPDATE post SET until_on = ? WHERE {scope} AND id = ?")
        .bind(until_on)
        .bind(post)
        .execute(tx)
        .await?;
    tx.audit(AuditEntry {
        division: Some(row.get("division_id")?),
        details: serde_json::json!({ "until_on": until_on }),
        ..audited(at, actor.audit(), "post.ended", ("post", post.0))
    })
    .await?;
    Ok(())
}

/// The posts of an account that are or will be held, for the menu of one's own posts.
///
/// # Errors
/// The database.
pub async fn own_posts(office: &Office, actor: &Actor) -> Result<Vec<PostView>, OfficeError> {
    let today = office.now().today();
    let mut posts = posts_of(office, office.db(), actor.staff).await?;
    posts.retain(|post| post.from_on <= today && post.until_on.is_none_or(|until| until > today));
    Ok(posts)
}

const POST_COLUMNS: ScopeColumns = ScopeColumns {
    subtree: Some(
        "p.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

fn check_post(
    release: &Release,
    post: &NewPost,
    levels: (Level, Level),
    places: &[divisions::DivisionView],
) -> Result<(), OfficeError> {
    let mut problems = Problems::default();
    if post.roles.is_empty() {
        problems.add("roles", "请至少选择一个角色。");
    }
    for role in &post.roles {
        if let Some(refusal) = refuse_role(release, role, levels, places) {
            problems.add("roles", refusal);
        }
    }
    if post.roles.iter().filter_map(|role| release.roles.get(role)).any(|role| !role.all_businesses)
        && post.businesses.is_empty()
    {
        problems.add("businesses", "请选择岗位办理的业务。");
    }
    let departments: Vec<&str> =
        post.businesses.iter().filter_map(|business| business.strip_prefix(DEPARTMENT)).collect();
    let answers = |role: &&String| release.roles.get(role).is_some_and(|role| role.holds(Right::AnswerCheck));
    let answering = post.roles.iter().filter(answers).count();
    if answering > 0 && departments.is_empty() {
        problems.add("businesses", "请选择岗位代表哪个部门答复。");
    }
    if answering == 0 && !departments.is_empty() {
        problems.add("businesses", "只有部门经办的岗位才选部门。");
    }
    if answering > 0 && answering < post.roles.len() {
        problems.add("roles", "部门经办是部门的人，这个岗位不能再有民政的角色。");
    }
    if departments.iter().any(|department| release.departments.get(department).is_none()) {
        problems.add("businesses", "没有这个部门，请重新选择。");
    }
    let organisations = post.businesses.iter().filter(|business| business.starts_with(ORGANISATION)).count();
    let reports =
        |role: &&String| release.roles.get(role).is_some_and(|role| role.holds(Right::ReportRecords));
    let reporting = post.roles.iter().filter(reports).count();
    if reporting > 0 && (organisations != 1 || post.businesses.len() != 1) {
        problems.add("organisation", "机构经办只代表一家机构：请填写是哪一家，不选其他业务。");
    }
    if reporting == 0 && organisations > 0 {
        problems.add("organisation", "只有机构经办的岗位才填机构。");
    }
    if reporting > 0 && reporting < post.roles.len() {
        problems.add("roles", "机构经办是机构的人，这个岗位不能再有民政的角色。");
    }
    if post.until_on.is_some_and(|until| until < post.from_on) {
        problems.add("until_on", "结束日期不能早于开始日期。");
    }
    problems.none_or_refuse()
}

pub(super) async fn insert_post(
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
        .bind(role.as_str())
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

/// All posts of an account, oldest first. The caller has seen the account.
pub(super) async fn posts_of(
    office: &Office,
    connection: &impl Connection,
    staff: StaffId,
) -> Result<Vec<PostView>, OfficeError> {
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
    let release = office.release();
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
        if let Some(code) = row.get::<Option<String>>("role")?
            && !post.roles.iter().any(|held| held.code() == code)
        {
            post.roles.push(Role::held(&release, &code));
        }
        if let Some(business) = row.get::<Option<String>>("business")?
            && !post.businesses.contains(&business)
        {
            post.businesses.push(business);
        }
    }
    Ok(posts)
}

//! Installation: the first administrator of a new database, and the actors of a synthetic one.
//!
//! The role [`ROLE`] is the only one the program knows by name; what it may do is the packs'.

use catalogue::definition::Role as PackRole;
use store::{AuditActor, AuditEntry, DivisionId, PersonId, Query, Scope, ScopeColumns};

use super::actor::{Actor, Citizen, PostId};
use super::password::Secret;
use super::posts::{NewPost, insert_post};
use super::roles::refuse_role;
use super::session;
use super::staff::{Checked, NewStaff, insert_staff, one_time};
use crate::{Office, OfficeError, audited, divisions};

const FIRST: Scope = Scope::System("installation: nobody has an account yet");
/// The role of the first administrator; `check-pack` sees that packs with roles have it.
const ROLE: &str = PackRole::ADMINISTRATOR;

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
    let places = divisions::around(office.db(), division).await?;
    if let Some(refusal) = refuse_role(&office.release(), ROLE, (level, level), &places) {
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
        roles: vec![ROLE.to_owned()],
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

/// The actor at a post of a synthetic database, for histories that the program writes itself.
///
/// # Errors
/// [`OfficeError::Internal`] when the database is a real one.
pub async fn actor_of_synthetic(office: &Office, post: PostId) -> Result<Actor, OfficeError> {
    refuse_real(office)?;
    let actor = session::load_actor(office, office.db(), office.now().today(), post, None).await?;
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

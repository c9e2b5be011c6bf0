//! Newer packs for a living database: looked at first, then taken in whole or not at all.

use std::sync::Arc;

use catalogue::definition::Role;
use catalogue::{Compared, Release};
use store::{Query, StaffId};

use super::changes::in_force_now;
use super::in_force::{Fitted, fitted, put};
use super::obstacles::{Obstacle, obstacles};
use crate::{Office, OfficeError};

/// Packs beside what is in force.
pub struct Newer {
    fitted: Fitted,
    base: Arc<Release>,
    /// What they add, change and leave out, by kind.
    pub compared: Vec<Compared>,
    /// What they would break; while there is any they are not taken in.
    pub obstacles: Vec<Obstacle>,
}

impl Newer {
    /// Whether nothing of them is new: not even a comment.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.fitted.release.hash == self.base.hash
    }
}

/// Looks at packs for this database, with what it released itself on top. Writes nothing.
///
/// # Errors
/// [`OfficeError::Conflict`] when they contradict what was released on pages, or nothing was ever installed; the database.
pub async fn newer_packs(office: &Office, packs: Release) -> Result<Newer, OfficeError> {
    let base = in_force_now(office).await?;
    let fitted = fitted(office.db(), packs).await?;
    let reading = office.db().begin_read().await?;
    let obstacles = obstacles(office, &reading, &base, &fitted.release).await?;
    reading.rollback().await?;
    let compared = fitted.release.compared_with(&base);
    Ok(Newer { fitted, base, compared, obstacles })
}

/// Takes them in: tree of divisions, columns of facts, tables of registers and the release itself in one transaction. Cases that are open go
/// on by the item of the release under which they were filed; other processes take the new one over by [`super::follow`].
///
/// # Errors
/// [`OfficeError::Conflict`] when they would break something by now, or something else was released since they were looked at; the database.
pub async fn import_packs(
    office: &Office,
    newer: Newer,
    by: Option<StaffId>,
) -> Result<Arc<Release>, OfficeError> {
    let Newer { fitted, base, .. } = newer;
    let tx = office.db().begin().await?;
    tx.lock("release").await?;
    // Since they were looked at cases were filed and records written.
    let standing = obstacles(office, &tx, &base, &fitted.release).await?;
    if !standing.is_empty() {
        let said: Vec<String> = standing.iter().map(|one| format!("{}{}", one.what, one.todo)).collect();
        return Err(OfficeError::Conflict(format!("不能装入：{}", said.join(""))));
    }
    let release = put(&tx, fitted, by, office.now()).await?;
    tx.commit().await?;
    office.put_in_force(Arc::clone(&release));
    Ok(release)
}

/// The administrator with this login, in whose name something is done at the terminal.
///
/// # Errors
/// [`OfficeError::Conflict`] when nobody of that login is an administrator today.
pub async fn administrator(office: &Office, login: &str) -> Result<StaffId, OfficeError> {
    let today = office.now().today();
    let found: Vec<StaffId> = Query::system(
        "who runs a command names the administrator for whom it is run",
        "SELECT DISTINCT s.id FROM staff s JOIN post p ON p.staff_id = s.id JOIN post_role r ON r.post_id = p.id \
         WHERE s.login = ? AND s.disabled_at IS NULL AND r.role = ? AND p.from_on <= ? AND (p.until_on IS NULL OR p.until_on > ?)",
    )
    .bind(login)
    .bind(Role::ADMINISTRATOR)
    .bind(today)
    .bind(today)
    .scalars(office.db())
    .await?;
    found.into_iter().next().ok_or_else(|| {
        OfficeError::Conflict(format!(
            "没有登录名是 {login} 的在岗系统管理员。请写管理员自己的登录名；不写 --by 的，记作由系统装入。"
        ))
    })
}

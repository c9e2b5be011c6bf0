//! What is in force: installed from packs, or left so by a released change.

use std::sync::Arc;

use catalogue::{Layer, Release};
use store::{AuditActor, AuditEntry, Connection, Db, DivisionId, Query, StaffId, Tx};
use vocab::Now;

use super::kept::{self, all, compile, load_options};
use super::layer::{self, ReleasedValue};
use crate::{Office, OfficeError, divisions, people};

pub(super) const ARCHIVES: &str = "the packs are everybody's";

/// Puts packs in force, at creation of a database; into a living one they come by [`super::import_packs`].
///
/// Standards released on pages go on top of the packs again, and so does what became of divisions by changes that took effect here. Where the packs bring a database layer of their own (an
/// export of another database), its values become released standards of this one. The tree of divisions, the projections and the tables of
/// registers are brought up to the packs in the same transaction. Installing what is in force already does nothing.
///
/// # Errors
/// [`OfficeError::Conflict`] when packs and released standards contradict each other, a fact or field changed its type, or something else was
/// released at the same moment; the database.
pub async fn install(db: &Db, release: Release, at: Now) -> Result<Arc<Release>, OfficeError> {
    let fitted = fitted(db, release).await?;
    let tx = db.begin().await?;
    let release = put(&tx, fitted, None, at).await?;
    tx.commit().await?;
    Ok(release)
}

/// Packs with everything on top that this database released itself.
pub(super) struct Fitted {
    pub release: Release,
    /// What was in force when it was put together; none in a new database.
    pub base: Option<String>,
    /// Hash of the packs alone.
    packs: String,
    /// Values of the packs' own database layer that are new here.
    added: Vec<ReleasedValue>,
}

/// Puts what this database released itself on top of packs.
pub(super) async fn fitted(db: &Db, release: Release) -> Result<Fitted, OfficeError> {
    let base = current_hash(db).await?;
    let imported = layer::values_of(&release);
    let mut values = released_values(db).await?;
    let mut added = Vec::new();
    for value in imported {
        if !values.iter().any(|known| known.same_place(&value)) {
            values.push(value.clone());
            added.push(value);
        }
    }
    let packs = release.hash.clone();
    let options = load_options(db);
    let changes = divisions::in_effect(db).await?;
    let release = if values.is_empty() && changes.is_empty() {
        release
    } else {
        compile(move || layer::build(&release, &values, &changes, options)).await?.map_err(|findings| {
            OfficeError::Conflict(format!(
                "这些配置包与本系统已发布的标准不能同时使用：{}。请先修改配置包。",
                all(&findings)
            ))
        })?
    };
    Ok(Fitted { release, base, packs, added })
}

/// Puts it in force, with the tables that it needs, by whom (the system itself if nobody is named).
///
/// # Errors
/// [`OfficeError::Conflict`] when something else was released since it was put together.
pub(super) async fn put(
    tx: &Tx,
    fitted: Fitted,
    by: Option<StaffId>,
    at: Now,
) -> Result<Arc<Release>, OfficeError> {
    let Fitted { release, base, packs, added } = fitted;
    tx.lock("release").await?;
    let current = current_hash(tx).await?;
    if current != base {
        return Err(OfficeError::Conflict(
            "刚有标准或者行政区划调整发布，与这次装入碰在一起。请再装一次。".to_owned(),
        ));
    }
    divisions::import_in(tx, &release, at.today()).await?;
    people::prepare_projections_in(tx, &release).await?;
    crate::records::prepare_in(tx, &release).await?;
    let release = Arc::new(release);
    if current.as_deref() == Some(release.hash.as_str()) && added.is_empty() {
        return Ok(release);
    }
    keep_archive(tx, &release, &title(&release), None, at).await?;
    for value in &added {
        insert_imported(tx, value, &release.hash, at).await?;
    }
    put_in_force(tx, &release.hash, by, at).await?;
    tx.audit(AuditEntry {
        at: at.at_ms(),
        actor: AuditActor { staff: by, ..AuditActor::default() },
        action: "release.install",
        subject: None,
        case: None,
        division: None,
        purpose: None,
        details: serde_json::json!({
            "hash": release.hash, "before": base, "packs": packs, "title": title(&release)
        }),
    })
    .await?;
    Ok(release)
}

/// Reads and compiles the release in force: once, when a program starts.
///
/// # Errors
/// [`OfficeError::Conflict`] when nothing was ever installed.
pub async fn current(db: &Db) -> Result<Arc<Release>, OfficeError> {
    let hash = current_hash(db).await?.ok_or_else(|| {
        OfficeError::Conflict("数据库里还没有装入政策配置包。请先运行 huimin create。".to_owned())
    })?;
    Ok(Arc::new(kept::read(db, &hash).await?))
}

/// Takes over what another process of the same database put in force. Cheap; run it every few seconds.
///
/// # Errors
/// The database.
pub async fn follow(office: &Office) -> Result<bool, OfficeError> {
    let Some(hash) = current_hash(office.db()).await? else { return Ok(false) };
    if hash == office.release().hash {
        return Ok(false);
    }
    let release = kept::kept(office, &hash).await?;
    office.put_in_force(release);
    Ok(true)
}

/// The hash of the release in force.
pub(super) async fn current_hash(connection: &impl Connection) -> Result<Option<String>, OfficeError> {
    let row = Query::system(ARCHIVES, "SELECT f.hash FROM release_in_force f ORDER BY f.id DESC LIMIT 1")
        .optional(connection)
        .await?;
    Ok(row.map(|row| row.get("hash")).transpose()?)
}

/// The two hands behind a release made on a page.
pub(super) struct Hands {
    pub made_by: StaffId,
    pub released_by: StaffId,
}

/// Stores a release under its hash, unless it is there.
pub(super) async fn keep_archive(
    tx: &Tx,
    release: &Release,
    title: &str,
    hands: Option<&Hands>,
    at: Now,
) -> Result<(), OfficeError> {
    Query::system(
        ARCHIVES,
        "INSERT INTO pack_release (hash, kind, title, archive, made_at, made_by, released_by) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (hash) DO NOTHING",
    )
    .bind(release.hash.as_str())
    .bind(if hands.is_some() { "database" } else { "pack" })
    .bind(title)
    .bind(release.archive())
    .bind(at.at_ms())
    .bind(hands.map(|hands| hands.made_by))
    .bind(hands.map(|hands| hands.released_by))
    .execute(tx)
    .await?;
    Ok(())
}

/// From now on this one. The caller holds the lock `release`.
pub(super) async fn put_in_force(
    tx: &Tx,
    hash: &str,
    staff: Option<StaffId>,
    at: Now,
) -> Result<(), OfficeError> {
    Query::system(ARCHIVES, "INSERT INTO release_in_force (hash, from_at, staff_id) VALUES (?, ?, ?)")
        .bind(hash)
        .bind(at.at_ms())
        .bind(staff)
        .execute(tx)
        .await?;
    Ok(())
}

/// All standards that were released on pages or came with an imported database layer, oldest decision first.
pub(super) async fn released_values(connection: &impl Connection) -> Result<Vec<ReleasedValue>, OfficeError> {
    let values = Query::system(
        ARCHIVES,
        "SELECT sc.parameter, d.code, sc.from_on, sc.stated_until, sc.value, sc.document_title, sc.document_number \
         FROM standard_change sc JOIN division d ON d.id = sc.division_id WHERE sc.state = 'released' \
         ORDER BY sc.decided_at, sc.id",
    )
    .all_as(connection, |row| {
        Ok(ReleasedValue {
            parameter: row.get("parameter")?,
            division: row.get("code")?,
            from: row.get("from_on")?,
            stated_until: row.get("stated_until")?,
            value: row.get("value")?,
            source: layer::source(&row.get::<String>("document_title")?, &row.get::<String>("document_number")?),
        })
    })
    .await?;
    Ok(values)
}

async fn insert_imported(tx: &Tx, value: &ReleasedValue, hash: &str, at: Now) -> Result<(), OfficeError> {
    let division: DivisionId = divisions::by_code(tx, &value.division).await?.id;
    let (title, number) = layer::document(&value.source);
    Query::system(
        ARCHIVES,
        "INSERT INTO standard_change (parameter, division_id, from_on, stated_until, value, document_title, \
         document_number, reason, state, imported, base_hash, release_hash, proposed_at, decided_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'released', ?, ?, ?, ?, ?)",
    )
    .bind(value.parameter.as_str())
    .bind(division)
    .bind(value.from)
    .bind(value.stated_until)
    .bind(value.value.as_str())
    .bind(title)
    .bind(number)
    .bind("随配置包导入")
    .bind(true)
    .bind(hash)
    .bind(hash)
    .bind(at.at_ms())
    .bind(at.at_ms())
    .execute(tx)
    .await?;
    Ok(())
}

/// What the list of releases shows: the titles of the packs.
fn title(release: &Release) -> String {
    let titles: Vec<&str> = release
        .packs
        .iter()
        .filter(|pack| pack.head.layer != Layer::Database)
        .map(|pack| pack.head.title.as_str())
        .collect();
    titles.join("、")
}

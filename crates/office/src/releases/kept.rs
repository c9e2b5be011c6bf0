//! Releases in memory: compiled once, shared by everybody.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use catalogue::{Finding, LoadOptions, Release};
use store::{Db, Query};

use super::in_force::ARCHIVES;
use crate::{Office, OfficeError};

/// The releases that somebody has asked for, by hash.
///
/// They are few (one for each change of the packs that an open or replayed case stands under), so none is dropped.
#[derive(Default)]
pub struct Kept {
    by_hash: RwLock<HashMap<String, Arc<Release>>>,
    /// Held while a release is compiled, so that a hundred cases of an old release compile it once.
    compiling: tokio::sync::Mutex<()>,
}

impl Kept {
    fn get(&self, hash: &str) -> Option<Arc<Release>> {
        self.by_hash.read().unwrap_or_else(PoisonError::into_inner).get(hash).map(Arc::clone)
    }

    /// Keeps a release that is compiled already.
    pub(crate) fn keep(&self, release: Arc<Release>) {
        let mut by_hash = self.by_hash.write().unwrap_or_else(PoisonError::into_inner);
        by_hash.entry(release.hash.clone()).or_insert(release);
    }
}

/// The release with this hash: from memory, or read and compiled once.
///
/// # Errors
/// [`OfficeError::Internal`] when the database never had it, or when this program can no longer read it.
pub async fn kept(office: &Office, hash: &str) -> Result<Arc<Release>, OfficeError> {
    let kept = office.kept();
    if let Some(release) = kept.get(hash) {
        return Ok(release);
    }
    let _compiling = kept.compiling.lock().await;
    if let Some(release) = kept.get(hash) {
        return Ok(release);
    }
    let release = Arc::new(read(office.db(), hash).await?);
    kept.keep(Arc::clone(&release));
    Ok(release)
}

/// Reads and compiles a release of the database.
pub(super) async fn read(db: &Db, hash: &str) -> Result<Release, OfficeError> {
    let archive: String = Query::system(ARCHIVES, "SELECT r.archive FROM pack_release r WHERE r.hash = ?")
        .bind(hash)
        .optional(db)
        .await?
        .ok_or_else(|| OfficeError::Internal(format!("数据库里没有政策配置 {hash}")))?
        .get("archive")?;
    let options = load_options(db);
    let release = compile(move || Release::from_archive(&archive, options)).await?.map_err(|findings| {
        OfficeError::Internal(format!("存档的政策配置 {hash} 读不出来：{}", all(&findings)))
    })?;
    if release.hash != hash {
        return Err(OfficeError::Internal(format!("存档的政策配置 {hash} 内容与编号不符")));
    }
    Ok(release)
}

/// Demo packs load into synthetic databases only.
pub(super) fn load_options(db: &Db) -> LoadOptions {
    LoadOptions { synthetic: db.synthetic() }
}

/// Compiling takes long enough to keep it off the threads that answer requests.
pub(super) async fn compile(
    work: impl FnOnce() -> Result<Release, Vec<Finding>> + Send + 'static,
) -> Result<Result<Release, Vec<Finding>>, OfficeError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| OfficeError::Internal(format!("编译政策配置中断：{error}")))
}

/// All findings in one line.
pub(super) fn all(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join(";")
}

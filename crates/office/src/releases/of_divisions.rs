//! Changes of the divisions' tree as a release: the packs on top list what became of divisions, so that no later import undoes it.

use std::sync::Arc;

use catalogue::Release;
use catalogue::definition::DivisionChange;
use store::{StaffId, Tx};
use vocab::Now;

use super::changes::{build_on_top, in_force_now};
use super::in_force::{Hands, current_hash, keep_archive, put_in_force};
use crate::{Office, OfficeError, people};

/// The release in force by the database, and the one that takes its place when these changes take effect.
pub(crate) async fn with_divisions(
    office: &Office,
    changes: Vec<DivisionChange>,
) -> Result<(Arc<Release>, Release), OfficeError> {
    let base = in_force_now(office).await?;
    let release = build_on_top(office, &base, &[], changes).await?;
    people::prepare_projections(office.db(), &release).await?;
    crate::records::prepare(office.db(), &release).await?;
    Ok((base, release))
}

/// Demands that nothing else was released since. The caller holds the lock `release`.
pub(crate) async fn demand_in_force(tx: &Tx, base: &Release) -> Result<(), OfficeError> {
    if current_hash(tx).await?.as_deref() == Some(base.hash.as_str()) {
        Ok(())
    } else {
        Err(OfficeError::Conflict("刚有另一条标准或者调整发布。请刷新页面，核对后再办。".to_owned()))
    }
}

/// Keeps the release and puts it in force, in the transaction in which the tree changes.
pub(crate) async fn put_divisions_in_force(
    tx: &Tx,
    release: &Release,
    source: &str,
    made_by: StaffId,
    released_by: StaffId,
    now: Now,
) -> Result<(), OfficeError> {
    keep_archive(tx, release, source, Some(&Hands { made_by, released_by }), now).await?;
    put_in_force(tx, &release.hash, Some(released_by), now).await
}

//! What the form of a change offers: divisions beside, above and below, and the families of a village.

use store::{AuditEntry, Connection, DivisionId, HouseholdId, Query};

use super::nodes::{Node, Tree};
use crate::access::{Granted, ProposeStandard};
use crate::people::HOUSEHOLD_COLUMNS;
use crate::{Office, OfficeError, audited};

/// Divisions that a form offers for a change of some division: those beside it, and those that may stand above it.
#[derive(Debug, Clone, Default)]
pub struct Offered {
    /// Of its level in its county (a county: in the prefecture), without itself: id, name, code.
    pub beside: Vec<(DivisionId, String, String)>,
    /// Of its parent's level, without its parent.
    pub above: Vec<(DivisionId, String, String)>,
    /// Directly below.
    pub below: Vec<(DivisionId, String, String)>,
}

/// See [`Offered`].
///
/// # Errors
/// [`OfficeError::NotFound`]; the database.
pub async fn offered(connection: &impl Connection, division: DivisionId) -> Result<Offered, OfficeError> {
    let tree = Tree::read(connection).await?;
    let node = tree.get(division).ok_or(OfficeError::NotFound("这个行政区划"))?;
    let line = |node: &Node| (node.id, node.name.clone(), node.code.clone());
    let mut lists =
        Offered { below: tree.children(division).into_iter().map(line).collect(), ..Offered::default() };
    let parent = node.parent.and_then(|parent| tree.get(parent));
    for other in tree.by_id.values() {
        if other.level == node.level && other.id != node.id && other.county == node.county {
            lists.beside.push(line(other));
        }
        if parent.is_some_and(|parent| parent.level == other.level && parent.id != other.id) {
            lists.above.push(line(other));
        }
    }
    lists.beside.sort_by(|a, b| a.2.cmp(&b.2));
    lists.above.sort_by(|a, b| a.2.cmp(&b.2));
    Ok(lists)
}

/// Families that live in a village, with their heads, for the form on which they are given to its parts. The look is written down.
///
/// # Errors
/// The database.
pub async fn families_of(
    office: &Office,
    actor: &Granted<ProposeStandard>,
    village: DivisionId,
) -> Result<Vec<(HouseholdId, String)>, OfficeError> {
    let families = Query::new(
        &actor.scope(),
        &HOUSEHOLD_COLUMNS,
        "SELECT h.id, p.name FROM household h LEFT JOIN membership m ON m.household_id = h.id AND m.head AND m.until_on IS NULL \
         AND m.superseded_at IS NULL LEFT JOIN person p ON p.id = m.person_id \
         WHERE {scope} AND h.division_id = ? AND h.closed_on IS NULL ORDER BY h.id",
    )
    .bind(village)
    .all_as(office.db(), |row| Ok((row.get("id")?, row.get::<Option<String>>("name")?.unwrap_or_default())))
    .await?;
    let entry = AuditEntry {
        division: Some(village),
        details: serde_json::json!({ "families": families.len() }),
        ..audited(office.now().at_ms(), actor.audit(), "division.families_listed", ("division", village.0))
    };
    office.db().audit_read(entry).await?;
    Ok(families)
}

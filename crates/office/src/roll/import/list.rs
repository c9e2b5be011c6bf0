//! Imports as pages show them.

use std::collections::BTreeMap;

use store::{Cursor, Page, Query};
use vocab::Fen;

use super::{IMPORT_COLUMNS, RollImportView, stopped};
use crate::access::{Granted, ManageRoll, Right};
use crate::roll::{RollImportId, RollTotals, business};
use crate::{Office, OfficeError};

/// Imports of one's own county and businesses, newest first.
///
/// # Errors
/// The database's.
pub async fn imports(
    office: &Office,
    actor: &Granted<ManageRoll>,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<RollImportView>, OfficeError> {
    let programmes = business::shown(&office.release(), actor, &[Right::ManageRoll], None);
    let own = if programmes.is_some() { " AND i.programme IN ({list})" } else { "" };
    let sql = format!(
        "SELECT i.id, i.name, i.programme, i.first_due_month, i.family_count, i.member_count, i.monthly_fen, i.state, i.imported_at, \
         i.imported_by, (SELECT COUNT(*) FROM roll_import_family f WHERE f.import_id = i.id AND f.entitlement_id IS NOT NULL AND NOT f.undone) \
         AS taken FROM roll_import i WHERE {{scope}} AND {{after}}{own} ORDER BY i.id DESC LIMIT ?"
    );
    let mut query = Query::new(&actor.scope(), &IMPORT_COLUMNS, sql);
    if let Some(programmes) = programmes {
        query = query.bind_list(programmes);
    }
    let mut page = query
        .after_descending(&["i.id"], cursor)
        .page(
            office.db(),
            size,
            |row| {
                Ok(RollImportView {
                    id: row.get("id")?,
                    name: row.get("name")?,
                    programme: row.get("programme")?,
                    first_due: row.get("first_due_month")?,
                    totals: RollTotals {
                        families: row.get("family_count")?,
                        members: row.get("member_count")?,
                        monthly: row.get::<Fen>("monthly_fen")?,
                    },
                    state: row.get("state")?,
                    stopped: None,
                    taken: row.get("taken")?,
                    refused: Vec::new(),
                    imported_at: row.get("imported_at")?,
                    imported_by: row.get("imported_by")?,
                })
            },
            |view| Cursor::new().integer(view.id),
        )
        .await?;
    let ids: Vec<RollImportId> = page.rows.iter().map(|view| view.id).collect();
    let mut refused: BTreeMap<RollImportId, Vec<(String, String)>> = BTreeMap::new();
    let rows: Vec<(RollImportId, String, String)> = Query::new(
        &actor.scope(),
        &IMPORT_COLUMNS,
        "SELECT f.import_id, f.family, f.refused FROM roll_import i JOIN roll_import_family f ON f.import_id = i.id \
         WHERE {scope} AND i.id IN ({list}) AND f.refused IS NOT NULL ORDER BY f.row_number LIMIT 1000",
    )
    .bind_list(ids)
    .all_as(office.db(), |row| Ok((row.get("import_id")?, row.get("family")?, row.get("refused")?)))
    .await?;
    for (import, family, reason) in rows {
        refused.entry(import).or_default().push((family, reason));
    }
    for view in &mut page.rows {
        view.refused = refused.remove(&view.id).unwrap_or_default();
        if matches!(view.state.as_str(), "importing" | "undoing") {
            view.stopped = stopped(office.db(), view.id).await?;
        }
    }
    Ok(page)
}

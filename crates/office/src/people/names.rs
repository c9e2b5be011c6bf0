//! Names of persons for lists whose rows were already found inside the reader's scope.

use std::collections::HashMap;

use store::{Connection, PersonId, Query};

use crate::OfficeError;

/// Names of persons. The caller has found the rows that name them within the actor's scope.
///
/// # Errors
/// The database.
pub async fn names(
    connection: &impl Connection,
    persons: impl IntoIterator<Item = PersonId>,
) -> Result<HashMap<PersonId, String>, OfficeError> {
    let mut ids: Vec<PersonId> = persons.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = Query::system(
        "names on rows that the reader may see",
        "SELECT p.id, p.name FROM person p WHERE p.id IN ({list})",
    )
    .bind_list(ids)
    .all_as(connection, |row| Ok((row.get("id")?, row.get("name")?)))
    .await?;
    Ok(rows.into_iter().collect())
}

//! Which division somebody means who writes a name or a code: forms that point at one and cannot list thousands.

use store::{Connection, DivisionId, Query};
use vocab::DivisionCode;

use super::{TREE, is_within, path};
use crate::OfficeError;

/// Divisions offered to choose from.
const OFFERED_MAX: usize = 12;

/// A division that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// The division.
    pub id: DivisionId,
    /// Statistical code.
    pub code: DivisionCode,
    /// Its name behind those above it, and from what it has become where an old name or code was written.
    pub name: String,
}

impl Meant {
    /// As it stands in a form: `海北街道〔150302002〕`; sent back, it is that one and no other.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}〔{}〕", self.name, self.code.as_str())
    }
}

/// What was typed, without the name that stands before a code in brackets.
#[must_use]
pub fn asked(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_suffix('〕').and_then(|rest| rest.rsplit_once('〔')).map_or(typed, |(_, code)| code.trim())
}

/// The divisions that a whole name or code means, those of before included; of several namesakes the only one in one's own area.
///
/// # Errors
/// The database.
pub async fn meant(
    connection: &impl Connection,
    own: DivisionId,
    asked: &str,
) -> Result<Vec<Meant>, OfficeError> {
    // What is stored is the statistical code; another division may have the same number in the ministry's list.
    let by_code = ["d.code = ?", "d.mca_code = ?"];
    let conditions = if asked.parse::<DivisionCode>().is_ok() { &by_code[..] } else { &["d.name = ?"] };
    let mut rows: Vec<(DivisionId, String)> = Vec::new();
    for condition in conditions {
        let sql = format!(
            "SELECT d.id, d.code FROM division d WHERE d.until_on IS NULL AND {condition} ORDER BY d.code LIMIT {OFFERED_MAX}"
        );
        rows = Query::system(TREE, sql)
            .bind(asked)
            .all_as(connection, |row| Ok((row.get("id")?, row.get("code")?)))
            .await?;
        if !rows.is_empty() {
            break;
        }
    }
    // A code or name of before: what has become of it is meant, and said.
    let mut before = "";
    if rows.is_empty() {
        let became = store::divisions::became(connection, asked).await?;
        rows = became.into_iter().map(|division| (division.id, division.code)).collect();
        before = asked;
    }
    let mut found = Vec::with_capacity(rows.len());
    for (id, code) in rows {
        let Ok(code) = code.parse() else { continue };
        let path = path(connection, id).await?;
        let mut name = path.iter().map(|division| division.name.as_str()).collect::<Vec<_>>().join(" ");
        if !before.is_empty() {
            name.push_str(&format!("（由原{before}调整而来）"));
        }
        found.push(Meant { id, code, name });
    }
    if found.len() > 1 {
        let mut own_places = Vec::new();
        for (place, one) in found.iter().enumerate() {
            if is_within(connection, own, one.id).await? {
                own_places.push(place);
            }
        }
        if let [only] = own_places.as_slice() {
            return Ok(vec![found.swap_remove(*only)]);
        }
    }
    Ok(found)
}

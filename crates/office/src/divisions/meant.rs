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

/// The divisions that words may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namesakes {
    /// To choose from, those of one's own area first.
    pub found: Vec<Meant>,
    /// How many there are; more than are found where a list of all is no help in choosing.
    pub all: usize,
}

impl Namesakes {
    /// What to say where there are more than are offered, and how to say exactly which one is meant.
    #[must_use]
    pub fn too_many(&self, asked: &str) -> Option<String> {
        let Namesakes { found, all } = self;
        let name = asked.split_whitespace().last().unwrap_or(asked);
        (*all > found.len()).then(|| {
            format!(
                "叫“{name}”的区划有{all}个，这里只列出前{}个。要找的不在里面的，请填写统计区划代码，或者连上级一起写，例如“海北街道 {name}”。",
                found.len()
            )
        })
    }
}

/// The divisions that a whole name or code means, those of before included; of several namesakes the only one in one's own area. A name may
/// stand behind names above it: `海北街道 幸福社区居委会`.
///
/// # Errors
/// The database.
pub async fn meant(
    connection: &impl Connection,
    own: DivisionId,
    asked: &str,
) -> Result<Namesakes, OfficeError> {
    let (mut rows, mut all) = present(connection, own, asked).await?;
    // A code or name of before: what has become of it is meant, and said.
    let mut before = "";
    if rows.is_empty() {
        let became = store::divisions::became(connection, asked).await?;
        rows = became.into_iter().map(|division| (division.id, division.code)).collect();
        all = rows.len();
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
            return Ok(Namesakes { found: vec![found.swap_remove(*only)], all: 1 });
        }
    }
    Ok(Namesakes { all: all.max(found.len()), found })
}

/// The divisions of today, as many as are offered and those of one's own area first, and how many there are.
async fn present(
    connection: &impl Connection,
    own: DivisionId,
    asked: &str,
) -> Result<(Vec<(DivisionId, String)>, usize), OfficeError> {
    let mut above: Vec<&str> = asked.split_whitespace().collect();
    let name = above.pop().unwrap_or(asked);
    // What is stored is the statistical code; another division may have the same number in the ministry's list.
    let by_code = ["d.code = ?", "d.mca_code = ?"];
    let conditions = if name.parse::<DivisionCode>().is_ok() { &by_code[..] } else { &["d.name = ?"] };
    for condition in conditions {
        let below = " AND EXISTS (SELECT 1 FROM division_closure c JOIN division a ON a.id = c.ancestor_id \
             WHERE c.descendant_id = d.id AND c.depth > 0 AND a.name = ?)"
            .repeat(above.len());
        let from = format!("FROM division d WHERE d.until_on IS NULL AND {condition}{below}");
        let of = |sql: String| {
            let query = Query::system(TREE, sql).bind(name);
            above.iter().fold(query, |query, name| query.bind(*name))
        };
        let rows: Vec<(DivisionId, String)> = of(format!(
            "SELECT d.id, d.code {from} ORDER BY CASE WHEN EXISTS (SELECT 1 FROM division_closure o WHERE o.ancestor_id = ? \
             AND o.descendant_id = d.id) THEN 0 ELSE 1 END, d.code LIMIT {OFFERED_MAX}"
        ))
        .bind(own)
        .all_as(connection, |row| Ok((row.get("id")?, row.get("code")?)))
        .await?;
        if rows.is_empty() {
            continue;
        }
        let mut all = rows.len();
        if all == OFFERED_MAX {
            let counted: i64 = of(format!("SELECT COUNT(*) {from}")).scalar(connection).await?;
            all = usize::try_from(counted).unwrap_or(usize::MAX);
        }
        return Ok((rows, all));
    }
    Ok((Vec::new(), 0))
}

//! The living tree, read whole: what changes are checked against.

use std::collections::HashMap;

use chrono::NaiveDate;
use store::{Connection, DivisionId, Query};
use vocab::Level;

use super::TREE;
use crate::OfficeError;

/// A living division.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub id: DivisionId,
    pub code: String,
    pub mca_code: Option<String>,
    pub name: String,
    pub level: Level,
    pub parent: Option<DivisionId>,
    pub county: Option<DivisionId>,
    /// Since when it is what it is.
    pub since: Option<NaiveDate>,
}

/// The living tree.
pub(super) struct Tree {
    pub by_id: HashMap<DivisionId, Node>,
}

impl Tree {
    pub async fn read(connection: &impl Connection) -> Result<Tree, OfficeError> {
        let rows = Query::system(
            TREE,
            "SELECT d.id, d.code, d.mca_code, d.name, d.level, d.parent_id, d.county_id, COALESCE(d.since_on, d.from_on) AS since \
             FROM division d WHERE d.until_on IS NULL",
        )
        .all(connection)
        .await?;
        let mut by_id = HashMap::with_capacity(rows.len());
        for row in rows {
            let level: String = row.get("level")?;
            let node = Node {
                id: row.get("id")?,
                code: row.get("code")?,
                mca_code: row.get("mca_code")?,
                name: row.get("name")?,
                level: level
                    .parse()
                    .map_err(|error: vocab::VocabError| OfficeError::Internal(error.to_string()))?,
                parent: row.get("parent_id")?,
                county: row.get("county_id")?,
                since: row.get("since")?,
            };
            by_id.insert(node.id, node);
        }
        Ok(Tree { by_id })
    }

    pub fn get(&self, id: DivisionId) -> Option<&Node> {
        self.by_id.get(&id)
    }

    pub fn by_code(&self, code: &str) -> Option<&Node> {
        self.by_id.values().find(|node| node.code == code)
    }

    /// Directly below, by code.
    pub fn children(&self, id: DivisionId) -> Vec<&Node> {
        let mut found: Vec<&Node> = self.by_id.values().filter(|node| node.parent == Some(id)).collect();
        found.sort_by(|a, b| a.code.cmp(&b.code));
        found
    }

    /// Itself and everything below.
    pub fn below(&self, id: DivisionId) -> Vec<&Node> {
        let mut found: Vec<&Node> = self.get(id).into_iter().collect();
        let mut at = 0;
        while let Some(node) = found.get(at) {
            let below = self.children(node.id);
            found.extend(below);
            at += 1;
        }
        found
    }

    /// Whether one lies strictly below another.
    pub fn is_below(&self, id: DivisionId, above: DivisionId) -> bool {
        let mut next = self.get(id).and_then(|node| node.parent);
        while let Some(here) = next {
            if here == above {
                return true;
            }
            next = self.get(here).and_then(|node| node.parent);
        }
        false
    }
}

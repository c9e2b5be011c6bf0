//! Reading a statement's text: where the placeholders and markers stand, what kind of statement it is, and whether it
//! keeps its scope. Literals, quoted names and comments are passed over as they are.

use crate::error::{Result, StoreError};

/// A stretch of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Sql(String),
    /// `?`
    Bind,
    /// `{list}`: the values of one `bind_list`, separated by commas
    List,
    /// `{scope}`
    Scope,
    /// `{after}`: the keyset predicate
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Insert,
    Change,
}

#[derive(Debug)]
pub(crate) struct Text {
    pub pieces: Vec<Piece>,
    pub kind: Kind,
    /// Why the text may not run outside [`crate::Scope::System`], if so.
    pub unscoped: Option<String>,
}

/// Read a text.
pub(crate) fn read(sql: &str) -> Result<Text> {
    let mut reader = Reader::default();
    reader.walk(sql)?;
    reader.judge(sql)
}

/// Only the pieces, for scope predicates, which are no statements.
pub(crate) fn pieces(sql: &str) -> Result<Vec<Piece>> {
    let mut reader = Reader::default();
    reader.walk(sql)?;
    reader.flush();
    Ok(reader.pieces)
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    plain: String,
    words: Vec<String>,
    /// The brackets that are open, each with a number of its own.
    open: Vec<usize>,
    brackets: usize,
    scope_groups: Vec<usize>,
    or_groups: Vec<usize>,
}

impl Reader {
    fn walk(&mut self, sql: &str) -> Result<()> {
        let bytes = sql.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &sql[at..];
            let taken = match bytes[at] {
                quote @ (b'\'' | b'"') => quoted(rest, quote)?,
                b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
                b'/' if rest.starts_with("/*") => rest
                    .find("*/")
                    .map(|end| end + 2)
                    .ok_or_else(|| StoreError::Invalid("a comment without end".to_owned()))?,
                b'?' => {
                    self.push(Piece::Bind);
                    at += 1;
                    continue;
                }
                b'{' => {
                    let end =
                        rest.find('}').ok_or_else(|| StoreError::Invalid("a { without }".to_owned()))?;
                    self.marker(&rest[1..end])?;
                    at += end + 1;
                    continue;
                }
                b';' if rest[1..].trim().is_empty() => break,
                b';' => return Err(StoreError::Invalid("two statements in one text".to_owned())),
                b'(' => {
                    self.brackets += 1;
                    self.open.push(self.brackets);
                    1
                }
                b')' => {
                    self.open.pop();
                    1
                }
                first if first.is_ascii_alphabetic() || first == b'_' => {
                    let word: &str = &rest[..rest
                        .find(|sign: char| !(sign.is_alphanumeric() || sign == '_' || sign == '$'))
                        .unwrap_or(rest.len())];
                    self.word(word);
                    word.len()
                }
                _ => rest.chars().next().map_or(1, char::len_utf8),
            };
            self.plain.push_str(&rest[..taken]);
            at += taken;
        }
        Ok(())
    }

    fn group(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn word(&mut self, word: &str) {
        let word = word.to_ascii_uppercase();
        if word == "OR" {
            self.or_groups.push(self.group());
        }
        self.words.push(word);
    }

    fn marker(&mut self, name: &str) -> Result<()> {
        let piece = match name {
            "scope" => {
                self.scope_groups.push(self.group());
                Piece::Scope
            }
            "list" => Piece::List,
            "after" => Piece::After,
            other => return Err(StoreError::Invalid(format!("unknown marker {{{other}}}"))),
        };
        self.push(piece);
        Ok(())
    }

    fn push(&mut self, piece: Piece) {
        self.flush();
        self.pieces.push(piece);
    }

    fn flush(&mut self) {
        if !self.plain.is_empty() {
            self.pieces.push(Piece::Sql(std::mem::take(&mut self.plain)));
        }
    }

    fn judge(mut self, sql: &str) -> Result<Text> {
        self.flush();
        let has = |word: &str| self.words.iter().any(|other| other == word);
        let kind = match self.words.first().map_or("", String::as_str) {
            "SELECT" => Kind::Read,
            "INSERT" => Kind::Insert,
            "UPDATE" | "DELETE" => Kind::Change,
            "WITH" if has("INSERT") || has("UPDATE") || has("DELETE") => Kind::Change,
            "WITH" => Kind::Read,
            other => {
                return Err(StoreError::Invalid(format!(
                    "{other} is no SELECT, INSERT, UPDATE or DELETE; a change of the schema is a migration"
                )));
            }
        };
        // An INSERT of plain values shows nothing; one that reads or that changes a row already there may reach next door.
        let needs_scope = kind != Kind::Insert || has("SELECT") || (has("CONFLICT") && has("UPDATE"));
        let arms = 1 + self
            .words
            .iter()
            .filter(|word| matches!(word.as_str(), "UNION" | "INTERSECT" | "EXCEPT"))
            .count();
        let unscoped = if !needs_scope {
            None
        } else if self.scope_groups.is_empty() {
            Some(format!("the text has no {{scope}}: {sql}"))
        } else if self.scope_groups.len() < arms {
            Some(format!("an arm of the set operation has no {{scope}}: {sql}"))
        } else if self.or_groups.iter().any(|group| self.scope_groups.contains(group)) {
            Some(format!("an OR beside {{scope}} would open it; put brackets around the OR: {sql}"))
        } else {
            None
        };
        Ok(Text { pieces: self.pieces, kind, unscoped })
    }
}

/// The length of a quoted literal or name; a doubled quote stands for one.
fn quoted(text: &str, quote: u8) -> Result<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) == Some(&quote) {
                at += 1;
            } else {
                return Ok(at + 1);
            }
        }
        at += 1;
    }
    Err(StoreError::Invalid("a quote without end".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unscoped(sql: &str) -> bool {
        read(sql).unwrap().unscoped.is_some()
    }

    #[test]
    fn literals_and_comments_hide_markers() {
        let text =
            read("SELECT '{scope} ? it''s', \"a?\" -- {scope} ?\n /* ? */ FROM t WHERE a = ?").unwrap();
        assert_eq!(text.pieces.iter().filter(|piece| **piece == Piece::Bind).count(), 1);
        assert!(text.unscoped.is_some());
        assert!(!unscoped("SELECT '它的' FROM t WHERE {scope} AND name = '或?'"));
    }

    #[test]
    fn a_scope_cannot_be_opened() {
        assert!(unscoped("SELECT 1 FROM t"));
        assert!(unscoped("UPDATE t SET a = 1 WHERE id = ?"));
        assert!(unscoped("DELETE FROM t"));
        assert!(unscoped("SELECT 1 FROM t WHERE {scope} OR a = 1"));
        assert!(!unscoped("SELECT 1 FROM t WHERE {scope} AND (a = 1 OR b = 2)"));
        assert!(unscoped("SELECT 1 FROM t WHERE ({scope} or a = 1)"));
        assert!(unscoped("SELECT 1 FROM t WHERE {scope} UNION ALL SELECT 2 FROM u"));
        assert!(!unscoped("SELECT 1 FROM t WHERE {scope} UNION ALL SELECT 2 FROM u WHERE {scope}"));
        assert!(!unscoped("INSERT INTO t (a) VALUES (?)"));
        assert!(unscoped("INSERT INTO t (a) SELECT b FROM u"));
        assert!(unscoped("INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO UPDATE SET a = 2"));
        assert!(!unscoped("INSERT INTO t (a) VALUES (?) ON CONFLICT (a) DO NOTHING"));
        assert!(unscoped("WITH x AS (DELETE FROM t RETURNING id) INSERT INTO u VALUES (1)"));
    }

    #[test]
    fn one_statement_of_four_kinds() {
        assert!(read("SELECT 1; DELETE FROM t").is_err());
        assert!(read("SELECT 1 ; ").is_ok());
        assert!(read("DROP TABLE t").is_err());
        assert!(read("PRAGMA foreign_keys = off").is_err());
        assert!(read("SELECT {table}").is_err());
        assert!(read("SELECT 'open").is_err());
        assert_eq!(read("WITH a AS (SELECT 1) SELECT * FROM a").unwrap().kind, Kind::Read);
    }
}

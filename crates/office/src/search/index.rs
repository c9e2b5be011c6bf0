//! The index behind the search box: one full-text table for the records of all registers and for the divisions.
//!
//! A title is kept as ASCII words, so that both databases cut it alike: each pair of neighbouring characters, each three neighbouring
//! pinyin initials, the whole title, the numbers by which a thing is known, the ends of long numbers, blind words of sealed ones.
//! What was typed becomes the same words and all of them must be there: every word is looked up whole, so a search walks no further
//! than its rarest word, and no prefix is ever spread out. The kind and the divisions above are words too: they put right and scope
//! into the index. A row of the index says nothing but an id; what it stands for is read again in the reader's scope.

use std::collections::BTreeSet;

use pinyin::ToPinyin;
use sm3::{Digest, Sm3};
use store::{Backend, Connection, DivisionId, Keys, Query, Tx};
use vocab::{CitizenId, Phone};

use crate::OfficeError;
use crate::people::readings;

/// Rows of one kind are numbered from its own number times this.
const STEP: i64 = 1_000_000_000_000;
/// The kind of the divisions; a register is called by its id, and none may be called so.
pub(crate) const DIVISIONS: &str = "division";
/// Characters of a title, or of what was typed, that are looked at.
const SIGNS_MAX: usize = 60;
/// Numbers as long as this are found by their ends too.
const LONG: usize = 8;
const INDEX: &str = "the index says no more than ids; what they stand for is read again in scope";

/// The characters that count.
fn signs(text: &str) -> Vec<char> {
    let counting = text.chars().filter(|sign| sign.is_alphanumeric());
    counting.flat_map(char::to_lowercase).take(SIGNS_MAX).collect()
}

fn pair(one: char, other: char) -> String {
    format!("c{:x}g{:x}", u32::from(one), u32::from(other))
}

/// A word for a text of any length.
fn hashed(sign: char, text: &str) -> String {
    format!("{sign}{}", &hex::encode(Sm3::digest(text.as_bytes()))[..20])
}

fn number(text: &str) -> Option<String> {
    let signs: String = signs(text).into_iter().collect();
    (!signs.is_empty()).then(|| if signs.is_ascii() { format!("k{signs}") } else { hashed('k', &signs) })
}

fn ends(text: &str) -> Vec<String> {
    let signs: String = signs(text).into_iter().collect();
    if signs.len() < LONG || !signs.is_ascii() {
        return Vec::new();
    }
    [4, 5, 6].map(|length| format!("t{}", &signs[signs.len() - length..])).to_vec()
}

/// The first letters of the pinyin; letters and digits stand for themselves.
fn initials(signs: &[char]) -> String {
    let first = |sign: &char| match sign.to_pinyin() {
        Some(syllable) => syllable.first_letter().chars().next(),
        None => sign.is_ascii_alphanumeric().then_some(*sign),
    };
    signs.iter().filter_map(first).collect()
}

/// The pinyin initials of a text.
pub(crate) fn initials_of(text: &str) -> String {
    initials(&signs(text))
}

/// Words of neighbouring initials: of three, and of two where there are no more than four, so that 张三 is found by zs.
fn runs(initials: &str) -> Vec<String> {
    let mut runs: Vec<String> = windows(initials, 3);
    if initials.len() <= 4 {
        runs.extend(windows(initials, 2));
    }
    runs
}

fn windows(letters: &str, length: usize) -> Vec<String> {
    letters.as_bytes().windows(length).map(|run| format!("i{}", String::from_utf8_lossy(run))).collect()
}

/// The words under which something is found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words(BTreeSet<String>);

impl Words {
    /// The words of a title.
    pub fn of(title: &str) -> Words {
        let signs = signs(title);
        let mut words = BTreeSet::new();
        let Some(first) = signs.first() else { return Words(words) };
        words.insert(hashed('x', &signs.iter().collect::<String>()));
        words.extend(signs.windows(2).map(|two| pair(two[0], two[1])));
        if signs.len() == 1 {
            words.insert(pair(*first, *first));
        }
        words.extend(runs(&initials(&signs)));
        // As a name is read: 单 is shan, 重庆 begins with ch.
        let named: String = readings(title).iter().filter_map(|reading| reading.chars().next()).collect();
        words.extend(runs(&named));
        Words(words)
    }

    /// Another title under which it is found: one that it bore before.
    pub fn also(&mut self, title: &str) {
        self.0.extend(Words::of(title).0);
    }

    /// A number by which it is known: a code, a credit code, a name that is its key.
    pub fn number(&mut self, text: &str) {
        self.0.extend(number(text));
        self.0.extend(ends(text));
    }

    /// The code of a place: found whole, short and filled up to twelve digits.
    pub fn code(&mut self, code: &str) {
        self.0.extend(number(code));
        self.0.extend(number(&format!("{code:0<12}")));
    }

    /// A number that is sealed: found whole, and a citizen ID by its last four.
    pub fn sealed(&mut self, keys: &Keys, canonical: &str) {
        self.0.insert(blind(keys, canonical));
        if let Ok(id) = canonical.parse::<CitizenId>() {
            self.0.insert(blind(keys, &id.last_four().to_uppercase()));
        }
    }

    fn text(&self) -> String {
        self.0.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn blind(keys: &Keys, text: &str) -> String {
    format!("b{}", &keys.blind("search.number", text)[..32])
}

/// What was typed, as ways of being meant: all words of one of them must be there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    exact: String,
    ways: Vec<Vec<String>>,
}

impl Asked {
    /// Reads what was typed; none for less than two characters.
    pub fn read(keys: &Keys, text: &str) -> Option<Asked> {
        let mut asked = Asked::title(text)?;
        let whole: String = signs(text).into_iter().collect();
        let ways = &mut asked.ways;
        if whole.bytes().all(|sign| sign.is_ascii_alphanumeric()) {
            if (4..=6).contains(&whole.len()) {
                ways.push(vec![format!("t{whole}")]);
            }
            if whole.len() == 4 {
                ways.push(vec![blind(keys, &whole.to_uppercase())]);
            }
            if let Ok(id) = whole.to_uppercase().parse::<CitizenId>() {
                ways.push(vec![blind(keys, id.expose())]);
            }
            if let Ok(phone) = whole.parse::<Phone>() {
                ways.push(vec![blind(keys, phone.expose())]);
            }
        }
        ways.push(vec![number(&whole)?]);
        Some(asked)
    }

    /// Reads what was typed as a part of a title or its initials, and as no number.
    pub fn title(text: &str) -> Option<Asked> {
        let signs = signs(text);
        if signs.len() < 2 {
            return None;
        }
        let whole: String = signs.iter().collect();
        let mut ways = vec![signs.windows(2).map(|two| pair(two[0], two[1])).collect::<Vec<_>>()];
        let ascii = whole.bytes().all(|sign| sign.is_ascii_alphanumeric());
        if ascii && whole.bytes().any(|sign| sign.is_ascii_alphabetic()) {
            ways.push(windows(&whole, whole.len().min(3)));
        }
        for way in &mut ways {
            way.sort_unstable();
            way.dedup();
        }
        Some(Asked { exact: hashed('x', &whole), ways })
    }

    /// The full-text expression: this text, of these kinds, at or below this division (none: everywhere).
    pub fn expression(
        &self,
        backend: Backend,
        which: Which,
        kinds: &Kinds,
        below: Option<DivisionId>,
    ) -> String {
        let (and, or, not) = match backend {
            Backend::Sqlite => ("AND", "OR", "NOT"),
            Backend::Postgres => ("&", "|", "& !"),
        };
        let any = |words: &[String]| words.join(&format!(" {or} "));
        let ways: Vec<String> =
            self.ways.iter().map(|way| format!("({})", way.join(&format!(" {and} ")))).collect();
        let below = below.map(|division| format!(" {and} d{}", division.0)).unwrap_or_default();
        let kind = |ids: &[i64]| ids.iter().map(|id| format!("r{id}")).collect::<Vec<_>>();
        let of = match kinds {
            Kinds::Only(ids) => format!(" {and} ({})", any(&kind(ids))),
            Kinds::All | Kinds::AllBut(_) => String::new(),
        };
        let mut without = match kinds {
            Kinds::AllBut(ids) => kind(ids),
            Kinds::Only(_) | Kinds::All => Vec::new(),
        };
        let wanted = match which {
            Which::Exact => self.exact.clone(),
            Which::Others => {
                without.push(self.exact.clone());
                any(&ways)
            }
            Which::Any => any(&ways),
        };
        let asked = format!("(({wanted}){of}{below})");
        if without.is_empty() { asked } else { format!("{asked} {not} ({})", any(&without)) }
    }
}

/// What of the matches is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Whose title is exactly this.
    Exact,
    /// The others.
    Others,
    /// All.
    Any,
}

/// Kinds of things, by number; never none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// These.
    Only(Vec<i64>),
    /// All but these.
    AllBut(Vec<i64>),
    /// All.
    All,
}

/// Something found: its kind and its id.
pub(crate) type Hit = (i64, i64);

/// Things in the order of kind and id, behind a place of the index; no more than `cap` are looked at.
pub(crate) async fn hits(
    connection: &impl Connection,
    expression: String,
    after: i64,
    limit: usize,
    cap: usize,
) -> Result<Vec<i64>, OfficeError> {
    let matching = match connection.backend() {
        // Of the whole table: without places a column cannot be asked for.
        Backend::Sqlite => "s.search_words MATCH ?",
        Backend::Postgres => "s.words @@ to_tsquery('simple', ?)",
    };
    // The limit inside keeps a frequent word from being read to its end.
    let sql = format!(
        "SELECT c.id FROM (SELECT s.rowid AS id FROM search_words s WHERE {matching} LIMIT {cap}) AS c \
         WHERE c.id > ? ORDER BY c.id LIMIT ?"
    );
    Ok(Query::system(INDEX, sql).bind(expression).bind(after).bind(limit).scalars(connection).await?)
}

/// Kind and id of a row of the index.
pub(crate) fn hit(row: i64) -> Hit {
    (row / STEP, row % STEP)
}

/// The row of a kind and an id.
pub(crate) fn row(kind: i64, id: i64) -> i64 {
    kind * STEP + id
}

/// The kinds that there are: name, number, whether all of it is in the index.
pub(crate) async fn kinds(connection: &impl Connection) -> Result<Vec<(String, i64, bool)>, OfficeError> {
    Ok(Query::system(INDEX, "SELECT k.name, k.id, k.filled FROM search_kind k")
        .all_as(connection, |row| Ok((row.get("name")?, row.get("id")?, row.get("filled")?)))
        .await?)
}

/// Gives each name a number that has none; those that are new are filled when there is nothing of them yet.
pub(crate) async fn name_kinds(tx: &Tx, names: &[(&str, bool)]) -> Result<(), OfficeError> {
    let known = kinds(tx).await?;
    let fresh = names.iter().filter(|(name, _)| known.iter().all(|(known, ..)| known != name));
    let rows: Vec<Vec<store::Value>> =
        fresh.map(|(name, filled)| store::values![(*name).to_owned(), *filled]).collect();
    store::insert_many(&store::Scope::System(INDEX), tx, "search_kind", &["name", "filled"], rows).await?;
    Ok(())
}

/// Says of a kind, or of all, whether all of it is in the index.
pub(crate) async fn filled(
    connection: &impl Connection,
    kind: Option<&str>,
    filled: bool,
) -> Result<(), OfficeError> {
    let query = match kind {
        Some(kind) => {
            Query::system(INDEX, "UPDATE search_kind SET filled = ? WHERE name = ?").bind(filled).bind(kind)
        }
        None => Query::system(INDEX, "UPDATE search_kind SET filled = ?").bind(filled),
    };
    query.execute(connection).await?;
    Ok(())
}

/// Writes the words of something that is not in the index yet.
pub(crate) async fn add(
    tx: &Tx,
    kind: &str,
    id: i64,
    division: Option<DivisionId>,
    words: &Words,
) -> Result<(), OfficeError> {
    let text = "? || ' r' || CAST(k.id AS TEXT) || coalesce((SELECT string_agg(' d' || CAST(c.ancestor_id AS TEXT), '') \
                FROM division_closure c WHERE c.descendant_id = ?), '')";
    let words_of = match tx.backend() {
        Backend::Sqlite => text.to_owned(),
        // Without places: no phrase is ever asked for.
        Backend::Postgres => format!("strip(to_tsvector('simple', {text}))"),
    };
    let sql = format!(
        "INSERT INTO search_words (rowid, words) SELECT k.id * {STEP} + ?, {words_of} FROM search_kind k WHERE k.name = ?"
    );
    Query::system(INDEX, sql).bind(id).bind(words.text()).bind(division).bind(kind).execute(tx).await?;
    Ok(())
}

/// Writes the words of something again.
pub(crate) async fn replace(
    tx: &Tx,
    kind: &str,
    id: i64,
    division: Option<DivisionId>,
    words: &Words,
) -> Result<(), OfficeError> {
    let sql = format!(
        "DELETE FROM search_words WHERE rowid = (SELECT k.id * {STEP} + ? FROM search_kind k WHERE k.name = ?)"
    );
    Query::system(INDEX, sql).bind(id).bind(kind).execute(tx).await?;
    add(tx, kind, id, division, words).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Asked {
        Asked::read(&Keys::generate().unwrap(), text).unwrap()
    }

    fn finds(title: &str, text: &str) -> bool {
        let words = Words::of(title);
        asked(text).ways.iter().any(|way| way.iter().all(|word| words.0.contains(word)))
    }

    #[test]
    fn a_title_is_found_by_any_run_of_its_characters_and_of_its_initials() {
        let title = "乌海市吉祥养老院 A-12号床";
        for text in [
            "吉祥",
            "养老院",
            "祥养老院a12",
            "jxyl",
            "whsjxylya12hc",
            "YLY",
            "A12",
            "乌海市吉祥养老院A12号床",
        ] {
            assert!(finds(title, text), "{text}");
        }
        for text in ["如意", "吉养", "jy", "yl", "lyx", "12床"] {
            assert!(!finds(title, text), "{text}");
        }
        assert!(
            finds("张三", "zs") && finds("单县路", "sxl") && finds("单县路", "dxl") && finds("重庆路", "cql")
        );
        assert_eq!(Asked::read(&Keys::generate().unwrap(), "养"), None);
    }

    #[test]
    fn a_number_is_found_whole_and_by_its_end() {
        let keys = Keys::generate().unwrap();
        let mut words = Words::of("吉祥养老院");
        words.number("91150300MA0Q3AB12X");
        words.sealed(&keys, "13912345678");
        let by = |text: &str| {
            Asked::read(&keys, text)
                .unwrap()
                .ways
                .iter()
                .any(|way| way.iter().all(|word| words.0.contains(word)))
        };
        assert!(by("91150300ma0q3ab12x") && by("B12X") && by("3AB12X") && by("139 1234 5678"));
        assert!(!by("91150300") && !by("5678") && !by("13912345679"));
    }

    #[test]
    fn an_expression_carries_kind_and_division() {
        let asked = asked("吉祥");
        let sqlite =
            asked.expression(Backend::Sqlite, Which::Any, &Kinds::Only(vec![3]), Some(DivisionId(7)));
        assert!(sqlite.ends_with("AND (r3) AND d7)"), "{sqlite}");
        let postgres = asked.expression(Backend::Postgres, Which::Others, &Kinds::AllBut(vec![3, 4]), None);
        assert!(postgres.contains("& ! (r3 | r4 | x"), "{postgres}");
    }
}

//! The `database` layer: standards and rules released on pages, and what became of divisions, written as a pack on top of the packs from
//! files.

use std::collections::BTreeMap;

use catalogue::definition::{DivisionChange, DivisionLevel, Scalar, ValueKind};
use catalogue::{Finding, KnownValue, Layer, LoadOptions, PackFiles, Release, part_key};
use chrono::{Days, NaiveDate};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};
use vocab::Month;

use super::rule_part::RulePart;
use super::table_cell::TableCell;

/// Id of the pack, its folder when exported.
const PACK: &str = "database";
const STANDARDS: &str = "standards.toml";
const RULES: &str = "rules.toml";
const DIVISIONS: &str = "divisions.toml";

/// A value that holds in a division from a day, of a parameter or a row of a table, or a text of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReleasedValue {
    /// As [`super::Subject`] reads it.
    pub parameter: String,
    /// Division code.
    pub division: String,
    pub from: NaiveDate,
    /// Last day for which the document states it.
    pub stated_until: Option<NaiveDate>,
    /// As [`canonical`] writes it.
    pub value: String,
    /// As [`source`] writes it.
    pub source: String,
}

impl ReleasedValue {
    /// Whether the two say what holds from the same day in the same division.
    pub fn same_place(&self, other: &ReleasedValue) -> bool {
        (&self.parameter, &self.division, self.from) == (&other.parameter, &other.division, other.from)
    }
}

/// The source of a value as packs and pages print it.
pub(super) fn source(title: &str, number: &str) -> String {
    if number.is_empty() { title.to_owned() } else { format!("《{title}》（{number}）") }
}

/// Title and number out of a source; a source of another form is all title.
pub(super) fn document(source: &str) -> (&str, &str) {
    source
        .strip_prefix('《')
        .and_then(|rest| rest.strip_suffix('）'))
        .and_then(|rest| rest.rsplit_once("》（"))
        .filter(|(title, number)| !title.is_empty() && !number.is_empty())
        .unwrap_or((source, ""))
}

/// A value as the database keeps it: `true`, `760.5`, `2026-07-01`, `gap`.
pub(super) fn canonical(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Boolean(yes) => yes.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Date(date) => date.to_string(),
        Scalar::Text(text) => text.clone(),
    }
}

/// The values that the release's own database layer gives.
pub(super) fn values_of(release: &Release) -> Vec<ReleasedValue> {
    let mut values = Vec::new();
    let mut add = |subject: &str, history: Vec<KnownValue<'_>>| {
        for known in history {
            if let (Layer::Database, Some(division)) = (known.layer, known.division) {
                values.push(ReleasedValue {
                    parameter: subject.to_owned(),
                    division: division.to_owned(),
                    from: known.from,
                    stated_until: known.stated_until,
                    value: canonical(known.value),
                    source: known.source.to_owned(),
                });
            }
        }
    };
    for parameter in release.parameters.iter() {
        add(&parameter.id, release.parameter_history(&parameter.id));
    }
    for table in release.tables.iter() {
        for code in release.keys(&table.id) {
            let cell = TableCell { table: &table.id, key: &code.code };
            add(&cell.written(), release.cell_history(cell.table, cell.key));
        }
    }
    let whole = release.home().or_else(|| release.places.iter().next().map(|place| place.code.as_str()));
    for amended in &release.amended {
        let texts = amended.texts.iter().filter(|text| text.on_page);
        values.extend(texts.filter_map(|text| {
            Some(ReleasedValue {
                parameter: RulePart { programme: &amended.programme, part: amended.part.clone() }.written(),
                division: whole?.to_owned(),
                from: text.from?,
                stated_until: None,
                value: text.text.clone(),
                source: text.source.clone(),
            })
        }));
    }
    values
}

/// The release with these values, later ones before earlier ones of the same place and day, in place of its own
/// database layer, whose changes of divisions stay and are joined by these. Checked like any release.
///
/// # Errors
/// Everything the catalogue finds wrong.
pub(super) fn build(
    base: &Release,
    values: &[ReleasedValue],
    changes: &[DivisionChange],
    options: LoadOptions,
) -> Result<Release, Vec<Finding>> {
    let own = base.packs.iter().position(|pack| pack.head.layer == Layer::Database);
    let mut packs = base.pack_files();
    if let Some(own) = own {
        packs.remove(own);
    }
    packs.push(pack(base, values, changes));
    Release::from_packs(packs, options)
}

fn pack(base: &Release, values: &[ReleasedValue], changes: &[DivisionChange]) -> PackFiles {
    let mut latest: BTreeMap<(&str, &str, NaiveDate), &ReleasedValue> = BTreeMap::new();
    for released in values {
        // A place that no longer exists keeps its past; nothing new is decided there.
        if base.places.is_known(&released.division) {
            latest.insert((&released.parameter, &released.division, released.from), released);
        }
    }
    let (mut tables, mut cells, mut texts) =
        (ArrayOfTables::new(), ArrayOfTables::new(), ArrayOfTables::new());
    for released in latest.values() {
        match (RulePart::read(&released.parameter), TableCell::read(&released.parameter)) {
            (Some(part), _) => texts.push(amendment(&part, released)),
            (None, Some(cell)) => cells.push(row(&cell, released, until(base, released, &latest))),
            (None, None) => tables.push(written(base, released, until(base, released, &latest))),
        }
    }
    let mut rules = DocumentMut::new();
    rules
        .decor_mut()
        .set_prefix("# 由系统按已发布的规则变更生成。改动请在「规则变更」页面提出并由另一人发布。\n\n");
    if !texts.is_empty() {
        rules.insert("amendment", Item::ArrayOfTables(texts));
    }
    let mut standards = DocumentMut::new();
    standards
        .decor_mut()
        .set_prefix("# 由系统按已发布的标准生成。改动请在「标准」页面提出并由另一人发布。\n\n");
    if !tables.is_empty() {
        standards.insert("value", Item::ArrayOfTables(tables));
    }
    if !cells.is_empty() {
        standards.insert("table_value", Item::ArrayOfTables(cells));
    }
    let mut head = DocumentMut::new();
    head.insert("id", value(PACK));
    head.insert("title", value("页面上发布的标准"));
    head.insert("layer", value("database"));
    let mut files = BTreeMap::from([
        ("pack.toml".to_owned(), head.to_string()),
        (STANDARDS.to_owned(), standards.to_string()),
    ]);
    // Left out while there is none: the hash of what stood before rules could be changed stays.
    if !rules.is_empty() {
        files.insert(RULES.to_owned(), rules.to_string());
    }
    let own = base.division_changes.iter().filter(|change| {
        let pack = base.packs.get(change.place.pack);
        pack.is_some_and(|pack| pack.head.layer == Layer::Database)
    });
    let mut divisions: Vec<&DivisionChange> = own.map(|change| &**change).collect();
    for change in changes {
        if !divisions.contains(&change) {
            divisions.push(change);
        }
    }
    if !divisions.is_empty() {
        files.insert(DIVISIONS.to_owned(), of_divisions(&divisions));
    }
    PackFiles::new("页面发布", files)
}

fn of_divisions(changes: &[&DivisionChange]) -> String {
    let mut tables = ArrayOfTables::new();
    for change in changes {
        let mut table = Table::new();
        table.insert("from", day(change.from));
        let texts = [("was", &change.was), ("code", &change.code), ("mca_code", &change.mca_code)];
        for (key, text) in texts {
            if let Some(text) = text {
                table.insert(key, value(text.as_str()));
            }
        }
        if change.code.is_some() {
            table.insert("name", value(change.name.as_str()));
            if let Some(level) = change.level {
                table.insert("level", value(level_name(level)));
            }
            if let Some(parent) = &change.parent {
                table.insert("parent", value(parent.as_str()));
            }
            if change.community {
                table.insert("community", value(true));
            }
        } else {
            let followed: toml_edit::Array = change.followed_by.iter().map(String::as_str).collect();
            table.insert("followed_by", value(followed));
        }
        table.insert("source", value(change.source.as_str()));
        tables.push(table);
    }
    let mut document = DocumentMut::new();
    document
        .decor_mut()
        .set_prefix("# 由系统按已生效的行政区划调整生成。改动请在「行政区划」页面提出并由另一人批准。\n\n");
    document.insert("division_change", Item::ArrayOfTables(tables));
    document.to_string()
}

fn level_name(level: DivisionLevel) -> &'static str {
    match level {
        DivisionLevel::Province => "province",
        DivisionLevel::Prefecture => "prefecture",
        DivisionLevel::County => "county",
        DivisionLevel::Township => "township",
        DivisionLevel::Village => "village",
    }
}

/// A value ends the day before the next one for the same place begins, whichever layer gives that: a value entered late for
/// the past does not push out what a pack says of today.
fn until(
    base: &Release,
    released: &ReleasedValue,
    latest: &BTreeMap<(&str, &str, NaiveDate), &ReleasedValue>,
) -> Option<NaiveDate> {
    let history = history_of(base, &released.parameter);
    let packs = history
        .iter()
        .filter(|known| known.layer != Layer::Database && known.division == Some(released.division.as_str()))
        .map(|known| known.from);
    let pages = latest
        .keys()
        .filter(|key| key.0 == released.parameter && key.1 == released.division)
        .map(|key| key.2);
    // What is published for a month is true of that month, whatever comes after it.
    let own = base.parameters.get(&released.parameter).filter(|parameter| parameter.monthly);
    let own = own.map(|_| Month::containing(released.from).last_day());
    let next = packs.chain(pages).filter(|from| *from > released.from).min();
    [next.and_then(|next| next.checked_sub_days(Days::new(1))), own].into_iter().flatten().min()
}

/// Every value of a parameter or a row of a table.
pub(super) fn history_of<'a>(release: &'a Release, subject: &str) -> Vec<KnownValue<'a>> {
    match TableCell::read(subject) {
        Some(cell) => release.cell_history(cell.table, cell.key),
        None => release.parameter_history(subject),
    }
}

/// Where and from when a value holds.
fn held(kind: &str, id: &str, released: &ReleasedValue, until: Option<NaiveDate>) -> Table {
    let mut table = Table::new();
    table.insert(kind, value(id));
    table.insert("division", value(released.division.as_str()));
    table.insert("from", day(released.from));
    if let Some(until) = until {
        table.insert("until", day(until));
    }
    if let Some(stated_until) = released.stated_until {
        table.insert("stated_until", day(stated_until));
    }
    table
}

/// One row of a table with the document that sets it: the others of the table stand in entries of their own.
fn row(cell: &TableCell<'_>, released: &ReleasedValue, until: Option<NaiveDate>) -> Table {
    let mut table = held("table", cell.table, released, until);
    let mut rows = InlineTable::new();
    rows.insert(cell.key, released.value.as_str().into());
    table.insert("rows", value(rows));
    table.insert("source", value(released.source.as_str()));
    table
}

fn written(base: &Release, released: &ReleasedValue, until: Option<NaiveDate>) -> Table {
    let kind = base.parameters.get(&released.parameter).map(|parameter| *parameter.kind);
    let mut table = held("parameter", &released.parameter, released, until);
    let plain = released.value.as_str();
    let typed = match kind {
        Some(ValueKind::Boolean) => plain.parse::<bool>().map(value).ok(),
        Some(ValueKind::Date) => plain.parse::<NaiveDate>().map(day).ok(),
        _ => None,
    };
    table.insert("value", typed.unwrap_or_else(|| value(plain)));
    table.insert("source", value(released.source.as_str()));
    table
}

fn amendment(part: &RulePart<'_>, released: &ReleasedValue) -> Table {
    let mut table = Table::new();
    table.insert("programme", value(part.programme));
    table.insert("part", value(part_key(&part.part)));
    table.insert("from", day(released.from));
    table.insert("text", value(released.value.as_str()));
    table.insert("source", value(released.source.as_str()));
    table
}

/// A TOML date.
fn day(date: NaiveDate) -> Item {
    use chrono::Datelike;
    let (year, month, day) = (date.year(), date.month(), date.day());
    let date = toml_edit::Date {
        year: u16::try_from(year).unwrap_or(u16::MAX),
        month: u8::try_from(month).unwrap_or(u8::MAX),
        day: u8::try_from(day).unwrap_or(u8::MAX),
    };
    value(toml_edit::Datetime { date: Some(date), time: None, offset: None })
}

#[cfg(test)]
mod tests {
    use super::{document, source};

    #[test]
    fn a_source_is_read_back() {
        let written = source("关于提高城乡低保标准的通知", "乌海民发〔2026〕15号");
        assert_eq!(written, "《关于提高城乡低保标准的通知》（乌海民发〔2026〕15号）");
        assert_eq!(document(&written), ("关于提高城乡低保标准的通知", "乌海民发〔2026〕15号"));
        assert_eq!(document(&source("会议纪要", "")), ("会议纪要", ""));
        assert_eq!(document("《通知》（）"), ("《通知》（）", ""));
    }
}

//! 分层分类 (SA-01, SA-03): who has which kind of help, by layer, kind and group, in town and country, and how many kinds a family has at
//! once. What a programme or register counts as is the pack's ([`catalogue::definition::Aid`]); benefits come from the ledger, the rest from
//! the open records of registers.

use std::collections::BTreeMap;

use catalogue::Release;
use catalogue::definition::{AID_LISTS, Aid};
use store::{DivisionId, Query, ScopeColumns};
use vocab::Month;

use super::own::Own;
use super::sheet::taken_out;
use super::{Area, area};
use crate::access::{Export, Granted, Report};
use crate::records::{column, table};
use crate::tabular::{ListCell, ListColumn, ListFormat, ListWriter};
use crate::{Office, OfficeError};

/// Families and persons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heads {
    /// Families.
    pub households: i64,
    /// Persons.
    pub persons: i64,
}

/// One kind of help for one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerLine {
    /// Code of the group.
    pub group: String,
    /// Layer, kind and group, as people call them.
    pub titles: [String; 3],
    /// What is counted: titles of programmes and registers.
    pub what: Vec<String>,
    /// Town.
    pub urban: Heads,
    /// Country.
    pub rural: Heads,
}

/// The figures of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layers {
    /// Name of the place.
    pub name: String,
    /// The month.
    pub month: Month,
    /// In the order of the packs' lists.
    pub lines: Vec<LayerLine>,
    /// How many families have one kind of help (类型), two, and so on; two programmes of one kind are one.
    pub at_once: BTreeMap<i64, i64>,
}

/// One class of help with what counts as it.
struct Class<'a> {
    aid: &'a Aid,
    programmes: Vec<&'a str>,
    /// Table and column of the person.
    registers: Vec<(String, String)>,
    what: Vec<String>,
}

/// The class of a kind of help, made where it is the first of its kind.
fn class_of<'a, 'r>(classes: &'a mut Vec<Class<'r>>, aid: &'r Aid) -> &'a mut Class<'r> {
    let same =
        |class: &Class<'_>| class.aid.codes().iter().zip(aid.codes()).all(|(one, other)| ***one == **other);
    let at = classes.iter().position(same).unwrap_or_else(|| {
        classes.push(Class { aid, programmes: Vec::new(), registers: Vec::new(), what: Vec::new() });
        classes.len() - 1
    });
    &mut classes[at]
}

/// The classes of the release with what of them is of the reader's businesses, in the order of the lists.
fn classes<'r>(release: &'r Release, own: &Own) -> Vec<Class<'r>> {
    let mut classes = Vec::new();
    for programme in release.programmes.iter() {
        if !own.programme(&programme.id) {
            continue;
        }
        let Some(aid) = &programme.aid else { continue };
        let class = class_of(&mut classes, aid);
        class.programmes.push(programme.id.as_str());
        class.what.push(programme.title.clone());
    }
    for register in release.registers.iter() {
        let Some(aid) = &register.aid else { continue };
        if !own.register(&register.id) {
            continue;
        }
        let Some(field) = aid.person.as_ref().and_then(|id| register.field(id)) else { continue };
        let class = class_of(&mut classes, aid);
        class.registers.push((table(register), column(field)));
        class.what.push(register.title.clone());
    }
    classes.sort_by_key(|class| {
        let places = class.aid.codes().into_iter().zip(AID_LISTS).map(|(code, list)| {
            let list = release.codelists.get(list);
            list.and_then(|list| list.values.iter().position(|value| value.code.as_str() == code.as_str()))
        });
        places.collect::<Vec<Option<usize>>>()
    });
    classes
}

/// Who has what at the month, in the reader's scope ([`HELD`]): a row of household, person, class and kind for each. Ids of packs are
/// lower-case ASCII.
fn held(classes: &[Class<'_>]) -> String {
    let kind = |class: &Class<'_>| {
        classes.iter().position(|other| *other.aid.kind == *class.aid.kind).unwrap_or_default()
    };
    let case = |number: &dyn Fn(usize, &Class<'_>) -> usize| {
        let when = classes.iter().enumerate().flat_map(|(index, class)| {
            let number = number(index, class);
            class.programmes.iter().map(move |id| format!("WHEN '{id}' THEN {number} "))
        });
        format!("CASE a.programme {}ELSE -1 END", when.collect::<String>())
    };
    let ids = classes.iter().flat_map(|class| &class.programmes).map(|id| format!("'{id}'"));
    let mut parts = vec![format!(
        "SELECT a.household_id, em.person_id, {} AS class, {} AS kind FROM entitlement a \
         JOIN entitlement_member em ON em.entitlement_id = a.id AND em.superseded_at IS NULL AND em.from_month <= ? \
         AND (em.until_month IS NULL OR em.until_month >= ?) WHERE {{scope}} AND a.from_month <= ? \
         AND (a.until_month IS NULL OR a.until_month >= ?) AND a.programme IN ({})",
        case(&|index, _| index),
        case(&|_, class| kind(class)),
        ids.collect::<Vec<_>>().join(", "),
    )];
    for (index, class) in classes.iter().enumerate() {
        for (table, person) in &class.registers {
            parts.push(format!(
                "SELECT m.household_id, a.{person} AS person_id, {index} AS class, {} AS kind FROM {table} a \
                 JOIN membership m ON m.person_id = a.{person} AND m.until_on IS NULL AND m.superseded_at IS NULL \
                 WHERE {{scope}} AND a.closed_on IS NULL",
                kind(class)
            ));
        }
    }
    parts.join(" UNION ALL ")
}

/// The arms `a` of [`held`]: a benefit or a record, each where it lies.
const HELD: ScopeColumns = ScopeColumns {
    subtree: Some(
        "a.division_id IN (SELECT dc.descendant_id FROM division_closure dc WHERE dc.ancestor_id = ?)",
    ),
    own: None,
    task: None,
    organisation: None,
};

/// Who has which kind of help in a month; registers count as they stand today.
///
/// # Errors
/// [`OfficeError::NotFound`] for a division outside the reader's scope.
pub async fn layers(
    office: &Office,
    actor: &Granted<Report>,
    division: Option<DivisionId>,
    month: Month,
) -> Result<Layers, OfficeError> {
    let area = area(office, actor, division).await?;
    reckoned(office, area, &Own::of(office, actor), month).await
}

pub(super) async fn reckoned(
    office: &Office,
    area: Area,
    own: &Own,
    month: Month,
) -> Result<Layers, OfficeError> {
    let release = office.release();
    let classes = classes(&release, own);
    let mut lines: Vec<LayerLine> = classes
        .iter()
        .map(|class| {
            let [layer, kind, group] = class.aid.codes();
            let titles = [(layer, AID_LISTS[0]), (kind, AID_LISTS[1]), (group, AID_LISTS[2])]
                .map(|(code, list)| release.code_title(list, code).to_owned());
            LayerLine { group: group.get().clone(), titles, what: class.what.clone(), ..LayerLine::default() }
        })
        .collect();
    let mut at_once = BTreeMap::new();
    if classes.iter().any(|class| !class.programmes.is_empty()) {
        let held = held(&classes);
        let asked =
            |sql: String| Query::new(&area.scope, &HELD, sql).bind(month).bind(month).bind(month).bind(month);
        let counted = format!(
            "SELECT CAST(k.class AS BIGINT) AS class, h.area, COUNT(DISTINCT k.household_id) AS households, COUNT(DISTINCT k.person_id) AS persons \
             FROM ({held}) k JOIN household h ON h.id = k.household_id GROUP BY k.class, h.area"
        );
        for row in asked(counted).all(office.db()).await? {
            let class: i64 = row.get("class")?;
            let Some(line) = usize::try_from(class).ok().and_then(|class| lines.get_mut(class)) else {
                continue;
            };
            let heads = Heads { households: row.get("households")?, persons: row.get("persons")? };
            match row.get::<String>("area")?.as_str() {
                "urban" => line.urban = heads,
                _ => line.rural = heads,
            }
        }
        let together = format!(
            "SELECT f.kinds, COUNT(*) AS households FROM (SELECT k.household_id, COUNT(DISTINCT k.kind) AS kinds FROM ({held}) k \
             GROUP BY k.household_id) f GROUP BY f.kinds ORDER BY f.kinds"
        );
        for row in asked(together).all(office.db()).await? {
            at_once.insert(row.get("kinds")?, row.get("households")?);
        }
    }
    Ok(Layers { name: area.whole.name, month, lines, at_once })
}

/// The figures as Excel or CSV. Taking them out is audited.
///
/// # Errors
/// As [`layers`].
pub async fn layers_sheet(
    office: &Office,
    actor: &Granted<Report>,
    _export: &Granted<Export>,
    division: Option<DivisionId>,
    month: Month,
    format: ListFormat,
) -> Result<Vec<u8>, OfficeError> {
    let found = layers(office, actor, division, month).await?;
    let columns: Vec<ListColumn> = [
        ("层次", 16),
        ("类型", 10),
        ("对象", 20),
        ("统计的待遇和台账", 40),
        ("城镇（户）", 10),
        ("城镇（人）", 10),
        ("农村（户）", 10),
        ("农村（人）", 10),
    ]
    .map(|(title, width)| ListColumn::new(title, width))
    .into();
    let title = format!("{}分层分类救助（{}）", found.name, month.zh());
    let mut list = ListWriter::new(format, "分层分类", Some(&title), &columns)?;
    for line in &found.lines {
        let [layer, kind, group] = &line.titles;
        let cells: [ListCell; 8] = [
            layer.as_str().into(),
            kind.as_str().into(),
            group.as_str().into(),
            line.what.join("、").into(),
            line.urban.households.into(),
            line.urban.persons.into(),
            line.rural.households.into(),
            line.rural.persons.into(),
        ];
        list.row(&cells)?;
    }
    let file = list.finish()?;
    taken_out(office, actor, "report.layers_sheet", serde_json::json!({ "month": month })).await?;
    Ok(file)
}

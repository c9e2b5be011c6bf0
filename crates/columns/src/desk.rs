//! One family at a time under many programmes at once, for whoever asks often about few: a desk that answers while
//! somebody speaks, a pipe of families from another system. The programmes are translated together as for a sweep, so that
//! what they share is worked out once a family and what concerns the household once for all its members; but the plan is
//! made for every family that the facts' own bounds allow, not for the columns of one population.
//!
//! What has no such form, and a family that does not fit (more rows than [`ROWS_MAX`] below one record, a number beyond the
//! bounds of its fact), is decided by the evaluator of `rules`: every answer is there, and it is the same one.

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};
use rules::{ConditionKind, Context, FindingValue, Outcome, Programme, Record, Shapes, Type, Value};
use vocab::Fen;

use crate::dates;
use crate::draft::Draft;
use crate::graph::{Graph, Refusal};
use crate::rows::{CONDITIONS_MAX, RowAnswer};
use crate::schema::{Kind, Schema};
use crate::snapshot::Snapshot;
use crate::sweep::fen;
use crate::translate::{Translated, Translator};
use crate::{ColumnsError, Way};

mod family;
mod program;

pub use family::DeskFamily;
use program::{Program, Said};

/// Rows below one record that a desk works on together.
pub const ROWS_MAX: usize = 64;

/// Programmes made ready for one family after the other, in one place and month.
#[derive(Debug)]
pub struct Desk<'a> {
    schema: Schema,
    codes: HashMap<String, i64>,
    program: Program,
    entries: Vec<Entry<'a>>,
}

#[derive(Debug)]
struct Entry<'a> {
    programme: &'a Programme,
    context: Context,
    /// The table whose rows are its units, if it has one.
    table: usize,
    /// Where the program leaves its answer, or why the evaluator is asked.
    said: Result<Said, String>,
}

/// What an officer found of one family.
#[derive(Debug, Clone, Copy)]
pub struct Found<'f> {
    /// Id of the programme.
    pub programme: &'f str,
    /// Id of the condition.
    pub condition: &'f str,
    /// Met or not; `None` while the officer has not decided.
    pub met: Option<bool>,
}

/// What a desk works in; kept between families, so that nothing is allocated.
#[derive(Debug, Default)]
pub struct Workspace {
    pub(crate) cells: Vec<Vec<i64>>,
    answers: Vec<RowAnswer>,
    starts: Vec<usize>,
}

impl Workspace {
    /// The answers of one programme (by its place at the desk) for each of its units, in the family's order.
    pub fn answers(&self, programme: usize) -> &[RowAnswer] {
        &self.answers[self.starts[programme]..self.starts[programme + 1]]
    }
}

impl<'a> Desk<'a> {
    /// Translates programmes, each with what it is decided with, for families of the shape `root`; `references` as in
    /// [`Schema::of`].
    ///
    /// # Errors
    /// Shapes of which no table can be made.
    pub fn new(
        shapes: &Shapes,
        root: &str,
        references: &[(&str, &str)],
        programmes: Vec<(&'a Programme, Context)>,
    ) -> Result<Desk<'a>, ColumnsError> {
        let wanted: BTreeSet<(String, String)> =
            programmes.iter().flat_map(|(programme, _)| programme.facts()).collect();
        let schema = Schema::of(shapes, root, &wanted, references);
        let bounds = bounds(&schema, shapes)?;
        let mut codes = bounds.codes().to_vec();
        let mut graph = Graph::new(bounds.schema());
        let mut entries = Vec::new();
        let mut translations = Vec::new();
        for (programme, context) in programmes {
            let translated = translated(&mut graph, &bounds, &mut codes, programme, &context);
            let table = schema.unit(&programme.source().unit_shape).unwrap_or(0);
            let refused = translated.as_ref().err().cloned().unwrap_or_default();
            translations.push((table, translated.ok()));
            entries.push(Entry { programme, context, table, said: Err(refused) });
        }
        let (program, said) = Program::of(&graph, &bounds, &translations);
        for (entry, said) in entries.iter_mut().zip(said) {
            if let Some(said) = said {
                entry.said = Ok(said);
            }
        }
        let codes = bounds.codes().iter().cloned().zip(0..).collect();
        Ok(Desk { schema, codes, program, entries })
    }

    /// How each programme is worked out.
    pub fn ways(&self) -> Vec<(&str, Way)> {
        let way = |entry: &Entry<'_>| match &entry.said {
            Ok(_) => Way::Vectors,
            Err(reason) => Way::OneByOne(reason.clone()),
        };
        self.entries.iter().map(|entry| (entry.programme.source().id.as_str(), way(entry))).collect()
    }

    /// Steps that a family takes, all programmes together.
    pub fn steps(&self) -> usize {
        self.program.steps()
    }

    /// Decides a family under every programme; the answers are in the workspace.
    pub fn decide(&self, family: &DeskFamily, workspace: &mut Workspace) {
        workspace.answers.clear();
        workspace.starts.clear();
        workspace.starts.push(0);
        if let Ok(rows) = &family.rows {
            self.program.run(rows, &mut workspace.cells);
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let found = || family.found.iter().filter(move |(programme, ..)| *programme == index);
            match (&entry.said, &family.rows) {
                (Ok(said), Ok(rows)) => {
                    let first = workspace.answers.len();
                    let (cells, units) = (&workspace.cells[entry.table], rows.counts[entry.table]);
                    if family.found.is_empty() || found().next().is_none() {
                        said.answers(cells, units, &mut workspace.answers);
                    } else {
                        said.answers_with(cells, units, &mut workspace.answers, found);
                    }
                    debug_assert_eq!(workspace.answers.len(), first + units);
                }
                _ => {
                    let mut context = entry.context.clone();
                    for (_, condition, met) in found() {
                        let id = entry.programme.source().conditions[*condition].id.clone();
                        let (officer, reason) = (String::new(), String::new());
                        let recorded_on = context.known_at;
                        let finding = FindingValue { met: *met, officer, reason, recorded_on };
                        context.findings.insert(id, finding);
                    }
                    let units = family.units(entry.programme).iter();
                    workspace.answers.extend(units.map(|unit| one(entry.programme, unit, &context)));
                }
            }
            workspace.starts.push(workspace.answers.len());
        }
    }

    /// A family as rules see it, made ready for this desk, and what officers found of it beside what every family's context says.
    pub fn family(&self, record: &Record, findings: &[Found<'_>]) -> DeskFamily {
        let evaluated = self.entries.iter().filter(|entry| entry.said.is_err());
        let shapes = evaluated.map(|entry| entry.programme.source().unit_shape.as_str()).collect();
        let found = findings.iter().filter_map(|found| {
            let entry =
                self.entries.iter().position(|entry| entry.programme.source().id == found.programme)?;
            let mut conditions = self.entries[entry].programme.source().conditions.iter();
            let condition =
                conditions.position(|one| one.id == found.condition && one.kind == ConditionKind::Finding)?;
            Some((entry, condition, found.met))
        });
        DeskFamily::of(&self.schema, &self.codes, &self.program, record, &shapes, found.collect())
    }
}

fn translated(
    graph: &mut Graph<'_>,
    bounds: &Snapshot,
    codes: &mut Vec<String>,
    programme: &Programme,
    context: &Context,
) -> Result<Translated, String> {
    let schema = bounds.schema();
    let missing = |field: String| format!("没有 {field} 这一列");
    for (shape, field) in programme.facts() {
        if !schema.has_column(&shape, &field) {
            return Err(missing(format!("{shape}.{field}")));
        }
    }
    if programme.source().conditions.len() > CONDITIONS_MAX {
        return Err(format!("条件超过 {CONDITIONS_MAX} 个"));
    }
    let contexts = std::slice::from_ref(context);
    let translator = Translator::new(graph, bounds, contexts, codes);
    translator.programme(&programme.compiled()).map_err(|refusal| match refusal {
        Refusal::Unsupported(reason) => reason,
        Refusal::Missing(field) => missing(field),
    })
}

/// The evaluator's answer in the form of a desk.
fn one(programme: &Programme, unit: &Record, context: &Context) -> RowAnswer {
    let answer = programme.answer(unit, context);
    let outcomes = programme.outcomes(unit, context);
    let mask = |wanted: Outcome| {
        let conditions = outcomes.iter().take(CONDITIONS_MAX).enumerate();
        conditions.filter(|(_, outcome)| **outcome == wanted).fold(0, |mask, (bit, _)| mask | 1 << bit)
    };
    RowAnswer {
        outcome: answer.outcome,
        amount: fen(&answer).map(Fen),
        failed: mask(Outcome::NotMet),
        unknown: mask(Outcome::Unknown),
    }
}

/// A snapshot of no real family whose columns hold the least and the greatest value of every fact, unknowns, rows that
/// nobody listed and as many as a desk takes: what is proven of it holds of every family.
fn bounds(schema: &Schema, shapes: &Shapes) -> Result<Snapshot, ColumnsError> {
    let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default();
    let mut draft = Draft::new(schema.clone(), shapes, day);
    let division = draft.division("");
    for edge in [Edge::Least, Edge::Greatest, Edge::Blank, Edge::Nobody] {
        edge_row(&mut draft, schema, shapes, 0, edge)?;
        draft.end_root(division);
    }
    draft.freeze()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The least of everything, and one row below each record.
    Least,
    /// The greatest of everything, and as many rows as a desk takes, among them one of each edge.
    Greatest,
    /// Nothing is known, and nobody listed the rows.
    Blank,
    /// The same, and no related record either.
    Nobody,
}

fn edge_row(
    draft: &mut Draft,
    schema: &Schema,
    shapes: &Shapes,
    table: usize,
    edge: Edge,
) -> Result<(), ColumnsError> {
    for (index, column) in schema.tables[table].columns.iter().enumerate() {
        let field = shapes.get(&schema.tables[table].shape).and_then(|shape| shape.fields.get(&column.id));
        let (least, greatest) = match field {
            Some(field) => range(draft, shapes, column.kind, &field.ty),
            None => (0, 0),
        };
        draft.column(table, index).push(match edge {
            Edge::Least => Some(least),
            Edge::Greatest => Some(greatest),
            Edge::Blank | Edge::Nobody => None,
        });
    }
    for child in 0..schema.tables.len() {
        let Some(parent) = schema.tables[child].parent.as_ref().filter(|parent| parent.table == table) else {
            continue;
        };
        let rows = match (edge, parent.many) {
            (Edge::Nobody, _) | (Edge::Blank, true) => 0,
            (Edge::Least, _) | (Edge::Greatest | Edge::Blank, false) => 1,
            (Edge::Greatest, true) => ROWS_MAX,
        };
        for row in 0..rows {
            // Of many rows only the first has many below it: their greatest number counts, not their product.
            let edge = match row {
                0 => edge,
                1 => Edge::Blank,
                2 => Edge::Nobody,
                _ => Edge::Least,
            };
            edge_row(draft, schema, shapes, child, edge)?;
            draft.end_row(child);
        }
        draft.end_group(child, !parent.many || matches!(edge, Edge::Least | Edge::Greatest))?;
    }
    for reference in 0..schema.tables[table].references.len() {
        draft.reference(table, reference).push(match edge {
            Edge::Least => Some(0),
            Edge::Greatest => Some(ROWS_MAX as i64 - 1),
            Edge::Blank | Edge::Nobody => None,
        });
    }
    Ok(())
}

/// Years whose days a desk reckons with.
const YEARS: (i32, i32) = (1800, 2299);
/// A number without bounds of its own has these, in units of its last decimal.
const UNITS_MAX: i64 = 1_000_000_000_000;

/// The least and greatest stored number of a field.
fn range(draft: &mut Draft, shapes: &Shapes, kind: Kind, ty: &Type) -> (i64, i64) {
    match (kind, ty) {
        (Kind::Number { scale }, Type::Number { min, max, .. }) => {
            let units = |bound: &Option<rules::Rational>, none: i64| {
                bound.as_ref().and_then(|bound| bound.to_scaled(scale)).unwrap_or(none)
            };
            (units(min, -UNITS_MAX), units(max, UNITS_MAX))
        }
        (Kind::Date, _) => {
            let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).map_or(0, dates::pack);
            (day(YEARS.0, 1, 1), day(YEARS.1, 12, 31))
        }
        (Kind::Month, _) => (i64::from(YEARS.0) * 12, i64::from(YEARS.1) * 12 + 11),
        (Kind::Code, Type::Code { codelist }) => {
            let codes = shapes.codelists.get(codelist).into_iter().flat_map(|codes| codes.keys());
            let numbers: Vec<i64> = codes.map(|code| draft.code(code)).collect();
            let least = numbers.iter().min().copied().unwrap_or(0);
            (least, numbers.iter().max().copied().unwrap_or(least))
        }
        _ => (0, 1),
    }
}

/// The stored number of a value; `None` is unknown, and an error what has no place.
fn cell(kind: Kind, value: &Value, codes: &HashMap<String, i64>) -> Result<Option<i64>, String> {
    Ok(Some(match (kind, value) {
        (_, Value::Unknown) => return Ok(None),
        (Kind::Boolean, Value::Boolean(value)) => i64::from(*value),
        (Kind::Number { scale }, Value::Number(number)) => {
            number.to_scaled(scale).ok_or("一个数的小数位太多，或者太大")?
        }
        (Kind::Date, Value::Date(date)) if (YEARS.0..=YEARS.1).contains(&date.year()) => dates::pack(*date),
        (Kind::Month, Value::Month(month)) => i64::from(month.index()),
        (Kind::Code, Value::Text(code)) => *codes.get(code).ok_or("代码不在代码表里")?,
        _ => return Err("一个值的类型或范围不对".to_owned()),
    }))
}

//! Frames and their layers. A frame is a set of rows: the units, or the rows of a relation beside the unit they belong to.
//! Every part of an expression that is written more than once becomes a named column in a layer of its frame: each layer
//! is a materialised common table expression that adds columns to the one before, so the query grows with the rules and
//! not with the number of ways through them. An aggregate is grouped from a frame of rows and joined back a layer higher.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::integer::Term;
use super::{quoted, text_literal};

/// A join of a related record in a frame's first layer.
#[derive(Debug, Clone)]
struct Join {
    /// `t0` is the frame's own table.
    alias: String,
    table: String,
    on: String,
}

#[derive(Debug, Default)]
pub(super) struct Frame {
    pub parent: Option<usize>,
    /// Id of the shape of its rows.
    pub shape: String,
    /// Columns that name a row.
    pub keys: Vec<String>,
    /// For rows: the parent's column and the own one that it equals.
    link: Option<(String, String)>,
    joins: BTreeMap<Vec<String>, Join>,
    base: Vec<(String, String)>,
    imports: BTreeSet<String>,
    /// The parent's layer whose columns it takes over.
    attach: usize,
    layers: Vec<Vec<(String, String)>>,
    /// Aggregates over its rows, for the parent.
    pub aggregates: Vec<(String, String)>,
    children: Vec<usize>,
    named: BTreeMap<String, Term>,
}

#[derive(Debug, Default)]
pub(super) struct Frames {
    pub all: Vec<Frame>,
    /// The frames in view, the unit first.
    pub stack: Vec<usize>,
    count: usize,
    /// Whether parameters differ by division.
    pub place: bool,
    findings: Vec<String>,
}

impl Frames {
    pub(super) fn alias(&mut self, letter: char) -> String {
        self.count += 1;
        format!("{letter}{}", self.count)
    }

    /// A frame over a shape's table; for rows with the parent's column and the own foreign key.
    pub(super) fn open(&mut self, shape: &str, link: Option<(Term, String)>) -> usize {
        let parent = self.stack.last().copied();
        let index = self.all.len();
        let mut frame = Frame { parent, shape: shape.to_owned(), ..Frame::default() };
        if let (Some(parent), Some((term, column))) = (parent, link) {
            for key in self.all[parent].keys.clone() {
                frame.imports.insert(key.clone());
                frame.keys.push(key);
            }
            frame.attach = term.layer;
            frame.imports.insert(term.text.clone());
            frame.link = Some((term.text, column));
        }
        self.all.push(frame);
        self.stack.push(index);
        let key = self.base_column(index, "t0.\"id\"".to_owned());
        self.all[index].keys.push(key.text);
        index
    }

    fn base_column(&mut self, frame: usize, text: String) -> Term {
        if let Some(term) = self.all[frame].named.get(&text) {
            return term.clone();
        }
        let alias = self.alias('c');
        let term = Term::column(alias.clone(), 0);
        self.all[frame].base.push((alias, text.clone()));
        self.all[frame].named.insert(text, term.clone());
        term
    }

    /// A column of the frame's record after to-one hops, each (relation, shape it leads to).
    pub(super) fn column(&mut self, frame: usize, hops: &[(String, String)], column: &str) -> Term {
        let mut at = "t0".to_owned();
        let mut path = Vec::new();
        for (relation, shape) in hops {
            path.push(relation.clone());
            let count = self.all[frame].joins.len() + 1;
            let join = self.all[frame].joins.entry(path.clone()).or_insert_with(|| {
                let alias = format!("t{count}");
                let on = format!("{alias}.\"id\" = {at}.{}", quoted(&format!("{relation}_id")));
                Join { alias, table: shape.clone(), on }
            });
            at = join.alias.clone();
        }
        self.base_column(frame, format!("{at}.{}", quoted(column)))
    }

    /// A column of the parameters of the unit's place.
    pub(super) fn place_column(&mut self, column: &str) -> Term {
        self.base_column(0, format!("p.{column}"))
    }

    /// What an officer found of the unit.
    pub(super) fn finding(&mut self, programme: &str, condition: &str) -> Term {
        let alias = format!("q{}", self.findings.len() + 1);
        let on = format!(
            "{alias}.unit_id = t0.\"id\" AND {alias}.programme = {} AND {alias}.condition = {}",
            text_literal(programme),
            text_literal(condition)
        );
        self.findings.push(format!(" LEFT JOIN finding AS {alias} ON {on}"));
        self.base_column(0, format!("{alias}.met"))
    }

    /// A column for a piece of SQL, so that it may be written more than once.
    pub(super) fn name(&mut self, frame: usize, term: Term) -> Term {
        if term.atomic {
            return term;
        }
        if let Some(named) = self.all[frame].named.get(&term.text) {
            return Term { known: term.known, ..named.clone() };
        }
        let alias = self.alias('x');
        let layer = term.layer + 1;
        let layers = &mut self.all[frame].layers;
        while layers.len() < layer {
            layers.push(Vec::new());
        }
        layers[layer - 1].push((alias.clone(), term.text.clone()));
        let named = Term { known: term.known, ..Term::column(alias, layer) };
        self.all[frame].named.insert(term.text, named.clone());
        named
    }

    /// A term of the frame at one depth of the stack, as it is seen at a deeper one.
    pub(super) fn import(&mut self, term: Term, from: usize, to: usize) -> Term {
        if term.literal || from == to {
            return term;
        }
        let mut term = self.name(self.stack[from], term);
        for depth in from + 1..=to {
            let frame = &mut self.all[self.stack[depth]];
            frame.imports.insert(term.text.clone());
            frame.attach = frame.attach.max(term.layer);
            term.layer = 0;
        }
        term
    }

    /// Closes the innermost frame; its aggregates are columns of the parent from the layer given back on. Where rows of
    /// the same relation were already read at the same layer, they are read once.
    pub(super) fn close(&mut self) -> usize {
        let Some(index) = self.stack.pop() else { return 0 };
        let Some(parent) = self.all[index].parent else { return 0 };
        let layer = self.all[index].attach + 1;
        let twin = self.all[parent].children.iter().copied().find(|other| {
            let (a, b) = (&self.all[*other], &self.all[index]);
            a.shape == b.shape && a.link == b.link && a.attach == b.attach
        });
        match twin {
            None => self.all[parent].children.push(index),
            Some(twin) => self.merge(index, twin),
        }
        layer
    }

    fn merge(&mut self, from: usize, into: usize) {
        let frame = std::mem::take(&mut self.all[from]);
        // The rows' own key is a column of each; the one kept names the rows.
        let key = frame.keys.last().cloned();
        for child in &frame.children {
            self.all[*child].parent = Some(into);
        }
        let mut moved: Vec<(Vec<String>, Join)> = Vec::new();
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for (path, join) in frame.joins {
            let known = self.all[into].joins.get(&path).map(|join| join.alias.clone());
            let alias =
                known.clone().unwrap_or_else(|| format!("t{}", self.all[into].joins.len() + moved.len() + 1));
            renamed.insert(join.alias.clone(), alias.clone());
            if known.is_none() {
                moved.push((path, Join { alias, ..join }));
            }
        }
        let rename = |text: &str| match text.split_once('.') {
            Some((alias, rest)) => format!("{}.{rest}", renamed.get(alias).map_or(alias, String::as_str)),
            None => text.to_owned(),
        };
        let target = &mut self.all[into];
        for (path, mut join) in moved {
            if let Some((own, other)) = join.on.clone().split_once(" = ") {
                join.on = format!("{} = {}", rename(own), rename(other));
            }
            target.joins.insert(path, join);
        }
        target.base.extend(frame.base.into_iter().map(|(alias, text)| (alias, rename(&text))));
        target.imports.extend(frame.imports);
        for (index, layer) in frame.layers.into_iter().enumerate() {
            if target.layers.len() <= index {
                target.layers.push(Vec::new());
            }
            target.layers[index].extend(layer);
        }
        target.aggregates.extend(frame.aggregates);
        // Frames below were linked and grouped by the key that is gone; it stays as a column.
        debug_assert!(key.is_none_or(|key| target.base.iter().any(|(alias, _)| *alias == key)));
        target.children.extend(frame.children);
    }

    /// All common table expressions, and the name of the unit's last.
    pub(super) fn written(&self) -> (Vec<String>, String) {
        let mut tables = Vec::new();
        let last = self.write(0, &mut tables, "");
        (tables, last)
    }

    /// Writes the frame's layers; gives the name of the last.
    fn write(&self, index: usize, tables: &mut Vec<String>, parent: &str) -> String {
        let frame = &self.all[index];
        let mut columns: Vec<String> = frame.imports.iter().map(|name| format!("u.{name}")).collect();
        columns.extend(frame.base.iter().map(|(alias, text)| format!("{text} AS {alias}")));
        let own = quoted(&frame.shape);
        let mut from = match &frame.link {
            None => format!("{own} AS t0"),
            Some((outer, column)) => {
                format!("{parent} AS u JOIN {own} AS t0 ON t0.{} = u.{outer}", quoted(column))
            }
        };
        let mut joins: Vec<&Join> = frame.joins.values().collect();
        joins.sort_by_key(|join| join.alias.get(1..).and_then(|number| number.parse::<usize>().ok()));
        for join in joins {
            let _ = write!(from, " LEFT JOIN {} AS {} ON {}", quoted(&join.table), join.alias, join.on);
        }
        if index == 0 {
            if self.place {
                from += " LEFT JOIN place AS p ON p.division = t0.\"division\"";
            }
            from.extend(self.findings.iter().map(String::as_str));
        }
        let mut name = format!("f{index}_0");
        tables.push(format!("{name} AS MATERIALIZED (\n  SELECT {}\n  FROM {from}\n)", columns.join(", ")));
        let above = frame.children.iter().map(|child| self.all[*child].attach + 1).max().unwrap_or(0);
        for layer in 1..=above.max(frame.layers.len()) {
            let mut columns = vec!["t.*".to_owned()];
            let mut from = format!("{name} AS t");
            for child in frame.children.iter().filter(|child| self.all[**child].attach + 1 == layer) {
                let rows = self.write(*child, tables, &name);
                let child_frame = &self.all[*child];
                let group = format!("g{child}");
                // The keys of the parent, as they were when the rows were opened.
                let parents = &child_frame.keys[..child_frame.keys.len() - 1];
                let keys: Vec<String> =
                    parents.iter().enumerate().map(|(at, key)| format!("{key} AS {group}_k{at}")).collect();
                let values = child_frame.aggregates.iter().map(|(alias, text)| format!("{text} AS {alias}"));
                let selected: Vec<String> = keys.into_iter().chain(values).collect();
                tables.push(format!(
                    "{group} AS MATERIALIZED (\n  SELECT {}\n  FROM {rows}\n  GROUP BY {}\n)",
                    selected.join(", "),
                    parents.join(", ")
                ));
                columns.extend(child_frame.aggregates.iter().map(|(alias, _)| format!("{group}.{alias}")));
                let on: Vec<String> = parents
                    .iter()
                    .enumerate()
                    .map(|(at, key)| format!("{group}.{group}_k{at} = t.{key}"))
                    .collect();
                let _ = write!(from, " LEFT JOIN {group} ON {}", on.join(" AND "));
            }
            let named = frame.layers.get(layer - 1).map(Vec::as_slice).unwrap_or_default();
            columns.extend(named.iter().map(|(alias, text)| format!("{text} AS {alias}")));
            name = format!("f{index}_{layer}");
            tables
                .push(format!("{name} AS MATERIALIZED (\n  SELECT {}\n  FROM {from}\n)", columns.join(", ")));
        }
        name
    }
}

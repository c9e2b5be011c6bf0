//! Which tables and columns a snapshot has: the root (one row a household), below it a table for each relation that
//! rules may follow. A snapshot has no column for names, numbers or any other identifier, and none for free text.

use std::collections::BTreeSet;

use rules::{Shapes, Type};
use serde::{Deserialize, Serialize};

/// The tables of a snapshot; the first is the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Each after its parent.
    pub tables: Vec<Table>,
    /// The table whose rows are people, counted in totals by household.
    pub people: Option<usize>,
}

/// A table: the records of one shape reached along one path from the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Id of the shape.
    pub shape: String,
    /// How it hangs below another; `None` for the root.
    pub parent: Option<Parent>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// To-one relations that lead to a row of a table below, by position.
    pub references: Vec<Reference>,
}

/// Where a table hangs. The rows of one parent stand together, in the parents' order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Index of the parent.
    pub table: usize,
    /// The relation of the parent's shape that leads here.
    pub relation: String,
    /// To many; else the parent has one row here or none.
    pub many: bool,
    /// The relation of this shape that leads back.
    pub back: Option<String>,
}

/// A to-one relation to a row of a table below, such as the head among the members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The relation.
    pub relation: String,
    /// Index of the table whose row it is.
    pub table: usize,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Id of the field.
    pub id: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds, and as which whole number a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 0 or 1.
    Boolean,
    /// The number times `10^scale`.
    Number {
        /// Decimals.
        scale: u8,
    },
    /// `year * 512 + month * 32 + day`, so that order is kept and completed years are a shift.
    Date,
    /// `year * 12 + month - 1`.
    Month,
    /// Index in the snapshot's list of codes.
    Code,
}

impl Schema {
    /// The tables that the shape `root` and its relations give, with a column for each of the wanted
    /// (shape, field). `references` names to-one relations of the root whose record is a row of one of its to-many
    /// relations: `("head", "members")`. Texts are left out.
    pub fn of(
        shapes: &Shapes,
        root: &str,
        wanted: &BTreeSet<(String, String)>,
        references: &[(&str, &str)],
    ) -> Schema {
        let mut schema = Schema { tables: Vec::new(), people: None };
        schema.add(shapes, root, None, wanted, references);
        for (relation, many) in references {
            let target = schema.child(0, many);
            let known = shapes.get(root).is_some_and(|shape| shape.relations.contains_key(*relation));
            if let Some(table) = target.filter(|_| known) {
                schema.tables[0].references.push(Reference { relation: (*relation).to_owned(), table });
            }
        }
        let many =
            |table: &Table| table.parent.as_ref().is_some_and(|parent| parent.table == 0 && parent.many);
        let leads_back = |table: &Table| table.parent.as_ref().is_some_and(|parent| parent.back.is_some());
        let tables = &schema.tables;
        schema.people = tables.iter().position(|table| many(table) && leads_back(table));
        schema.people = schema.people.or_else(|| tables.iter().position(many));
        schema
    }

    fn add(
        &mut self,
        shapes: &Shapes,
        shape_id: &str,
        parent: Option<Parent>,
        wanted: &BTreeSet<(String, String)>,
        references: &[(&str, &str)],
    ) {
        let Some(shape) = shapes.get(shape_id) else { return };
        let columns = shape.fields.iter().filter_map(|(id, field)| {
            let kind = match &field.ty {
                Type::Boolean => Kind::Boolean,
                Type::Number { scale, .. } => Kind::Number { scale: *scale },
                Type::Date => Kind::Date,
                Type::Month => Kind::Month,
                Type::Code { .. } => Kind::Code,
                Type::Text => return None,
            };
            wanted.contains(&(shape_id.to_owned(), id.clone())).then(|| Column { id: id.clone(), kind })
        });
        let columns = columns.collect();
        let own = self.tables.len();
        let ancestors = self.ancestors(parent.as_ref());
        let back = parent.as_ref().and_then(|parent| parent.back.clone());
        let is_root = parent.is_none();
        self.tables.push(Table { shape: shape_id.to_owned(), parent, columns, references: Vec::new() });
        for (id, relation) in &shape.relations {
            let referenced = is_root && references.iter().any(|(name, _)| name == id);
            let circular = relation.shape == shape_id || ancestors.contains(&relation.shape);
            if back.as_deref() == Some(id) || referenced || circular {
                continue;
            }
            let leads_back = shapes.get(&relation.shape).and_then(|target| {
                let back = target.relations.iter().find(|(_, back)| !back.many && back.shape == shape_id);
                back.map(|(id, _)| id.clone())
            });
            let before = self.tables.len();
            let below = Parent { table: own, relation: id.clone(), many: relation.many, back: leads_back };
            self.add(shapes, &relation.shape, Some(below), wanted, references);
            // A to-one record of which nothing is wanted is left out; the rows of a to-many relation are counted.
            let empty = self.tables[before..].iter().all(|table| table.columns.is_empty());
            if empty && !relation.many {
                self.tables.truncate(before);
            }
        }
    }

    fn ancestors(&self, parent: Option<&Parent>) -> Vec<String> {
        let mut shapes = Vec::new();
        let mut at = parent;
        while let Some(parent) = at {
            shapes.push(self.tables[parent.table].shape.clone());
            at = self.tables[parent.table].parent.as_ref();
        }
        shapes
    }

    /// The table that a relation of `table` leads to, as far as it is a table of its own.
    pub fn child(&self, table: usize, relation: &str) -> Option<usize> {
        self.tables.iter().position(|candidate| {
            candidate
                .parent
                .as_ref()
                .is_some_and(|parent| parent.table == table && parent.relation == relation)
        })
    }

    /// The table whose rows are the units of this shape.
    pub(crate) fn unit(&self, shape: &str) -> Option<usize> {
        let many = |table: &Table| table.parent.as_ref().is_none_or(|parent| parent.many);
        self.tables.iter().position(|table| table.shape == shape && many(table))
    }

    /// True if some table of the shape has the column.
    pub(crate) fn has_column(&self, shape: &str, id: &str) -> bool {
        let has = |table: &Table| table.columns.iter().any(|column| column.id == id);
        self.tables.iter().any(|table| table.shape == shape && has(table))
    }

    /// The column of this id.
    pub fn column(&self, table: usize, id: &str) -> Option<usize> {
        self.tables[table].columns.iter().position(|column| column.id == id)
    }

    /// True if `above` is `table` itself or stands above it.
    pub fn is_above(&self, above: usize, table: usize) -> bool {
        let mut at = Some(table);
        while let Some(here) = at {
            if here == above {
                return true;
            }
            at = self.tables[here].parent.as_ref().map(|parent| parent.table);
        }
        false
    }

    /// Steps from the root.
    pub(crate) fn depth(&self, table: usize) -> usize {
        let (mut depth, mut at) = (0, table);
        while let Some(parent) = &self.tables[at].parent {
            (depth, at) = (depth + 1, parent.table);
        }
        depth
    }
}

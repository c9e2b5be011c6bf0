//! The vector programme as a graph: each node is a column of one table, made from others by one operation. Equal nodes
//! are one node, so what several programmes work out is worked out once. Every whole number carries the range that is
//! proven of it from the smallest and greatest values of the snapshot's columns; the range picks the machine width,
//! and what no width holds is refused.

use std::collections::HashMap;
use std::sync::Arc;

use rules::compiled::Comparator;

use crate::cells::Width;
use crate::schema::Schema;

mod numbers;
mod truths;

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub u32);

/// A truth that is the same for all rows, or a node of zeros and ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mask {
    No,
    Yes,
    Node(Id),
}

/// A number that is the same for all rows, or a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arg {
    Const(i64),
    Node(Id),
}

/// Why something cannot be made into vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No vectors for it: each household is decided by itself.
    Unsupported(String),
    /// The snapshot does not have it, so nobody can decide.
    Missing(String),
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>) -> Refusal {
        Refusal::Unsupported(reason.into())
    }
}

pub(crate) type Made<T> = Result<T, Refusal>;

/// How a quotient becomes whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rounding {
    /// Half away from zero.
    Half,
    Floor,
    Ceil,
}

/// Arithmetic of dates, months and numbers of days or months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Calendar {
    MonthsBetween,
    DaysBetween,
    AddMonths,
    MonthOf,
    FirstDay,
    LastDay,
}

/// Where a to-one relation leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// The only row that the parent has in this table.
    Only(usize),
    /// The row of `target` at the position that the reference of the node's table says.
    At { reference: usize, target: usize },
}

/// What makes a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// What is stored of a column: the value less the column's base.
    Column(usize),
    /// Where a column is known.
    Known(usize),
    /// Where a reference leads somewhere.
    ReferenceKnown(usize),
    /// The division of a root row, less the column's base.
    Division,
    /// Where the rows in this table below are known.
    Listed(usize),
    /// Where the table below has a row.
    Present(usize),
    /// How many rows the table below has.
    Rows(usize),
    /// The same number in a wider type.
    Widen(Id),
    Add(Id, Id),
    Subtract(Id, Id),
    Multiply(Id, Id),
    AddConst(Id, i64),
    MultiplyConst(Id, i64),
    SubtractFrom(i64, Id),
    Shift(Id, u32),
    Least(Id, Arg),
    Greatest(Id, Arg),
    Abs(Id),
    Divide(Id, Arg, Rounding),
    Compare(Comparator, Id, Id),
    CompareConst(Comparator, Id, i64),
    And(Vec<Id>),
    Or(Vec<Id>),
    Not(Id),
    Select(Id, Arg, Arg),
    /// `values[index - first]`.
    Lookup {
        index: Id,
        first: i64,
        values: Arc<[i64]>,
    },
    Calendar(Calendar, Arg, Arg),
    /// The parent's value in each row.
    Broadcast(Id),
    Gather(Link, Id),
    /// Over the rows of each parent.
    Sum(Id),
    Smallest(Id),
    Largest(Id),
}

impl Op {
    /// The nodes read.
    pub(crate) fn reads(&self) -> Vec<Id> {
        let arg = |arg: &Arg| match arg {
            Arg::Node(id) => Some(*id),
            Arg::Const(_) => None,
        };
        match self {
            Op::Column(_)
            | Op::Known(_)
            | Op::ReferenceKnown(_)
            | Op::Division
            | Op::Listed(_)
            | Op::Present(_)
            | Op::Rows(_) => Vec::new(),
            Op::Widen(a)
            | Op::AddConst(a, _)
            | Op::MultiplyConst(a, _)
            | Op::SubtractFrom(_, a)
            | Op::Shift(a, _)
            | Op::Abs(a)
            | Op::CompareConst(_, a, _)
            | Op::Not(a)
            | Op::Lookup { index: a, .. }
            | Op::Broadcast(a)
            | Op::Gather(_, a)
            | Op::Sum(a)
            | Op::Smallest(a)
            | Op::Largest(a) => vec![*a],
            Op::Add(a, b) | Op::Subtract(a, b) | Op::Multiply(a, b) | Op::Compare(_, a, b) => vec![*a, *b],
            Op::Least(a, b) | Op::Greatest(a, b) | Op::Divide(a, b, _) => {
                std::iter::once(*a).chain(arg(b)).collect()
            }
            Op::And(all) | Op::Or(all) => all.clone(),
            Op::Select(mask, a, b) => std::iter::once(*mask).chain(arg(a)).chain(arg(b)).collect(),
            Op::Calendar(_, a, b) => arg(a).into_iter().chain(arg(b)).collect(),
        }
    }

    /// True if a row's value depends on the same row of what is read, and on nothing else.
    pub(crate) fn is_row_by_row(&self) -> bool {
        !matches!(
            self,
            Op::Column(_)
                | Op::Known(_)
                | Op::ReferenceKnown(_)
                | Op::Division
                | Op::Listed(_)
                | Op::Present(_)
                | Op::Rows(_)
                | Op::Broadcast(_)
                | Op::Gather(..)
                | Op::Sum(_)
                | Op::Smallest(_)
                | Op::Largest(_)
        )
    }
}

/// A node with what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub op: Op,
    pub table: usize,
    pub width: Width,
    pub min: i64,
    pub max: i64,
}

/// All nodes; each stands after those it is made from.
#[derive(Debug, Clone)]
pub(crate) struct Graph<'s> {
    pub schema: &'s Schema,
    pub nodes: Vec<Node>,
    interned: HashMap<(Op, usize, Width), Id>,
}

impl<'s> Graph<'s> {
    pub(crate) fn new(schema: &'s Schema) -> Graph<'s> {
        Graph { schema, nodes: Vec::new(), interned: HashMap::new() }
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn table(&self, id: Id) -> usize {
        self.node(id).table
    }

    pub(crate) fn range(&self, arg: Arg) -> (i64, i64) {
        match arg {
            Arg::Const(value) => (value, value),
            Arg::Node(id) => (self.node(id).min, self.node(id).max),
        }
    }

    pub(crate) fn add_node(&mut self, op: Op, table: usize, width: Width, min: i64, max: i64) -> Id {
        let key = (op, table, width);
        if let Some(&id) = self.interned.get(&key) {
            return id;
        }
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(Node { op: key.0.clone(), table, width, min, max });
        self.interned.insert(key, id);
        id
    }

    /// A node of zeros and ones.
    pub(crate) fn mask_node(&mut self, op: Op, table: usize) -> Id {
        self.add_node(op, table, Width::U8, 0, 1)
    }

    /// A number in 32 bits if they hold it.
    fn number(&mut self, op: Op, table: usize, min: i128, max: i128, wide: bool) -> Made<Arg> {
        let (Ok(min), Ok(max)) = (i64::try_from(min), i64::try_from(max)) else {
            return Err(Refusal::new(format!("不能证明 64 位装得下（可能从 {min} 到 {max}）")));
        };
        let width = if wide { Width::I64 } else { Width::of(min, max).max(Width::I32) };
        Ok(if min == max && !matches!(op, Op::Column(_)) {
            Arg::Const(min)
        } else {
            Arg::Node(self.add_node(op, table, width, min, max))
        })
    }

    /// The node in at least this width.
    pub(crate) fn widen(&mut self, id: Id, width: Width) -> Id {
        let Node { width: own, table, min, max, .. } = *self.node(id);
        if own >= width {
            return id;
        }
        self.add_node(Op::Widen(id), table, width, min, max)
    }

    /// The deeper of two tables on one path from the root.
    fn deeper(&self, a: usize, b: usize) -> Made<usize> {
        if self.schema.is_above(a, b) {
            Ok(b)
        } else if self.schema.is_above(b, a) {
            Ok(a)
        } else {
            Err(Refusal::new("两张表的行对不上"))
        }
    }

    /// The node's values in each row of a table below.
    pub(crate) fn down(&mut self, id: Id, table: usize) -> Id {
        if self.table(id) == table {
            return id;
        }
        let parent = self.schema.tables[table].parent.as_ref().map_or(0, |parent| parent.table);
        let above = self.down(id, parent);
        let Node { width, min, max, .. } = *self.node(above);
        self.add_node(Op::Broadcast(above), table, width, min, max)
    }

    /// Both in the rows of the deeper table and in one width.
    fn pair(&mut self, a: Id, b: Id, least: Width) -> Made<(Id, Id, usize)> {
        let table = self.deeper(self.table(a), self.table(b))?;
        let width = self.node(a).width.max(self.node(b).width).max(least);
        // Widened before they are spread: the fewer rows, the cheaper.
        let (a, b) = (self.widen(a, width), self.widen(b, width));
        Ok((self.down(a, table), self.down(b, table), table))
    }

    // Across tables.

    /// A value of the row that a to-one relation of `table` leads to.
    pub(crate) fn gather(&mut self, table: usize, link: Link, id: Id) -> Id {
        let target = match link {
            Link::Only(target) | Link::At { target, .. } => target,
        };
        // What belongs to a row above is the same on the other side.
        if self.table(id) != target {
            return id;
        }
        let Node { width, min, max, .. } = *self.node(id);
        self.add_node(Op::Gather(link, id), table, width, min, max)
    }

    fn parent(&self, id: Id) -> Made<usize> {
        let parent = self.schema.tables[self.table(id)].parent.as_ref();
        parent.map(|parent| parent.table).ok_or_else(|| Refusal::new("家庭表没有上级"))
    }

    /// The sum over the rows of each parent, of which there are at most `rows_max`.
    pub(crate) fn sum(&mut self, id: Id, rows_max: i64) -> Made<Arg> {
        let parent = self.parent(id)?;
        let Node { min, max, .. } = *self.node(id);
        let (low, high) =
            (i128::from(min.min(0)) * i128::from(rows_max), i128::from(max.max(0)) * i128::from(rows_max));
        self.number(Op::Sum(id), parent, low, high, false)
    }

    /// The smallest or greatest over the rows of each parent; some number where there is none.
    pub(crate) fn extreme_of_rows(&mut self, id: Id, least: bool) -> Made<Id> {
        let parent = self.parent(id)?;
        let id = self.widen(id, Width::I32);
        let Node { width, min, max, .. } = *self.node(id);
        let op = if least { Op::Smallest(id) } else { Op::Largest(id) };
        Ok(self.add_node(op, parent, width, min, max))
    }
}

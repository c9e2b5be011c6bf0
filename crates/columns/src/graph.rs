//! The vector programme as a graph: each node is a column of one table, made from others by one operation. Equal nodes
//! are one node, so what several programmes work out is worked out once. Every whole number carries the range that is
//! proven of it from the smallest and greatest values of the snapshot's columns; the range picks the machine width,
//! and what no width holds is refused.

use std::collections::HashMap;
use std::sync::Arc;

use rules::compiled::Comparator;

use crate::cells::Width;
use crate::schema::Schema;

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

    // Numbers.

    pub(crate) fn add(&mut self, a: Arg, b: Arg) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.wide_range(a), self.wide_range(b));
        let (min, max) = (a0 + b0, a1 + b1);
        match (a, b) {
            (Arg::Const(a), Arg::Const(b)) => constant(i128::from(a) + i128::from(b)),
            (Arg::Const(0), other) | (other, Arg::Const(0)) => Ok(other),
            (Arg::Const(value), Arg::Node(id)) | (Arg::Node(id), Arg::Const(value)) => {
                if let Op::AddConst(inner, more) = self.node(id).op {
                    let (sum, _) = (i128::from(more) + i128::from(value), ());
                    if let Ok(sum) = i64::try_from(sum) {
                        return self.add(Arg::Node(inner), Arg::Const(sum));
                    }
                }
                let id = self.fitting(id, min, max, Arg::Const(value));
                let table = self.table(id);
                self.number(Op::AddConst(id, value), table, min, max, self.node(id).width == Width::I64)
            }
            (Arg::Node(a), Arg::Node(b)) => {
                let least = width_of(min, max);
                let (a, b, table) = self.pair(a, b, least)?;
                let (a, b) = (a.min(b), a.max(b));
                self.number(Op::Add(a, b), table, min, max, self.node(a).width == Width::I64)
            }
        }
    }

    pub(crate) fn subtract(&mut self, a: Arg, b: Arg) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.wide_range(a), self.wide_range(b));
        let (min, max) = (a0 - b1, a1 - b0);
        match (a, b) {
            (_, Arg::Const(value)) => match value.checked_neg() {
                Some(negative) => self.add(a, Arg::Const(negative)),
                None => Err(Refusal::new("数太大")),
            },
            (Arg::Const(value), Arg::Node(id)) => {
                let id = self.fitting(id, min, max, a);
                let table = self.table(id);
                self.number(Op::SubtractFrom(value, id), table, min, max, self.node(id).width == Width::I64)
            }
            (Arg::Node(a), Arg::Node(b)) if a == b => Ok(Arg::Const(0)),
            (Arg::Node(a), Arg::Node(b)) => {
                let (a, b, table) = self.pair(a, b, width_of(min, max))?;
                self.number(Op::Subtract(a, b), table, min, max, self.node(a).width == Width::I64)
            }
        }
    }

    pub(crate) fn multiply(&mut self, a: Arg, b: Arg) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.wide_range(a), self.wide_range(b));
        let products = [a0 * b0, a0 * b1, a1 * b0, a1 * b1];
        let (min, max) =
            products.iter().fold((i128::MAX, i128::MIN), |(low, high), &p| (low.min(p), high.max(p)));
        match (a, b) {
            (Arg::Const(a), Arg::Const(b)) => constant(i128::from(a) * i128::from(b)),
            (Arg::Const(0), _) | (_, Arg::Const(0)) => Ok(Arg::Const(0)),
            (Arg::Const(1), other) | (other, Arg::Const(1)) => Ok(other),
            (Arg::Const(value), Arg::Node(id)) | (Arg::Node(id), Arg::Const(value)) => {
                if let Op::MultiplyConst(inner, more) = self.node(id).op
                    && let Some(product) = more.checked_mul(value)
                {
                    return self.multiply(Arg::Node(inner), Arg::Const(product));
                }
                let id = self.fitting(id, min, max, Arg::Const(value));
                let table = self.table(id);
                self.number(Op::MultiplyConst(id, value), table, min, max, self.node(id).width == Width::I64)
            }
            (Arg::Node(a), Arg::Node(b)) => {
                let (a, b, table) = self.pair(a, b, width_of(min, max))?;
                let (a, b) = (a.min(b), a.max(b));
                self.number(Op::Multiply(a, b), table, min, max, self.node(a).width == Width::I64)
            }
        }
    }

    /// The node in a width that holds the result's range and the constant beside it.
    fn fitting(&mut self, id: Id, min: i128, max: i128, beside: Arg) -> Id {
        let (low, high) = self.wide_range(beside);
        self.widen(id, width_of(min.min(low), max.max(high)))
    }

    fn wide_range(&self, arg: Arg) -> (i128, i128) {
        let (min, max) = self.range(arg);
        (i128::from(min), i128::from(max))
    }

    /// The smaller or greater of two.
    pub(crate) fn extreme(&mut self, a: Arg, b: Arg, least: bool) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.range(a), self.range(b));
        let pick = |x: i64, y: i64| if least { x.min(y) } else { x.max(y) };
        let (min, max) = (pick(a0, b0), pick(a1, b1));
        // One of the two never matters.
        if (least && a1 <= b0) || (!least && a0 >= b1) {
            return Ok(a);
        }
        if (least && b1 <= a0) || (!least && b0 >= a1) {
            return Ok(b);
        }
        let (first, second, table) = match (a, b) {
            (Arg::Const(a), Arg::Const(b)) => return Ok(Arg::Const(pick(a, b))),
            (Arg::Const(_), Arg::Node(id)) | (Arg::Node(id), Arg::Const(_)) => {
                let value = if let Arg::Const(value) = a { value } else { b0 };
                let width = Width::of(value, value).max(Width::I32);
                let id = self.widen(id, width);
                (id, Arg::Const(value), self.table(id))
            }
            (Arg::Node(a), Arg::Node(b)) => {
                let (a, b, table) = self.pair(a, b, Width::I32)?;
                (a.min(b), Arg::Node(a.max(b)), table)
            }
        };
        let op = if least { Op::Least(first, second) } else { Op::Greatest(first, second) };
        let wide = self.node(first).width == Width::I64;
        self.number(op, table, min.into(), max.into(), wide)
    }

    pub(crate) fn abs(&mut self, a: Arg) -> Made<Arg> {
        let (min, max) = self.wide_range(a);
        match a {
            Arg::Const(value) => constant(i128::from(value).abs()),
            _ if min >= 0 => Ok(a),
            Arg::Node(id) => {
                let reach = min.abs().max(max.abs());
                let id = self.widen(id, width_of(-reach, reach));
                let table = self.table(id);
                self.number(Op::Abs(id), table, 0, reach, self.node(id).width == Width::I64)
            }
        }
    }

    /// The quotient, made whole. A divisor of zero gives some number: it is unknown anyway.
    pub(crate) fn divide(&mut self, a: Arg, b: Arg, rounding: Rounding) -> Made<Arg> {
        let ((a0, a1), (b0, b1)) = (self.wide_range(a), self.wide_range(b));
        if b0 < 0 {
            return Err(Refusal::new("除数可能是负数"));
        }
        if let (Arg::Const(a), Arg::Const(b)) = (a, b) {
            return Ok(Arg::Const(crate::kernel::divide(a, b.max(1), rounding)));
        }
        let (small, great) = (b0.max(1), b1.max(1));
        let reach = [a0 / small, a0 / great, a1 / small, a1 / great];
        let (min, max) =
            reach.iter().fold((i128::MAX, i128::MIN), |(low, high), &q| (low.min(q), high.max(q)));
        let (min, max) = (min - 1, max + 1);
        let (a, b, table) = match (a, b) {
            (Arg::Node(a), Arg::Const(b)) => {
                let a = self.widen(a, Width::of(b.min(0), b).max(Width::I32));
                (a, Arg::Const(b), self.table(a))
            }
            (Arg::Node(a), Arg::Node(b)) => {
                let (a, b, table) = self.pair(a, b, Width::I32)?;
                (a, Arg::Node(b), table)
            }
            (Arg::Const(a), Arg::Node(b)) => {
                let width = Width::of(a, a).max(Width::I32);
                let b = self.widen(b, width);
                let table = self.table(b);
                let width = self.node(b).width;
                // A dividend that is the same everywhere is laid out once.
                let mask = self.any_mask(b);
                let rows = self.add_node(Op::Select(mask, Arg::Const(a), Arg::Const(a)), table, width, a, a);
                (rows, Arg::Node(b), table)
            }
            (Arg::Const(_), Arg::Const(_)) => return Err(Refusal::new("数太大")),
        };
        let wide = self.node(a).width == Width::I64;
        self.number(Op::Divide(a, b, rounding), table, min, max, wide)
    }

    /// Some mask of the same table, to lay out a constant by.
    fn any_mask(&mut self, like: Id) -> Id {
        let table = self.table(like);
        let value = self.node(like).min;
        self.mask_node(Op::CompareConst(Comparator::Equal, like, value), table)
    }

    pub(crate) fn shift(&mut self, a: Arg, bits: u32) -> Made<Arg> {
        match a {
            Arg::Const(value) => Ok(Arg::Const(value >> bits)),
            Arg::Node(id) => {
                let id = self.widen(id, Width::I32);
                let Node { table, width, min, max, .. } = *self.node(id);
                Ok(Arg::Node(self.add_node(Op::Shift(id, bits), table, width, min >> bits, max >> bits)))
            }
        }
    }

    pub(crate) fn select(&mut self, mask: Mask, a: Arg, b: Arg) -> Made<Arg> {
        let mask = match mask {
            Mask::Yes => return Ok(a),
            Mask::No => return Ok(b),
            Mask::Node(_) if a == b => return Ok(a),
            Mask::Node(id) => id,
        };
        let ((a0, a1), (b0, b1)) = (self.range(a), self.range(b));
        let (min, max) = (a0.min(b0), a1.max(b1));
        let width = Width::of(min, max).max(Width::I32);
        let width = [a, b].iter().fold(width, |width, arg| match arg {
            Arg::Node(id) => width.max(self.node(*id).width),
            Arg::Const(_) => width,
        });
        let mut table = self.table(mask);
        for arg in [a, b] {
            if let Arg::Node(id) = arg {
                table = self.deeper(table, self.table(id))?;
            }
        }
        let mut laid = |arg| match arg {
            Arg::Const(_) => arg,
            Arg::Node(id) => {
                let id = self.widen(id, width);
                Arg::Node(self.down(id, table))
            }
        };
        let (a, b) = (laid(a), laid(b));
        let mask = self.down(mask, table);
        Ok(Arg::Node(self.add_node(Op::Select(mask, a, b), table, width, min, max)))
    }

    /// `values[index - first]`; an index outside takes the nearest.
    pub(crate) fn lookup(&mut self, index: Id, first: i64, values: Vec<i64>) -> Arg {
        let min = values.iter().copied().min().unwrap_or(0);
        let max = values.iter().copied().max().unwrap_or(0);
        if min == max {
            return Arg::Const(min);
        }
        let table = self.table(index);
        let op = Op::Lookup { index, first, values: values.into() };
        Arg::Node(self.add_node(op, table, Width::of(min, max).max(Width::I32), min, max))
    }

    /// A mask by index.
    pub(crate) fn lookup_mask(&mut self, index: Id, first: i64, values: Vec<bool>) -> Mask {
        if values.iter().all(|&value| value) {
            return Mask::Yes;
        }
        if values.iter().all(|&value| !value) {
            return Mask::No;
        }
        let values = values.into_iter().map(i64::from).collect();
        let table = self.table(index);
        Mask::Node(self.mask_node(Op::Lookup { index, first, values }, table))
    }

    pub(crate) fn calendar(&mut self, function: Calendar, a: Arg, b: Arg, min: i64, max: i64) -> Made<Arg> {
        let mut table = None;
        for arg in [a, b] {
            if let Arg::Node(id) = arg {
                if self.node(id).width == Width::I64 {
                    return Err(Refusal::new("月数太大"));
                }
                let own = self.table(id);
                table = Some(table.map_or(Ok(own), |table| self.deeper(table, own))?);
            }
        }
        let narrow = |value: i64| i32::try_from(value).map_err(|_| Refusal::new("月数太大"));
        let Some(table) = table else {
            let (a, b) = (self.range(a).0, self.range(b).0);
            return Ok(Arg::Const(crate::kernel::calendar(function, narrow(a)?, narrow(b)?).into()));
        };
        let mut laid = |arg| -> Made<Arg> {
            Ok(match arg {
                Arg::Const(value) => Arg::Const(narrow(value)?.into()),
                Arg::Node(id) => {
                    let id = self.widen(id, Width::I32);
                    Arg::Node(self.down(id, table))
                }
            })
        };
        let (a, b) = (laid(a)?, laid(b)?);
        Ok(Arg::Node(self.add_node(Op::Calendar(function, a, b), table, Width::I32, min, max)))
    }

    // Truths.

    pub(crate) fn compare(&mut self, comparator: Comparator, a: Arg, b: Arg) -> Made<Mask> {
        let ((a0, a1), (b0, b1)) = (self.range(a), self.range(b));
        let settled = |holds: bool| Ok(if holds { Mask::Yes } else { Mask::No });
        match comparator {
            Comparator::Less if a1 < b0 => return settled(true),
            Comparator::Less if a0 >= b1 => return settled(false),
            Comparator::LessOrEqual if a1 <= b0 => return settled(true),
            Comparator::LessOrEqual if a0 > b1 => return settled(false),
            Comparator::Greater if a0 > b1 => return settled(true),
            Comparator::Greater if a1 <= b0 => return settled(false),
            Comparator::GreaterOrEqual if a0 >= b1 => return settled(true),
            Comparator::GreaterOrEqual if a1 < b0 => return settled(false),
            Comparator::Equal if a1 < b0 || b1 < a0 => return settled(false),
            Comparator::NotEqual if a1 < b0 || b1 < a0 => return settled(true),
            Comparator::Less
            | Comparator::LessOrEqual
            | Comparator::Greater
            | Comparator::GreaterOrEqual
            | Comparator::Equal
            | Comparator::NotEqual => {}
        }
        match (a, b) {
            (Arg::Const(a), Arg::Const(b)) => settled(comparator.holds(a.cmp(&b))),
            (Arg::Const(value), Arg::Node(id)) => self.compare_const(comparator.mirrored(), id, value),
            (Arg::Node(id), Arg::Const(value)) => self.compare_const(comparator, id, value),
            (Arg::Node(a), Arg::Node(b)) if a == b => settled(comparator.holds(std::cmp::Ordering::Equal)),
            (Arg::Node(a), Arg::Node(b)) => {
                let (a, b, table) = self.pair(a, b, Width::U8)?;
                let (comparator, a, b) =
                    if a < b { (comparator, a, b) } else { (comparator.mirrored(), b, a) };
                Ok(Mask::Node(self.mask_node(Op::Compare(comparator, a, b), table)))
            }
        }
    }

    /// A comparison with a constant, moved through what is monotone down to the column where it can be.
    fn compare_const(&mut self, comparator: Comparator, id: Id, value: i64) -> Made<Mask> {
        match self.node(id).op.clone() {
            Op::Widen(inner) => return self.compare(comparator, Arg::Node(inner), Arg::Const(value)),
            Op::AddConst(inner, more) => {
                if let Some(value) = value.checked_sub(more) {
                    return self.compare(comparator, Arg::Node(inner), Arg::Const(value));
                }
            }
            Op::SubtractFrom(from, inner) => {
                if let Some(value) = from.checked_sub(value) {
                    return self.compare(comparator.mirrored(), Arg::Node(inner), Arg::Const(value));
                }
            }
            Op::MultiplyConst(inner, factor) if factor > 0 => {
                let (floor, whole) = (value.div_euclid(factor), value.rem_euclid(factor) == 0);
                // x·f < v is x < ceil(v/f), which is x <= floor(v/f) unless v/f is whole; and so on.
                let (comparator, value) = match comparator {
                    Comparator::Equal if !whole => return Ok(Mask::No),
                    Comparator::NotEqual if !whole => return Ok(Mask::Yes),
                    Comparator::Less if !whole => (Comparator::LessOrEqual, floor),
                    Comparator::GreaterOrEqual if !whole => (Comparator::Greater, floor),
                    Comparator::Equal
                    | Comparator::NotEqual
                    | Comparator::Less
                    | Comparator::LessOrEqual
                    | Comparator::Greater
                    | Comparator::GreaterOrEqual => (comparator, floor),
                };
                return self.compare(comparator, Arg::Node(inner), Arg::Const(value));
            }
            Op::Shift(inner, bits) => {
                let bound = |value: i64| value.checked_mul(1 << bits);
                let moved = match comparator {
                    Comparator::GreaterOrEqual => {
                        bound(value).map(|value| (Comparator::GreaterOrEqual, value))
                    }
                    Comparator::Less => bound(value).map(|value| (Comparator::Less, value)),
                    Comparator::Greater => {
                        value.checked_add(1).and_then(bound).map(|value| (Comparator::GreaterOrEqual, value))
                    }
                    Comparator::LessOrEqual => {
                        value.checked_add(1).and_then(bound).map(|value| (Comparator::Less, value))
                    }
                    Comparator::Equal | Comparator::NotEqual => None,
                };
                if let Some((comparator, value)) = moved {
                    return self.compare(comparator, Arg::Node(inner), Arg::Const(value));
                }
            }
            Op::Broadcast(inner) => {
                // Compared once a household, then spread as one byte.
                let table = self.table(id);
                return Ok(match self.compare(comparator, Arg::Node(inner), Arg::Const(value))? {
                    Mask::Node(mask) => Mask::Node(self.down(mask, table)),
                    settled => settled,
                });
            }
            _ => {}
        }
        let Node { table, width, min, max, .. } = *self.node(id);
        // The range holds the constant (else it was settled), so the column's own width does too.
        let (comparator, value) = match comparator {
            Comparator::LessOrEqual if value < max => (Comparator::Less, value + 1),
            Comparator::Greater if value < max => (Comparator::GreaterOrEqual, value + 1),
            _ => (comparator, value),
        };
        debug_assert!(width == Width::I64 || (min <= value && value <= max));
        Ok(Mask::Node(self.mask_node(Op::CompareConst(comparator, id, value), table)))
    }

    pub(crate) fn not(&mut self, mask: Mask) -> Made<Mask> {
        let id = match mask {
            Mask::Yes => return Ok(Mask::No),
            Mask::No => return Ok(Mask::Yes),
            Mask::Node(id) => id,
        };
        let table = self.table(id);
        let op = match self.node(id).op.clone() {
            Op::Not(inner) => return Ok(Mask::Node(inner)),
            Op::Compare(comparator, a, b) => Op::Compare(comparator.opposite(), a, b),
            Op::CompareConst(comparator, a, value) => Op::CompareConst(comparator.opposite(), a, value),
            Op::Broadcast(inner) => {
                let turned = self.not(Mask::Node(inner))?;
                return Ok(match turned {
                    Mask::Node(turned) => Mask::Node(self.down(turned, table)),
                    settled => settled,
                });
            }
            _ => Op::Not(id),
        };
        Ok(Mask::Node(self.mask_node(op, table)))
    }

    pub(crate) fn and(&mut self, masks: &[Mask]) -> Made<Mask> {
        self.join(masks, true)
    }

    pub(crate) fn or(&mut self, masks: &[Mask]) -> Made<Mask> {
        self.join(masks, false)
    }

    /// Kleene's halves: what is the same for a whole household is joined there, before it is spread to the members.
    fn join(&mut self, masks: &[Mask], all: bool) -> Made<Mask> {
        let (idle, settling) = if all { (Mask::Yes, Mask::No) } else { (Mask::No, Mask::Yes) };
        let mut ids = Vec::new();
        for &mask in masks {
            match mask {
                Mask::Node(id) => ids.push(id),
                same if same == settling => return Ok(settling),
                _ => {}
            }
        }
        // A broadcast is taken back to where it came from, so that it is joined there.
        for id in &mut ids {
            while let Op::Broadcast(inner) = self.node(*id).op {
                *id = inner;
            }
        }
        let depth = |graph: &Self, id: Id| graph.schema.depth(graph.table(id));
        ids.sort_by_key(|&id| (depth(self, id), id));
        ids.dedup();
        for &id in &ids {
            if let Mask::Node(turned) = self.not(Mask::Node(id))?
                && ids.contains(&turned)
            {
                return Ok(settling);
            }
        }
        let mut joined: Option<Id> = None;
        let mut rest = ids.as_slice();
        while let Some(&first) = rest.first() {
            let table = self.table(first);
            let count = rest.iter().take_while(|&&id| self.table(id) == table).count();
            let (level, below) = rest.split_at(count);
            rest = below;
            let mut level = level.to_vec();
            if let Some(above) = joined {
                if !self.schema.is_above(self.table(above), table) {
                    return Err(Refusal::new("两张表的行对不上"));
                }
                let above = self.down(above, table);
                level.push(above);
                level.sort();
            }
            joined = Some(if let [only] = level.as_slice() {
                *only
            } else {
                self.mask_node(if all { Op::And(level) } else { Op::Or(level) }, table)
            });
        }
        Ok(joined.map_or(idle, Mask::Node))
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

fn constant(value: i128) -> Made<Arg> {
    i64::try_from(value).map(Arg::Const).map_err(|_| Refusal::new("数太大"))
}

fn width_of(min: i128, max: i128) -> Width {
    match (i32::try_from(min), i32::try_from(max)) {
        (Ok(_), Ok(_)) => Width::I32,
        _ => Width::I64,
    }
}

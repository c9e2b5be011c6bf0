//! Nodes of whole numbers: arithmetic, choice, lookup, dates. Constants are worked out here and now, ranges follow, and what
//! no width holds is refused.

use rules::compiled::Comparator;

use super::{Arg, Calendar, Graph, Id, Made, Mask, Node, Op, Refusal, Rounding};
use crate::cells::Width;

impl Graph<'_> {
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

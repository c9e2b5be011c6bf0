//! Nodes of zeros and ones: comparisons, AND, OR, NOT. What the ranges settle never becomes a node.

use rules::compiled::Comparator;

use super::{Arg, Graph, Id, Made, Mask, Node, Op, Refusal};
use crate::cells::Width;

impl Graph<'_> {
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
}

//! Whole numbers in the narrowest type that holds them: what a column is while it is filled, and how a kernel sees it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The machine type of a column or register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// Unsigned, one byte; truths are 0 or 1.
    U8,
    /// Unsigned, two bytes.
    U16,
    /// Signed, four bytes.
    I32,
    /// Signed, eight bytes.
    I64,
}

impl Width {
    /// The narrowest type for all numbers from `min` to `max`.
    pub fn of(min: i64, max: i64) -> Width {
        if u8::try_from(min).is_ok() && u8::try_from(max).is_ok() {
            Width::U8
        } else if u16::try_from(min).is_ok() && u16::try_from(max).is_ok() {
            Width::U16
        } else if i32::try_from(min).is_ok() && i32::try_from(max).is_ok() {
            Width::I32
        } else {
            Width::I64
        }
    }

    /// Bytes of one value.
    pub fn bytes(self) -> usize {
        match self {
            Width::U8 => 1,
            Width::U16 => 2,
            Width::I32 => 4,
            Width::I64 => 8,
        }
    }
}

/// Values of one width, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slice<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

impl<'a> Slice<'a> {
    #[inline(always)]
    pub(crate) fn get(self, row: usize) -> i64 {
        match self {
            Slice::U8(values) => i64::from(values[row]),
            Slice::U16(values) => i64::from(values[row]),
            Slice::I32(values) => i64::from(values[row]),
            Slice::I64(values) => values[row],
        }
    }

    #[inline(always)]
    pub(crate) fn range(self, rows: Range<usize>) -> Slice<'a> {
        match self {
            Slice::U8(values) => Slice::U8(&values[rows]),
            Slice::U16(values) => Slice::U16(&values[rows]),
            Slice::I32(values) => Slice::I32(&values[rows]),
            Slice::I64(values) => Slice::I64(&values[rows]),
        }
    }

    /// The least and the greatest value; `None` of nothing.
    pub(crate) fn bounds(self) -> Option<(i64, i64)> {
        fn of<T: Copy + Ord + Into<i64>>(values: &[T]) -> Option<(i64, i64)> {
            let first = *values.first()?;
            let (least, most) = values
                .iter()
                .fold((first, first), |(least, most), &value| (least.min(value), most.max(value)));
            Some((least.into(), most.into()))
        }
        match self {
            Slice::U8(values) => of(values),
            Slice::U16(values) => of(values),
            Slice::I32(values) => of(values),
            Slice::I64(values) => of(values),
        }
    }

    /// One loop for each width, so that the width is not asked of every row.
    pub(crate) fn each(self, mut visit: impl FnMut(i64)) {
        match self {
            Slice::U8(values) => values.iter().for_each(|&value| visit(value.into())),
            Slice::U16(values) => values.iter().for_each(|&value| visit(value.into())),
            Slice::I32(values) => values.iter().for_each(|&value| visit(value.into())),
            Slice::I64(values) => values.iter().for_each(|&value| visit(value)),
        }
    }
}

/// Values of one width, owned; pushing a value that does not fit widens all.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
}

impl Default for Values {
    fn default() -> Values {
        Values::U8(Vec::new())
    }
}

impl Values {
    pub(crate) fn len(&self) -> usize {
        match self {
            Values::U8(values) => values.len(),
            Values::U16(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::I64(values) => values.len(),
        }
    }

    pub(crate) fn width(&self) -> Width {
        match self {
            Values::U8(_) => Width::U8,
            Values::U16(_) => Width::U16,
            Values::I32(_) => Width::I32,
            Values::I64(_) => Width::I64,
        }
    }

    #[inline(always)]
    pub(crate) fn slice(&self) -> Slice<'_> {
        match self {
            Values::U8(values) => Slice::U8(values),
            Values::U16(values) => Slice::U16(values),
            Values::I32(values) => Slice::I32(values),
            Values::I64(values) => Slice::I64(values),
        }
    }

    /// The same values in this width, which holds them all.
    pub(crate) fn widen(&mut self, width: Width) {
        if width == self.width() {
            return;
        }
        let values = self.slice();
        let all = (0..self.len()).map(|row| values.get(row));
        // Each value came from a narrower type, so no cast loses anything.
        *self = match width {
            Width::U8 => Values::U8(all.map(|value| value as u8).collect()),
            Width::U16 => Values::U16(all.map(|value| value as u16).collect()),
            Width::I32 => Values::I32(all.map(|value| value as i32).collect()),
            Width::I64 => Values::I64(all.collect()),
        };
    }

    pub(crate) fn push(&mut self, value: i64) {
        match self {
            Values::U8(values) => {
                if let Ok(narrow) = u8::try_from(value) {
                    return values.push(narrow);
                }
            }
            Values::U16(values) => {
                if let Ok(narrow) = u16::try_from(value) {
                    return values.push(narrow);
                }
            }
            Values::I32(values) => {
                if let Ok(narrow) = i32::try_from(value) {
                    return values.push(narrow);
                }
            }
            Values::I64(values) => return values.push(value),
        }
        // From unsigned to signed a width of two bytes is skipped, so the next width always holds more.
        let wider = Width::of(value, value).max(match self.width() {
            Width::U8 => Width::U16,
            Width::U16 => Width::I32,
            Width::I32 | Width::I64 => Width::I64,
        });
        self.widen(wider);
        self.push(value);
    }

    /// Adds what another column holds, `base` added to each, and says the least and the greatest of it; `None` for nothing.
    pub(crate) fn extend(&mut self, from: Slice<'_>, base: i64) -> Option<(i64, i64)> {
        let (least, most) = from.bounds()?;
        let (least, most) = (least + base, most + base);
        let wide = Width::of(least, most);
        if self.len() == 0 || !self.holds(least, most) {
            // Both what is here and what comes: two unsigned bytes beside a sign need four.
            let here =
                self.slice().bounds().map_or(wide, |(low, high)| Width::of(low.min(least), high.max(most)));
            self.widen(wide.max(here));
        }
        match (&mut *self, from, base) {
            (Values::U8(values), Slice::U8(from), 0) => values.extend_from_slice(from),
            (Values::U16(values), Slice::U16(from), 0) => values.extend_from_slice(from),
            (Values::I32(values), Slice::I32(from), 0) => values.extend_from_slice(from),
            (Values::I64(values), Slice::I64(from), 0) => values.extend_from_slice(from),
            // Every value fits: the width was chosen by the bounds.
            (Values::U8(values), from, _) => from.each(|value| values.push((value + base) as u8)),
            (Values::U16(values), from, _) => from.each(|value| values.push((value + base) as u16)),
            (Values::I32(values), from, _) => from.each(|value| values.push((value + base) as i32)),
            (Values::I64(values), from, _) => from.each(|value| values.push(value + base)),
        }
        Some((least, most))
    }

    fn holds(&self, least: i64, most: i64) -> bool {
        match self {
            Values::U8(_) => u8::try_from(least).is_ok() && u8::try_from(most).is_ok(),
            Values::U16(_) => u16::try_from(least).is_ok() && u16::try_from(most).is_ok(),
            Values::I32(_) => i32::try_from(least).is_ok() && i32::try_from(most).is_ok(),
            Values::I64(_) => true,
        }
    }

    pub(crate) fn set(&mut self, row: usize, value: i64) {
        match self {
            Values::U8(values) => values[row] = value as u8,
            Values::U16(values) => values[row] = value as u16,
            Values::I32(values) => values[row] = value as i32,
            Values::I64(values) => values[row] = value,
        }
    }
}

/// One bit a row, lowest bit first; made only when something is unknown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    pub bytes: Vec<u8>,
    pub len: usize,
}

impl Bits {
    pub(crate) fn ones(len: usize) -> Bits {
        let mut bits = Bits::default();
        bits.extend_ones(len);
        bits
    }

    pub(crate) fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.len % 8);
        }
        self.len += 1;
    }

    /// Adds the bits `rows` of others.
    pub(crate) fn extend(&mut self, from: &[u8], rows: Range<usize>) {
        let Range { mut start, end } = rows;
        while start < end && !self.len.is_multiple_of(8) {
            self.push(bit(from, start));
            start += 1;
        }
        let (whole, shift) = ((end - start) / 8, start % 8);
        self.bytes.extend((0..whole).map(|at| {
            let low = from[start / 8 + at] >> shift;
            if shift == 0 { low } else { low | from[start / 8 + at + 1] << (8 - shift) }
        }));
        self.len += whole * 8;
        (start + whole * 8..end).for_each(|row| self.push(bit(from, row)));
    }

    /// Adds bits that are all set.
    pub(crate) fn extend_ones(&mut self, count: usize) {
        let end = self.len + count;
        while self.len < end && !self.len.is_multiple_of(8) {
            self.push(true);
        }
        let whole = (end - self.len) / 8;
        self.bytes.resize(self.bytes.len() + whole, 0xff);
        self.len += whole * 8;
        (self.len..end).for_each(|_| self.push(true));
    }

    /// The rows whose bit is not set.
    pub(crate) fn zeros(&self) -> impl Iterator<Item = usize> {
        let full = |byte: &(usize, &u8)| *byte.1 != 0xff;
        let rows = self.bytes.iter().enumerate().filter(full).flat_map(|(at, _)| at * 8..at * 8 + 8);
        rows.take_while(|&row| row < self.len).filter(|&row| !bit(&self.bytes, row))
    }
}

/// Bit `row` of packed bits.
pub(crate) fn bit(bytes: &[u8], row: usize) -> bool {
    bytes[row / 8] >> (row % 8) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_widens_and_keeps_its_values() {
        let wanted = [0, 255, 256, 65_535, -1, 70_000, i64::from(i32::MIN), i64::MAX, i64::MIN];
        let mut values = Values::default();
        for (index, &value) in wanted.iter().enumerate() {
            values.push(value);
            let held: Vec<i64> = (0..values.len()).map(|row| values.slice().get(row)).collect();
            assert_eq!(held, wanted[..=index]);
        }
        assert_eq!(values.width(), Width::I64);
    }

    #[test]
    fn a_column_takes_over_any_other_whatever_the_widths() {
        let columns: [&[i64]; 7] = [
            &[],
            &[0, 255],
            &[256, 65_535],
            &[-1, 7],
            &[70_000, i64::from(i32::MIN)],
            &[i64::MAX, i64::MIN + 300],
            &[40_000, 1],
        ];
        let of = |numbers: &[i64]| {
            let mut values = Values::default();
            numbers.iter().for_each(|&number| values.push(number));
            values
        };
        for first in columns {
            for second in columns {
                for base in [0, -3, 200] {
                    if second.iter().any(|value| value.checked_add(base).is_none()) {
                        continue;
                    }
                    let (mut values, from) = (of(first), of(second));
                    let bounds = values.extend(from.slice(), base);
                    let held: Vec<i64> = (0..values.len()).map(|row| values.slice().get(row)).collect();
                    let added: Vec<i64> = second.iter().map(|value| value + base).collect();
                    assert_eq!(held, [first, &added].concat());
                    assert_eq!(bounds, added.iter().min().copied().zip(added.iter().max().copied()));
                }
            }
        }
    }

    #[test]
    fn bits_taken_over_stand_where_they_stood() {
        let wanted: Vec<bool> = (0..61).map(|row: i32| row.pow(2) % 7 != 2).collect();
        let mut from = Bits::default();
        wanted.iter().for_each(|&bit| from.push(bit));
        for before in 0..18 {
            for start in [0, 1, 7, 8, 13] {
                for end in [start, start + 3, 40, 61] {
                    let mut bits = Bits::ones(before);
                    bits.extend(&from.bytes, start..end);
                    bits.extend_ones(11);
                    let held: Vec<bool> = (0..bits.len).map(|row| bit(&bits.bytes, row)).collect();
                    let all = [&vec![true; before], &wanted[start..end], &[true; 11]].concat();
                    assert_eq!(held, all, "{before} {start}..{end}");
                    let zeros: Vec<usize> = bits.zeros().collect();
                    let unset = all.iter().enumerate().filter(|(_, bit)| !**bit).map(|(row, _)| row);
                    assert_eq!(zeros, unset.collect::<Vec<usize>>());
                }
            }
        }
    }

    #[test]
    fn bits_are_kept_in_order() {
        for len in [0, 1, 7, 8, 9, 17] {
            let mut bits = Bits::ones(len);
            bits.push(false);
            bits.push(true);
            let held: Vec<bool> = (0..bits.len).map(|row| bit(&bits.bytes, row)).collect();
            let wanted: Vec<bool> = (0..len).map(|_| true).chain([false, true]).collect();
            assert_eq!(held, wanted);
        }
    }
}

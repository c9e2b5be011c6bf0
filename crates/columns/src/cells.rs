//! Whole numbers in the narrowest type that holds them: what a column is while it is filled, and how a kernel sees it.

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
    pub(crate) fn range(self, rows: std::ops::Range<usize>) -> Slice<'a> {
        match self {
            Slice::U8(values) => Slice::U8(&values[rows]),
            Slice::U16(values) => Slice::U16(&values[rows]),
            Slice::I32(values) => Slice::I32(&values[rows]),
            Slice::I64(values) => Slice::I64(&values[rows]),
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
        let mut bits = Bits { bytes: vec![0xff; len / 8], len: len / 8 * 8 };
        (bits.len..len).for_each(|_| bits.push(true));
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

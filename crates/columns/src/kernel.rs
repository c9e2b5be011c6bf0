//! The loops. Each runs over one chunk of rows that fits the first caches, is plain enough for the compiler to turn
//! into vector instructions, and is compiled once for every kind of machine in [`crate::machine`]. A slice is cut to the
//! number of rows before a loop, so that no row is checked twice.

use rules::compiled::Comparator;

use crate::dates;
use crate::graph::{Calendar, Rounding};

#[inline(always)]
pub(crate) fn map<A: Copy, O>(a: &[A], out: &mut [O], f: impl Fn(A) -> O) {
    let a = &a[..out.len()];
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(a);
    }
}

#[inline(always)]
pub(crate) fn zip<A: Copy, B: Copy, O>(a: &[A], b: &[B], out: &mut [O], f: impl Fn(A, B) -> O) {
    let rows = out.len();
    let (a, b) = (&a[..rows], &b[..rows]);
    for row in 0..rows {
        out[row] = f(a[row], b[row]);
    }
}

#[inline(always)]
pub(crate) fn zip3<A: Copy, B: Copy, C: Copy, O>(
    a: &[A],
    b: &[B],
    c: &[C],
    out: &mut [O],
    f: impl Fn(A, B, C) -> O,
) {
    let rows = out.len();
    let (a, b, c) = (&a[..rows], &b[..rows], &c[..rows]);
    for row in 0..rows {
        out[row] = f(a[row], b[row], c[row]);
    }
}

/// A comparison of two columns, as zeros and ones.
#[inline(always)]
pub(crate) fn compare<T: Copy + Ord>(comparator: Comparator, a: &[T], b: &[T], out: &mut [u8]) {
    match comparator {
        Comparator::Equal => zip(a, b, out, |a, b| u8::from(a == b)),
        Comparator::NotEqual => zip(a, b, out, |a, b| u8::from(a != b)),
        Comparator::Less => zip(a, b, out, |a, b| u8::from(a < b)),
        Comparator::LessOrEqual => zip(a, b, out, |a, b| u8::from(a <= b)),
        Comparator::Greater => zip(a, b, out, |a, b| u8::from(a > b)),
        Comparator::GreaterOrEqual => zip(a, b, out, |a, b| u8::from(a >= b)),
    }
}

#[inline(always)]
pub(crate) fn compare_const<T: Copy + Ord>(comparator: Comparator, a: &[T], b: T, out: &mut [u8]) {
    match comparator {
        Comparator::Equal => map(a, out, |a| u8::from(a == b)),
        Comparator::NotEqual => map(a, out, |a| u8::from(a != b)),
        Comparator::Less => map(a, out, |a| u8::from(a < b)),
        Comparator::LessOrEqual => map(a, out, |a| u8::from(a <= b)),
        Comparator::Greater => map(a, out, |a| u8::from(a > b)),
        Comparator::GreaterOrEqual => map(a, out, |a| u8::from(a >= b)),
    }
}

/// Zeros and ones from bits, the first of which is bit `first` of `bits`.
#[inline(always)]
pub(crate) fn unpack(bits: &[u8], first: usize, out: &mut [u8]) {
    let (byte, shift) = (first / 8, first % 8);
    let bits = &bits[byte..];
    for (index, out) in out.chunks_mut(8).enumerate() {
        let low = u16::from(bits[index]);
        let high = bits.get(index + 1).copied().map_or(0, u16::from);
        let eight = ((low | high << 8) >> shift) as u8;
        for (bit, out) in out.iter_mut().enumerate() {
            *out = eight >> bit & 1;
        }
    }
}

/// `values[index - first]`, the index brought inside.
#[inline(always)]
pub(crate) fn lookup<I: Copy + Into<i64>, T: Copy>(index: &[I], first: i64, values: &[T], out: &mut [T]) {
    let last = values.len() as i64 - 1;
    map(index, out, |index| values[(index.into() - first).clamp(0, last) as usize]);
}

/// Places of rows, each below `limit`: what makes reading by them without a check sound. Only [`owners`], [`rows_of`]
/// and [`Places::through`] fill it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    places: Vec<u32>,
    count: usize,
    limit: usize,
}

impl Places {
    #[inline(always)]
    pub(crate) fn all(&self) -> &[u32] {
        &self.places[..self.count]
    }

    /// Every row.
    pub(crate) fn every(&mut self, rows: usize) {
        self.places.clear();
        self.places.extend(0..rows as u32);
        (self.count, self.limit) = (rows, rows);
    }

    pub(crate) fn none(&mut self) {
        self.count = 0;
    }

    /// The place that each of these places has in `owner`.
    #[inline(always)]
    pub(crate) fn through(&mut self, rows: &Places, owner: &Places) {
        if self.places.len() < rows.count {
            self.places.resize(rows.count, 0);
        }
        broadcast(owner.all(), rows, &mut self.places[..rows.count]);
        (self.count, self.limit) = (rows.count, owner.limit);
    }
}

/// The value at each place.
#[inline(always)]
pub(crate) fn broadcast<T: Copy>(values: &[T], places: &Places, out: &mut [T]) {
    assert!(places.limit <= values.len() || places.count == 0, "there is a value for every place");
    for (out, &place) in out.iter_mut().zip(places.all()) {
        debug_assert!((place as usize) < places.limit);
        #[expect(unsafe_code, reason = "a check of every row would double the work of the loop")]
        // SAFETY: every place is below `places.limit` (the invariant of `Places`), and there are at least that many
        // values (asserted above).
        let value = unsafe { *values.get_unchecked(place as usize) };
        *out = value;
    }
}

/// For each row the place of its parent in the chunk. `offsets` are the parents' first rows and the end, which never go
/// back (checked when the snapshot was opened), the first of them the chunk's first row.
#[inline(always)]
pub(crate) fn owners(offsets: &[u32], out: &mut Places) {
    const STEP: usize = 8;
    let (base, rows) = (offsets[0], (offsets[offsets.len() - 1] - offsets[0]) as usize);
    if out.places.len() < rows {
        out.places.resize(rows, 0);
    }
    (out.count, out.limit) = (rows, offsets.len() - 1);
    let places = &mut out.places[..rows];
    for (parent, pair) in offsets.windows(2).enumerate() {
        let (start, end) = ((pair[0] - base) as usize, (pair[1] - base) as usize);
        // Most households are small: eight places are filled at once and those that were too many are filled again by
        // the next parents, which have rows up to the last.
        match places.get_mut(start..start + STEP) {
            Some(eight) if end - start <= STEP => eight.fill(parent as u32),
            _ => places[start..end].fill(parent as u32),
        }
    }
}

/// Sums over the rows of each parent, as differences of running sums. Sums wrap; each difference fits by its range.
#[inline(always)]
#[expect(
    clippy::too_many_arguments,
    reason = "the loop is generic in its numbers, and so are zero and the two operations"
)]
pub(crate) fn sums<V: Copy, T: Copy>(
    values: &[V],
    offsets: &[u32],
    base: u32,
    running: &mut Vec<T>,
    out: &mut [T],
    zero: T,
    add: impl Fn(T, V) -> T,
    subtract: impl Fn(T, T) -> T,
) {
    running.resize(values.len() + 1, zero);
    let running = &mut running[..values.len() + 1];
    running[0] = zero;
    let mut sum = zero;
    for (place, &value) in running[1..].iter_mut().zip(values) {
        sum = add(sum, value);
        *place = sum;
    }
    let offsets = &offsets[..out.len() + 1];
    let last = running.len() - 1;
    // Offsets never leave the chunk; saying so again lets the loop run without a branch.
    let mut before = running[((offsets[0] - base) as usize).min(last)];
    for (out, &end) in out.iter_mut().zip(&offsets[1..]) {
        let upto = running[((end - base) as usize).min(last)];
        *out = subtract(upto, before);
        before = upto;
    }
}

/// The smallest or greatest over the rows of each parent; `none` where there is no row.
#[inline(always)]
pub(crate) fn extremes<T: Copy + Ord>(
    values: &[T],
    offsets: &[u32],
    base: u32,
    least: bool,
    none: T,
    out: &mut [T],
) {
    let offsets = &offsets[..out.len() + 1];
    for (out, pair) in out.iter_mut().zip(offsets.windows(2)) {
        let rows = values[(pair[0] - base) as usize..(pair[1] - base) as usize].iter().copied();
        *out = if least { rows.min() } else { rows.max() }.unwrap_or(none);
    }
}

/// A quotient made whole; a divisor that is not positive counts as one.
#[inline(always)]
pub(crate) fn divide(a: i64, b: i64, rounding: Rounding) -> i64 {
    let b = b.max(1);
    let (quotient, rest) = (a / b, a % b);
    match rounding {
        // |rest| >= b - |rest| is 2·|rest| >= b without leaving the range.
        Rounding::Half => quotient + i64::from(rest.abs() >= b - rest.abs()) * a.signum(),
        Rounding::Floor => quotient - i64::from(rest < 0),
        Rounding::Ceil => quotient + i64::from(rest > 0),
    }
}

/// The same in 32 bits, where division is several times faster.
#[inline(always)]
pub(crate) fn divide_narrow(a: i32, b: i32, rounding: Rounding) -> i32 {
    let b = b.max(1);
    let (quotient, rest) = (a.wrapping_div(b), a.wrapping_rem(b));
    match rounding {
        Rounding::Half => quotient + i32::from(rest.abs() >= b - rest.abs()) * a.signum(),
        Rounding::Floor => quotient - i32::from(rest < 0),
        Rounding::Ceil => quotient + i32::from(rest > 0),
    }
}

#[inline(always)]
pub(crate) fn calendar(function: Calendar, a: i32, b: i32) -> i32 {
    match function {
        Calendar::MonthsBetween => dates::months_between(a, b),
        Calendar::DaysBetween => dates::day_number(b) - dates::day_number(a),
        Calendar::AddMonths => dates::add_months(a, b),
        Calendar::MonthOf => dates::month_index(a),
        Calendar::FirstDay => dates::from_month(a, 1),
        Calendar::LastDay => dates::from_month(a, dates::days_in_month(a)),
    }
}

/// The rows of a mask of zeros and ones.
#[inline(always)]
pub(crate) fn rows_of(mask: &[u8], rows: &mut Places) {
    const BLOCK: usize = 64;
    if rows.places.len() < mask.len() {
        rows.places.resize(mask.len(), 0);
    }
    rows.limit = mask.len();
    let places = &mut rows.places[..mask.len()];
    let mut count = 0;
    let mut take = |first: usize, word: &[u8; 8]| {
        let mut word = u64::from_le_bytes(*word);
        while word != 0 {
            places[count] = first as u32 + word.trailing_zeros() / 8;
            count += 1;
            word &= word - 1;
        }
    };
    let (blocks, rest) = mask.as_chunks::<BLOCK>();
    for (index, block) in blocks.iter().enumerate() {
        if block.iter().fold(0, |any, &bit| any | bit) != 0 {
            let (words, _) = block.as_chunks::<8>();
            words.iter().enumerate().for_each(|(word, eight)| take(index * BLOCK + word * 8, eight));
        }
    }
    let first = blocks.len() * BLOCK;
    for (index, few) in rest.chunks(8).enumerate() {
        let mut eight = [0; 8];
        eight[..few.len()].copy_from_slice(few);
        take(first + index * 8, &eight);
    }
    rows.count = count;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_round_half_away_from_zero() {
        let cases = [
            (5, 2, 3),
            (-5, 2, -3),
            (4, 3, 1),
            (-4, 3, -1),
            (7, 2, 4),
            (-7, 2, -4),
            (1, 3, 0),
            (-1, 2, -1),
            (0, 7, 0),
        ];
        for (a, b, wanted) in cases {
            assert_eq!(divide(a, b, Rounding::Half), wanted, "{a}/{b}");
            assert_eq!(i64::from(divide_narrow(a as i32, b as i32, Rounding::Half)), wanted, "{a}/{b}");
            let (floor, ceil) = (a.div_euclid(b), -(-a).div_euclid(b));
            assert_eq!(divide(a, b, Rounding::Floor), floor);
            assert_eq!(divide(a, b, Rounding::Ceil), ceil);
            assert_eq!(i64::from(divide_narrow(a as i32, b as i32, Rounding::Floor)), floor);
            assert_eq!(i64::from(divide_narrow(a as i32, b as i32, Rounding::Ceil)), ceil);
        }
    }

    #[test]
    fn bits_are_unpacked_from_any_place() {
        let bits: Vec<u8> = (0..9u8).map(|byte| byte.wrapping_mul(37) ^ 0b1010_0110).collect();
        for first in 0..20 {
            for rows in [0, 1, 7, 8, 13, 40] {
                let mut out = vec![9; rows];
                unpack(&bits, first, &mut out);
                let wanted: Vec<u8> =
                    (first..first + rows).map(|row| bits[row / 8] >> (row % 8) & 1).collect();
                assert_eq!(out, wanted, "{first} {rows}");
            }
        }
    }

    #[test]
    fn every_row_finds_its_owner() {
        let sizes = [1u32, 0, 8, 9, 3, 0, 0, 12, 2, 7, 1];
        let mut offsets = vec![100];
        sizes.iter().for_each(|size| offsets.push(offsets[offsets.len() - 1] + size));
        let rows = (offsets[sizes.len()] - 100) as usize;
        // What an earlier, longer chunk left must not show.
        let mut owner = Places { places: vec![77; rows + 5], count: rows + 5, limit: 78 };
        owners(&offsets, &mut owner);
        let wanted: Vec<u32> =
            (0..).zip(sizes).flat_map(|(parent, size)| vec![parent; size as usize]).collect();
        assert_eq!((owner.all(), owner.limit), (wanted.as_slice(), sizes.len()));
        let mut spread = vec![0u16; rows];
        broadcast(&(0..11).map(|place| place * 100).collect::<Vec<u16>>(), &owner, &mut spread);
        assert_eq!(spread, wanted.iter().map(|&place| place as u16 * 100).collect::<Vec<u16>>());
        let ones = vec![1u8; rows];
        let mut sum = vec![0i32; sizes.len()];
        sums(&ones, &offsets, 100, &mut Vec::new(), &mut sum, 0, |a, b| a + i32::from(b), |a, b| a - b);
        assert_eq!(sum, sizes.map(|size| size as i32));
    }

    #[test]
    fn the_rows_of_a_mask_are_found() {
        for length in [0, 1, 8, 61, 64, 200] {
            let is_in = |row: &u32| row % 7 == 3 && !(70..150).contains(row) || *row > 190;
            let mask: Vec<u8> = (0..length).map(|row| u8::from(is_in(&row))).collect();
            let mut rows = Places::default();
            rows_of(&mask, &mut rows);
            let wanted: Vec<u32> = (0..length).filter(is_in).collect();
            assert_eq!((rows.all(), rows.limit), (wanted.as_slice(), mask.len()));
            let mut twice = Places::default();
            twice.through(&rows, &rows_from(length));
            assert_eq!(twice.all(), wanted.iter().map(|row| length - 1 - row).collect::<Vec<u32>>());
        }
    }

    fn rows_from(length: u32) -> Places {
        let places: Vec<u32> = (0..length).rev().collect();
        Places { count: places.len(), limit: places.len(), places }
    }

    #[test]
    #[should_panic(expected = "there is a value for every place")]
    fn a_place_without_a_value_is_never_read() {
        let mut places = Places::default();
        places.every(9);
        broadcast(&[1u8; 8], &places, &mut [0; 9]);
    }
}

//! The lot itself: a pure function of seed and numbers, so that anybody can draw again.

use sm3::{Digest, Sm3};

/// Why a case was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A relative of staff is on record.
    Relative,
    /// It was complained of.
    Complaint,
    /// The lot fell on it.
    Lot,
}

impl Why {
    pub(super) fn code(self) -> &'static str {
        match self {
            Why::Relative => "relative",
            Why::Complaint => "complaint",
            Why::Lot => "lot",
        }
    }

    pub(super) fn from_code(code: &str) -> Why {
        match code {
            "relative" => Why::Relative,
            "complaint" => Why::Complaint,
            _ => Why::Lot,
        }
    }

    /// As people say it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Why::Relative => "近亲属备案，必查",
            Why::Complaint => "有投诉举报，必查",
            Why::Lot => "抽中",
        }
    }
}

/// The lot of a case: SM3 of the seed, a line feed and the case's number, hexadecimal. The smallest are drawn.
#[must_use]
pub fn lot(seed: &str, number: &str) -> String {
    hex::encode(Sm3::digest(format!("{seed}\n{number}")))
}

/// SM3 over the numbers of a population in their order, each ended by a line feed.
pub(super) fn fingerprint<'a>(numbers: impl Iterator<Item = &'a str>) -> String {
    let mut digest = Sm3::new();
    for number in numbers {
        digest.update(number);
        digest.update("\n");
    }
    hex::encode(digest.finalize())
}

/// Which of these cases are drawn, in the order given: all that must be, and the smallest lots of the others.
pub(super) fn drawn(
    population: &[(String, Option<Why>)],
    seed: &str,
    by_lot: usize,
) -> Vec<(String, Option<Why>)> {
    let mut others: Vec<(String, usize)> = population
        .iter()
        .enumerate()
        .filter(|(_, (_, always))| always.is_none())
        .map(|(index, (number, _))| (lot(seed, number), index))
        .collect();
    others.sort();
    let chosen: Vec<usize> = others.iter().take(by_lot).map(|(_, index)| *index).collect();
    population
        .iter()
        .enumerate()
        .map(|(index, (number, always))| {
            (lot(seed, number), always.or_else(|| chosen.contains(&index).then_some(Why::Lot)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Anybody with a tool for SM3 draws the same: `printf '%s\n%s' seed number | sm3`.
    #[test]
    fn a_lot_is_sm3_of_seed_and_number() {
        assert_eq!(lot("a", "b"), hex::encode(Sm3::digest(b"a\nb")));
    }

    #[test]
    fn the_smallest_lots_are_drawn_beside_those_that_must_be() {
        let population: Vec<(String, Option<Why>)> =
            (0..40).map(|index| (format!("DB-{index:03}"), (index == 7).then_some(Why::Complaint))).collect();
        let first = drawn(&population, "seed", 12);
        assert_eq!(first, drawn(&population, "seed", 12), "the same again");
        assert_eq!(first[7].1, Some(Why::Complaint));
        let by_lot: Vec<&String> =
            first.iter().filter(|(_, why)| *why == Some(Why::Lot)).map(|(lot, _)| lot).collect();
        assert_eq!(by_lot.len(), 12);
        let largest = by_lot.iter().max().unwrap();
        assert!(first.iter().filter(|(_, why)| why.is_none()).all(|(lot, _)| lot > *largest));
        assert_ne!(first, drawn(&population, "another", 12));
    }
}

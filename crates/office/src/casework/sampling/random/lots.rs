//! Objects and inspectors by lot: pure functions of the seed and of the numbers from one up under which both stood before there was a seed.

use std::collections::BTreeSet;

use super::super::lot::lot;

/// An object that was drawn: its place in the population and its lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DrawnPlace {
    pub place: i64,
    pub lot: String,
}

/// An inspector of a drawn object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assigned {
    pub place: i64,
    pub inspector: i64,
    pub lot: String,
}

/// The lot of an inspector for an object: SM3 of seed, the object's number and the inspector's, a line feed between.
#[must_use]
pub fn inspector_lot(seed: &str, place: i64, inspector: i64) -> String {
    lot(seed, &format!("{place}\n{inspector}"))
}

/// The objects with the smallest lots, by place.
pub(super) fn drawn(seed: &str, population: i64, many: i64) -> Vec<DrawnPlace> {
    let mut lots: Vec<DrawnPlace> =
        (1..=population).map(|place| DrawnPlace { place, lot: lot(seed, &place.to_string()) }).collect();
    lots.sort_by(|one, other| (&one.lot, one.place).cmp(&(&other.lot, other.place)));
    lots.truncate(usize::try_from(many).unwrap_or(0));
    lots.sort_by_key(|drawn| drawn.place);
    lots
}

/// For each object so many inspectors, those with the smallest lots; who is barred from one is passed over and the next in the order of the
/// lots takes it. Objects for which too few are left come back as the error.
pub(super) fn assigned(
    seed: &str,
    places: &[i64],
    inspectors: i64,
    each: i64,
    barred: &BTreeSet<(i64, i64)>,
) -> Result<Vec<Assigned>, Vec<i64>> {
    let each = usize::try_from(each).unwrap_or(0);
    let (mut all, mut lacking) = (Vec::new(), Vec::new());
    for &place in places {
        let mut lots: Vec<Assigned> = (1..=inspectors)
            .filter(|inspector| !barred.contains(&(place, *inspector)))
            .map(|inspector| Assigned { place, inspector, lot: inspector_lot(seed, place, inspector) })
            .collect();
        if lots.len() < each {
            lacking.push(place);
            continue;
        }
        lots.sort_by(|one, other| (&one.lot, one.inspector).cmp(&(&other.lot, other.inspector)));
        lots.truncate(each);
        all.extend(lots);
    }
    if lacking.is_empty() { Ok(all) } else { Err(lacking) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_lots_are_drawn_and_the_same_again() {
        let first = drawn("seed", 200, 30);
        assert_eq!(first, drawn("seed", 200, 30));
        assert_ne!(first, drawn("other", 200, 30));
        let largest = first.iter().map(|drawn| &drawn.lot).max().unwrap();
        let below = (1..=200_i64).filter(|place| lot("seed", &place.to_string()) <= *largest).count();
        assert_eq!((first.len(), below), (30, 30));
    }

    #[test]
    fn who_is_barred_is_passed_over_in_the_order_of_the_lots() {
        let places = [3, 8];
        let free = assigned("seed", &places, 5, 2, &BTreeSet::new()).unwrap();
        assert_eq!(free.len(), 4);
        let first = free[0].inspector;
        let without = assigned("seed", &places, 5, 2, &BTreeSet::from([(3, first)])).unwrap();
        assert!(without.iter().all(|one| (one.place, one.inspector) != (3, first)));
        assert_eq!(without[0].inspector, free[1].inspector, "the next takes it");
        assert_eq!(without[2..], free[2..], "the other object keeps its own");
        let barred = (1..=4).map(|inspector| (8, inspector)).collect();
        assert_eq!(assigned("seed", &places, 5, 2, &barred), Err(vec![8]));
    }
}

//! Chance that repeats: a small counter-based generator, so that a village comes out the same whatever was drawn before it.

/// A stream of draws that depends on its seed and key alone.
#[derive(Debug, Clone)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// A stream for one thing (a village, a family) of one city.
    #[must_use]
    pub fn new(seed: u64, key: &str) -> Self {
        // FNV-1a folds the key; the mixing of `next` makes neighbouring keys unrelated.
        let folded = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self { state: folded ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// SplitMix64: enough for a synthetic city, never for secrets.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from `low` up to and including `high`; `low` if they cross.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low + i64::try_from(self.next() % width).unwrap_or(0)
    }

    /// True in `per_mille` of a thousand draws.
    pub fn chance(&mut self, per_mille: i64) -> bool {
        self.between(0, 999) < per_mille
    }

    /// One of a list, which must not be empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let last = i64::try_from(list.len()).unwrap_or(1) - 1;
        &list[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }

    /// An index into weights, in proportion to them.
    pub fn weighted(&mut self, weights: &[i64]) -> usize {
        let mut left = self.between(0, weights.iter().sum::<i64>() - 1);
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len() - 1
    }

    /// Yuan with whole tens, in fen: people do not earn 1,873.41.
    pub fn yuan(&mut self, low: i64, high: i64) -> i64 {
        self.between(low / 10, high / 10) * 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_the_same_stream_and_another_key_another() {
        let stream = |key| {
            let mut draw = Draw::new(7, key);
            (0..5).map(|_| draw.between(0, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(stream("150302101203"), stream("150302101203"));
        assert_ne!(stream("150302101203"), stream("150302101206"));
    }

    #[test]
    fn weights_are_kept_roughly() {
        let mut draw = Draw::new(1, "weights");
        let mut seen = [0; 3];
        for _ in 0..10_000 {
            seen[draw.weighted(&[700, 200, 100])] += 1;
        }
        assert!((6_700..7_300).contains(&seen[0]), "{seen:?}");
        assert!((800..1_200).contains(&seen[2]), "{seen:?}");
    }
}

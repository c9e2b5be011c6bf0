//! Choices drawn from bytes, so that whoever finds a failure can shrink it.

/// Choices drawn from bytes; when they run out, from a seed, or (without one) the first each time.
#[derive(Debug, Clone)]
pub struct Choices {
    bytes: Vec<u8>,
    at: usize,
    seed: Option<u64>,
}

impl Choices {
    /// From bytes, then the first choice each time: fewer bytes, simpler things.
    pub fn new(bytes: &[u8]) -> Choices {
        Choices { bytes: bytes.to_vec(), at: 0, seed: None }
    }

    /// From bytes, then from a seed.
    pub fn then_seeded(bytes: &[u8], seed: u64) -> Choices {
        Choices { seed: Some(seed | 1), ..Choices::new(bytes) }
    }

    /// From a seed alone.
    pub fn seeded(seed: u64) -> Choices {
        Choices::then_seeded(&[], seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `limit`, which is at least 1.
    pub fn below(&mut self, limit: usize) -> usize {
        if let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            return usize::from(*byte) * limit / 256;
        }
        let Some(seed) = &mut self.seed else { return 0 };
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed >> 16).map_or(0, |drawn| drawn % limit)
    }

    /// One of several, at least one.
    pub fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    /// One time in `times`; also when the choices have run out.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

//! Choices drawn from bytes; when they run out, from a seed.

pub struct Choices {
    bytes: Vec<u8>,
    at: usize,
    state: u64,
}

impl Choices {
    pub fn new(bytes: Vec<u8>, seed: u64) -> Choices {
        Choices { bytes, at: 0, state: seed | 1 }
    }

    pub fn seeded(seed: u64) -> Choices {
        Choices::new(Vec::new(), seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn below(&mut self, limit: usize) -> usize {
        if let Some(byte) = self.bytes.get(self.at) {
            self.at += 1;
            return usize::from(*byte) * limit / 256;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 16) as usize % limit
    }

    pub fn pick<'t, T: ?Sized>(&mut self, of: &[&'t T]) -> &'t T {
        of[self.below(of.len())]
    }

    /// One time in `times`.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

//! Pseudo-random numbers from a seed.

use std::time::Duration;

pub struct Rng(u64);

impl Rng {
    /// Streams of one seed are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = Self(seed ^ stream.wrapping_mul(0xd605_1ca8_5a4d_a1b7));
        rng.next();
        rng
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low`, inclusive, to `high`, exclusive.
    pub fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }

    pub fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.number(low, high))
    }

    /// True with the given probability.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.number(0, 1_000) < per_mille
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).expect("few");
        from[usize::try_from(self.number(0, count)).expect("few")]
    }
}

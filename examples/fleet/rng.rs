//! A seeded random number generator.

use std::time::Duration;

/// SplitMix64.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number in `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a count");
        usize::try_from(self.next() % end).expect("below a usize")
    }

    /// Returns a duration in `0..2 * mean`.
    pub fn around(&mut self, mean: Duration) -> Duration {
        let nanoseconds = usize::try_from(2 * mean.as_nanos()).expect("hours at most");
        Duration::from_nanos(u64::try_from(self.below(nanoseconds)).expect("hours at most"))
    }
}

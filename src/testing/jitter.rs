//! Reproducible jitter.

use std::cell::Cell;

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Seeds all jitter (of backoffs, lease polling and early refreshes) on this thread, so that a
/// single-threaded simulation is reproducible. Ids stay random.
pub fn seed_jitter(seed: u64) {
    SEED.set(Some(seed));
}

/// A number in 0.0..1.0, on a thread with a seed.
pub(crate) fn seeded_fraction() -> Option<f64> {
    let seed = SEED.get()?.wrapping_add(0x9e37_79b9_7f4a_7c15);
    SEED.set(Some(seed));
    // SplitMix64.
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).ok()?;
    Some(f64::from(high) / (f64::from(u32::MAX) + 1.0))
}

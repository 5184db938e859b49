//! Jitter that repeats itself.

use std::cell::Cell;

thread_local! {
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Makes all jitter (of backoffs, lease look-ups, early renewals) that is drawn on this thread
/// follow from `seed`, so that a simulation on one thread can be repeated. Ids stay random.
pub fn seed_jitter(seed: u64) {
    SEED.set(Some(seed));
}

/// From 0 to below 1, on a thread that was given a seed.
pub(crate) fn seeded_fraction() -> Option<f64> {
    let seed = SEED.get()?.wrapping_add(0x9e37_79b9_7f4a_7c15);
    SEED.set(Some(seed));
    // SplitMix64.
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).ok()?;
    Some(f64::from(high) / (f64::from(u32::MAX) + 1.0))
}

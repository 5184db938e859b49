//! Times to live as the databases count them.

use std::time::Duration;

/// A time that nobody lives to see, and that no sum overflows with.
const FAR: i64 = 100 * 365 * 24 * 3600 * 1000;

/// Whole milliseconds of clocks that drop the fraction: one more than the duration has, so that
/// nothing ends too soon, except that zero is over at once.
pub(super) fn millis(time_to_live: Duration) -> i64 {
    match time_to_live.as_nanos().div_ceil(1_000_000) {
        0 => 0,
        millis => i64::try_from(millis).unwrap_or(FAR).min(FAR) + 1,
    }
}

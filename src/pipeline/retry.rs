//! Whether and when a failed attempt is followed by another.

use std::time::Duration;

use http::StatusCode;

use super::classify::Fault;
use super::operation::{Operation, Repeat};
use super::options::Settings;
use crate::error::Delivery;
use crate::random;

/// How long to wait before the next attempt; `None` if there must be none.
pub(crate) fn wait_before_next(
    settings: &Settings,
    operation: &Operation,
    fault: &Fault,
    attempts: u32,
) -> Option<Duration> {
    if attempts >= settings.max_attempts || !may_repeat(operation, fault) {
        return None;
    }
    let backoff = backoff(settings, attempts);
    Some(
        fault
            .retry_after
            .map_or(backoff, |floor| backoff.max(floor)),
    )
}

/// What certainly was not processed may always be repeated; the rest only if that is safe.
fn may_repeat(operation: &Operation, fault: &Fault) -> bool {
    let safe = operation.repeat == Repeat::Safe;
    match (fault.error.delivery(), fault.status) {
        (Delivery::NotSent, _) => true,
        (Delivery::Unknown, _) => safe,
        (Delivery::Answered, Some(StatusCode::TOO_MANY_REQUESTS)) => !operation.carries_code,
        (Delivery::Answered, Some(StatusCode::SERVICE_UNAVAILABLE)) => {
            let delicate = operation.sends_message || operation.carries_code;
            safe || (fault.retry_after.is_some() && !delicate)
        }
        (Delivery::Answered, Some(status)) => {
            safe && matches!(status.as_u16(), 408 | 500 | 502 | 504)
        }
        (Delivery::Answered, None) => false,
    }
}

/// Exponential backoff with full jitter: anything from nothing to the base, which doubles with
/// each attempt up to the cap.
fn backoff(settings: &Settings, attempts: u32) -> Duration {
    let doubled = settings
        .backoff_base
        .saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    doubled
        .min(settings.backoff_cap)
        .mul_f64(random::fraction())
}

//! Whether a failed attempt may be followed by another: what certainly was not processed may
//! always be repeated, the rest only if that is safe.

use http::StatusCode;

use super::classify::AttemptError;
use super::operation::{Idempotency, Operation};
use crate::error::Delivery;

pub(super) fn is_retryable(operation: &Operation, fault: &AttemptError) -> bool {
    let safe = operation.idempotency == Idempotency::Idempotent;
    match (fault.error.delivery(), fault.status) {
        (Delivery::NotSent, _) => true,
        (Delivery::Unknown, _) => safe,
        (Delivery::Answered, Some(StatusCode::TOO_MANY_REQUESTS)) => !operation.carries_code,
        (Delivery::Answered, Some(StatusCode::SERVICE_UNAVAILABLE)) => {
            let delicate = operation.sends_message || operation.carries_code;
            safe || (fault.error.retry_after().is_some() && !delicate)
        }
        (Delivery::Answered, Some(status)) => {
            safe && matches!(status.as_u16(), 408 | 500 | 502 | 504)
        }
        (Delivery::Answered, None) => false,
    }
}

//! Members under a second spelling: one of the vendor's examples has `resendToken` and `userExists`
//! where the others have `resend_token` and `user_exists`.

use crate::json::JsonObject;
use crate::secret::Secret;

/// The token for another message, if a response has it in the second spelling only.
pub(super) fn resend_token(documented: Option<Secret>, others: &JsonObject) -> Option<Secret> {
    let other = || Some(Secret::from(others.get("resendToken")?.as_str()?));
    documented.or_else(other)
}

/// Whether the user exists, if a response says so in the second spelling only.
pub(super) fn user_exists(documented: Option<bool>, others: &JsonObject) -> Option<bool> {
    documented.or_else(|| others.get("userExists")?.as_bool())
}

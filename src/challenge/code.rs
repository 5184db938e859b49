//! Local checks of a code that a user typed.

use crate::error::Error;
use crate::secret::Secret;

/// A code as it is sent: without surrounding space.
///
/// Codes are letters and digits. Anything else was typed or pasted wrong, and is refused before it
/// costs the user an attempt.
pub(crate) fn check_code(field: &'static str, code: &Secret) -> Result<Secret, Error> {
    let code = code.expose().trim();
    let well_formed = (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if well_formed {
        Ok(Secret::from(code))
    } else {
        Err(Error::invalid(
            field,
            "must be the letters and digits of the message",
        ))
    }
}

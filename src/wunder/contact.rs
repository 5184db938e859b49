//! Phone numbers as Wunder takes them.

use crate::error::{Error, System};

/// Checks a phone number: E.164, that is a plus, a first digit other than 0, 7 to 15 digits in all.
/// The calls check it themselves; a form can do so while the user types.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone`.
pub fn check_phone(phone: &str) -> Result<(), Error> {
    let digits = phone.strip_prefix('+').unwrap_or_default();
    let well_formed = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed {
        return Ok(());
    }
    Err(Error::invalid("phone", "must be E.164, such as `+43123456789`").of(System::Wunder))
}

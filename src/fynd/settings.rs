//! Local checks of what a client is built from.

use http::HeaderValue;

use crate::error::Error;
use crate::secret::Secret;

pub(super) fn check_application(id: &str, token: &Secret) -> Result<(), Error> {
    if id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::invalid("application_id", "must be 24 hex digits"));
    }
    if token.expose().chars().count() < 5 {
        let right = "must have at least 5 characters";
        return Err(Error::invalid("application_token", right));
    }
    Ok(())
}

/// An ISO 4217 code for `x-currency-code`.
pub(super) fn currency_header(code: &str) -> Result<HeaderValue, Error> {
    let well_formed = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    checked("currency", code, well_formed, "must be like `INR`")
}

/// A version for `x-fp-sdk-version`.
pub(super) fn version_header(version: &str) -> Result<HeaderValue, Error> {
    let well_formed = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_graphic());
    checked("sdk_version", version, well_formed, "must be like `3.31.0`")
}

/// The text of a JSON object for `x-location-detail`. A header is ASCII, so that whatever is not
/// gets JSON's own escapes.
pub(super) fn location_header(text: &str) -> Result<HeaderValue, Error> {
    let right = "must be the text of a JSON object such as `{\"city\":\"Mumbai\"}`";
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(text).map_err(|_| Error::invalid("location_detail", right))?;
    let mut ascii = String::new();
    let mut units = [0; 2];
    for character in serde_json::Value::Object(object).to_string().chars() {
        if matches!(character, ' '..='~') {
            ascii.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    checked("location_detail", &ascii, true, right)
}

fn checked(
    field: &'static str,
    text: &str,
    well_formed: bool,
    right: &str,
) -> Result<HeaderValue, Error> {
    well_formed
        .then(|| HeaderValue::from_str(text).ok())
        .flatten()
        .ok_or_else(|| Error::invalid(field, right))
}

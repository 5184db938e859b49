//! The credential of the application and the signature of a request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::{HeaderName, header};
use url::Position;

use super::responses::api_error;
use crate::fynd::{SignatureInput, sign};
use crate::testing::{Call, MockResult};

/// Maximum difference between a signed date and the time of the server.
const SIGNATURE_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// Validates the credential and the signature of a request and returns the application id. Any
/// well-formed id and token is valid.
pub(super) fn check(call: &Call<'_>, now: DateTime<Utc>) -> MockResult<String> {
    let id = application_id(call).ok_or_else(|| {
        api_error(
            401,
            "APPLICATION_UNKNOWN",
            "the application is not authorized",
        )
    })?;
    check_signature(call, now)?;
    Ok(id)
}

fn application_id(call: &Call<'_>) -> Option<String> {
    let credential = STANDARD.decode(call.bearer()?).ok()?;
    let credential = String::from_utf8(credential).ok()?;
    let (id, token) = credential.split_once(':')?;
    let well_formed = id.len() == 24
        && id.bytes().all(|byte| byte.is_ascii_hexdigit())
        && token.chars().count() >= 5;
    well_formed.then(|| id.to_owned())
}

/// Rejects wrong and stale signatures. A signature may be repeated, because dates only have seconds.
fn check_signature(call: &Call<'_>, now: DateTime<Utc>) -> MockResult<()> {
    let invalid = || api_error(403, "SIGNATURE_INVALID", "the signature is not valid");
    let given = |name| call.header(name).ok_or_else(invalid);
    let (signature, date) = (given("x-fp-signature")?, given("x-fp-date")?);
    given("x-fp-sdk-version")?;
    let date = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
        .map_err(|_| invalid())?
        .and_utc();
    // The URL of a received request has no host.
    let host = given(header::HOST.as_str())?;
    let url = format!("http://{host}{}", &call.url[Position::BeforePath..]);
    let mut input = SignatureInput::new(&call.operation.method, &url, date)
        .map_err(|_| invalid())?
        .body(call.body);
    // Other headers are not signed and may hold any bytes. The signed host has no default port, unlike
    // the header.
    let is_signed = |name: &HeaderName| name.as_str().contains("x-fp-");
    for (name, value) in call.headers.iter().filter(|(name, _)| is_signed(name)) {
        input = input.header(name.clone(), value.to_str().map_err(|_| invalid())?);
    }
    if sign(&input) != signature {
        return Err(invalid());
    }
    if (now - date).abs() > SIGNATURE_WINDOW {
        let message = "the signature is too old";
        return Err(api_error(403, "SIGNATURE_STALE", message));
    }
    Ok(())
}

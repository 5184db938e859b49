//! The application's side of a request: its credential and its signature.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use http::header;
use url::Position;

use super::responses::api_error;
use crate::fynd::{SignatureInput, sign};
use crate::testing::{Call, MockResponse};

/// How far a signed date may be from the server's time.
const SIGNATURE_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// The id of the application that asks. Any well-formed id and token will do.
pub(super) fn check(call: &Call<'_>, now: DateTime<Utc>) -> Result<String, MockResponse> {
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

/// Refuses a wrong and a stale signature. An equal one may come twice: dates have only seconds.
fn check_signature(call: &Call<'_>, now: DateTime<Utc>) -> Result<(), MockResponse> {
    let wrong = || api_error(403, "SIGNATURE_INVALID", "the signature is not valid");
    let given = |name| call.header(name).ok_or_else(wrong);
    let (signature, date) = (given("x-fp-signature")?, given("x-fp-date")?);
    given("x-fp-sdk-version")?;
    let date = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
        .map_err(|_| wrong())?
        .and_utc();
    // The URL of a received request has no host of its own.
    let host = given(header::HOST.as_str())?;
    let url = format!("http://{host}{}", &call.url[Position::BeforePath..]);
    let mut input = SignatureInput::new(&call.operation.method, &url, date)
        .map_err(|_| wrong())?
        .body(call.body);
    // The signed host has no default port, whatever the header says.
    for (name, value) in call
        .headers
        .iter()
        .filter(|(name, _)| *name != header::HOST)
    {
        input = input.header(name.as_str(), value.to_str().map_err(|_| wrong())?);
    }
    if sign(&input) != signature {
        return Err(wrong());
    }
    if (now - date).abs() > SIGNATURE_WINDOW {
        return Err(api_error(
            403,
            "SIGNATURE_STALE",
            "the signature is too old",
        ));
    }
    Ok(())
}

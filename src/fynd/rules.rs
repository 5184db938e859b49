//! Fynd's rules: default headers, the application's credential, signed requests, parsed errors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;

use super::api_error;
use super::signature::{DATE_HEADER, SIGNATURE_HEADER, SignatureInput, date_text, sign};
use crate::client_config::check_key;
use crate::error::{Error, System};
use crate::generated::fynd::operations::{MISCONFIGURED, SESSION_ENDS};
use crate::json::JsonObject;
use crate::pipeline::{
    Attempt, MisconfigurationRule, Operation, ParsedError, RawResponse, Request, SessionEnd,
    SystemRules,
};
use crate::secret::Secret;

pub(super) const CURRENCY_HEADER: HeaderName = HeaderName::from_static("x-currency-code");
pub(super) const LOCATION_HEADER: HeaderName = HeaderName::from_static("x-location-detail");

pub(super) struct Rules {
    headers: HeaderMap,
    /// The application's `Authorization`, sensitive.
    authorization: HeaderValue,
    signing_key: Secret,
}

impl Rules {
    pub(super) fn new(
        headers: HeaderMap,
        application_id: &str,
        application_token: &Secret,
        signing_key: Secret,
    ) -> Result<Self, Error> {
        if application_id.len() != 24 || !application_id.bytes().all(|it| it.is_ascii_hexdigit()) {
            return Err(Error::invalid("application_id", "must be 24 hex digits"));
        }
        if application_token.expose().chars().count() < 5 {
            let right = "must have at least 5 characters";
            return Err(Error::invalid("application_token", right));
        }
        check_key("application_token", application_token)?;
        check_key("signing_key", &signing_key)?;
        let credential = format!("{application_id}:{}", application_token.expose());
        let mut authorization = header_value(&format!("Bearer {}", STANDARD.encode(credential)))?;
        authorization.set_sensitive(true);
        Ok(Self {
            headers,
            authorization,
            signing_key,
        })
    }
}

impl SystemRules for Rules {
    fn system(&self) -> System {
        System::Fynd
    }

    fn default_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn sets_header(&self, name: &HeaderName) -> bool {
        let optional = [&CURRENCY_HEADER, &LOCATION_HEADER];
        [DATE_HEADER, SIGNATURE_HEADER].contains(&name.as_str())
            || optional.contains(&name)
            || self.headers.contains_key(name)
    }

    fn authorize_application(&self, headers: &mut HeaderMap) -> Result<(), Error> {
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        Ok(())
    }

    fn sign(
        &self,
        _request: &Request<'_>,
        attempt: &mut Attempt,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let date = header_value(&date_text(now))?;
        let headers = &mut attempt.headers;
        headers.insert(HeaderName::from_static(DATE_HEADER), date);
        let body = attempt.body.as_deref().unwrap_or_default();
        let input = SignatureInput::of_sent(
            &attempt.method,
            &attempt.url,
            headers,
            body,
            self.signing_key.expose(),
        );
        let mut signature = header_value(&sign(&input))?;
        // Not a secret, but different for every request: keeps it out of HTTP/2's header table.
        signature.set_sensitive(true);
        headers.insert(HeaderName::from_static(SIGNATURE_HEADER), signature);
        Ok(())
    }

    fn misconfigured(&self) -> &'static [MisconfigurationRule] {
        MISCONFIGURED
    }

    fn session_ends(&self) -> &'static [SessionEnd] {
        SESSION_ENDS
    }

    fn parse_error(&self, _operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
        api_error::parse(response)
    }
}

/// The value of `x-currency-code`, an ISO 4217 code.
pub(super) fn currency_header(code: &str) -> Result<HeaderValue, Error> {
    let well_formed = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    checked_header("currency", code, well_formed, "must be like `INR`")
}

/// The value of `x-fp-sdk-version`.
pub(super) fn version_header(version: &str) -> Result<HeaderValue, Error> {
    let well_formed = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_graphic());
    checked_header("sdk_version", version, well_formed, "must be like `3.31.0`")
}

/// The value of `x-location-detail`: a JSON object, with every character that is not ASCII escaped
/// because headers are ASCII.
pub(super) fn location_header(text: &str) -> Result<HeaderValue, Error> {
    let right = "must be the text of a JSON object such as `{\"city\":\"Mumbai\"}`";
    let object: JsonObject =
        serde_json::from_str(text).map_err(|_| Error::invalid("location_detail", right))?;
    let mut ascii = String::new();
    let mut units = [0; 2];
    for character in Value::Object(object.into()).to_string().chars() {
        if matches!(character, ' '..='~') {
            ascii.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    checked_header("location_detail", &ascii, true, right)
}

fn checked_header(
    field: &'static str,
    text: &str,
    well_formed: bool,
    right: &str,
) -> Result<HeaderValue, Error> {
    let value = HeaderValue::from_str(text).ok().filter(|_| well_formed);
    value.ok_or_else(|| Error::invalid(field, right))
}

/// None of the values given here can hold a character that headers do not allow.
fn header_value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::invalid("header", "must hold only characters that headers allow"))
}

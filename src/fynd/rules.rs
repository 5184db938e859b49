//! What is Fynd's own on the road: the application's credential, signed requests, its errors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::api_error;
use super::signature::{DATE_HEADER, SIGNATURE_HEADER, SignatureInput, date_text, sign};
use crate::error::{Error, System};
use crate::pipeline::{Attempt, Operation, ParsedError, Request, SystemRules};
use crate::secret::Secret;

pub(super) struct Rules {
    headers: HeaderMap,
    /// The application's `Authorization`, sensitive.
    authorization: HeaderValue,
    signing_key: String,
}

impl Rules {
    pub(super) fn new(
        headers: HeaderMap,
        application_id: &str,
        application_token: &Secret,
        signing_key: String,
    ) -> Result<Self, Error> {
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
            &self.signing_key,
        );
        let mut signature = header_value(&sign(&input))?;
        // It is no secret, but it is new each time: HTTP/2 must not keep it for later requests.
        signature.set_sensitive(true);
        headers.insert(HeaderName::from_static(SIGNATURE_HEADER), signature);
        Ok(())
    }

    fn parse_error(
        &self,
        _operation: &Operation,
        _status: StatusCode,
        body: &[u8],
    ) -> Option<ParsedError> {
        api_error::read(body)
    }
}

/// None of the values that come here can hold what a header cannot.
fn header_value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::invalid("header", "holds characters that no header can carry"))
}

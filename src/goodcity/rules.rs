//! GoodCity's rules: default headers, among them the name of the app, and parsed errors.

use http::{HeaderMap, HeaderName};

use super::api_error;
use crate::error::System;
use crate::generated::goodcity::operations::{MISCONFIGURED, SESSION_ENDS};
use crate::pipeline::{
    MisconfigurationRule, Operation, ParsedError, RawResponse, SessionEnd, SystemRules,
};

/// The name of the calling app.
pub(super) const APP_NAME: HeaderName = HeaderName::from_static("x-goodcity-app-name");

pub(super) struct Rules {
    headers: HeaderMap,
}

impl Rules {
    pub(super) fn new(headers: HeaderMap) -> Self {
        Self { headers }
    }
}

impl SystemRules for Rules {
    fn system(&self) -> System {
        System::GoodCity
    }

    fn default_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn misconfigured(&self) -> &'static [MisconfigurationRule] {
        MISCONFIGURED
    }

    fn session_ends(&self) -> &'static [SessionEnd] {
        SESSION_ENDS
    }

    fn parse_error(&self, operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
        api_error::parse(operation, response)
    }
}

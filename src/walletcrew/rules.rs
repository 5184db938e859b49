//! The Wallet Crew's rules: default headers, parsed errors.

use http::HeaderMap;

use super::api_error;
use crate::error::System;
use crate::generated::walletcrew::operations::SESSION_ENDS;
use crate::pipeline::{Operation, ParsedError, RawResponse, SessionEnd, SystemRules};

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
        System::WalletCrew
    }

    fn default_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn session_ends(&self) -> &'static [SessionEnd] {
        SESSION_ENDS
    }

    fn parse_error(&self, operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
        api_error::parse(operation, response)
    }
}

//! What is The Wallet Crew's own on the road: problem details.

use http::{HeaderMap, StatusCode};

use super::refusal;
use crate::error::System;
use crate::pipeline::{Operation, Refusal, SystemRules};

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

    fn standing_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn read_refusal(
        &self,
        operation: &Operation,
        status: StatusCode,
        body: &[u8],
    ) -> Option<Refusal> {
        refusal::read(operation, status, body)
    }
}

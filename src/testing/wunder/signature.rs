//! Request signatures: rejects wrong, stale and replayed ones.

use std::collections::HashSet;

use super::errors::api_error;
use super::request::Request;
use super::{State, Wunder};
use crate::pipeline::Need;
use crate::secret::Secret;
use crate::testing::MockResult;
use crate::wunder::{Sha256Hex, SignatureInput};

/// Maximum difference between a signed timestamp and the time of the server.
const SIGNATURE_WINDOW_MILLIS: u64 = 5 * 60 * 1000;

#[derive(Default)]
pub(super) struct Signatures {
    /// The accepted signatures, to reject replays.
    seen: HashSet<String>,
    last_url: Option<String>,
}

impl State {
    pub(super) fn check_signature(&mut self, request: &Request<'_>) -> MockResult<()> {
        let call = request.call;
        let invalid = || api_error(403, "A104", "the signature is not valid");
        let (signature, timestamp) = match (call.query("signature"), call.query("timestamp")) {
            (Some(signature), Some(timestamp)) => (signature, timestamp),
            (None, None) if call.operation.signature != Need::Required => return Ok(()),
            _ => return Err(invalid()),
        };
        let identifier = call.operation.signed_fields.iter().find_map(|field| {
            let in_path = call.path_value(field);
            let in_body = request.body[*field].as_str();
            in_body.or((!in_path.is_empty()).then_some(in_path))
        });
        let key = Secret::from(Wunder::SIGNING_KEY);
        let input = SignatureInput::new(&key, identifier.unwrap_or_default());
        let input = input.timestamp(&timestamp);
        let millis: i64 = timestamp.parse().map_err(|_| invalid())?;
        let age = request.now.timestamp_millis().abs_diff(millis);
        if Sha256Hex::digest(&input) != signature {
            return Err(invalid());
        }
        if age > SIGNATURE_WINDOW_MILLIS {
            return Err(api_error(403, "A105", "the signature is too old"));
        }
        if !self.signatures.seen.insert(signature) {
            return Err(api_error(403, "A106", "the signature was used before"));
        }
        let query = call.url.query().unwrap_or_default();
        self.signatures.last_url = Some(format!("{}?{query}", call.url.path()));
        Ok(())
    }
}

impl Wunder {
    /// The signature key of the mock.
    pub const SIGNING_KEY: &'static str = "test-signature-key";

    /// Path and query of the last request with a valid signature.
    pub fn last_signed_url(&self) -> Option<String> {
        self.shared.state().signatures.last_url.clone()
    }

    /// The number of accepted signatures.
    pub fn signatures_seen(&self) -> usize {
        self.shared.state().signatures.seen.len()
    }
}

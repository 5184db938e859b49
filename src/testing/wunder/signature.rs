//! Signed requests: a wrong, a stale and a replayed signature is refused.

use std::collections::HashSet;

use super::Wunder;
use super::asked::Asked;
use super::errors::api_error;
use super::state::State;
use crate::pipeline::Need;
use crate::secret::Secret;
use crate::testing::MockResponse;
use crate::wunder::{BootstrapSignature, Sha256Hex, SignatureInput};

/// How far a signed timestamp may be from the server's time.
const SIGNATURE_WINDOW_MILLIS: u64 = 5 * 60 * 1000;

#[derive(Default)]
pub(super) struct Signatures {
    /// Those that were good, to refuse a second use.
    seen: HashSet<String>,
    last_url: Option<String>,
}

impl State {
    pub(super) fn check_signature(&mut self, asked: &Asked<'_>) -> Result<(), MockResponse> {
        let call = asked.call;
        let wrong = || api_error(403, "A104", "the signature is not valid");
        let (signature, timestamp) = match (call.query("signature"), call.query("timestamp")) {
            (Some(signature), Some(timestamp)) => (signature, timestamp),
            (None, None) if call.operation.signature != Need::Required => return Ok(()),
            _ => return Err(wrong()),
        };
        let identifier = call.operation.signed_fields.iter().find_map(|field| {
            let in_path = call.path_value(field);
            let in_body = asked.body[*field].as_str();
            in_body.or((!in_path.is_empty()).then_some(in_path))
        });
        let key = Secret::from(Wunder::SIGNATURE_KEY);
        let input = SignatureInput::new(&key, &timestamp, identifier.unwrap_or_default());
        let millis: i64 = timestamp.parse().map_err(|_| wrong())?;
        let age = asked.now.timestamp_millis().abs_diff(millis);
        if Sha256Hex.signature(&input) != signature {
            return Err(wrong());
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
    /// The key that requests to the mock are signed with.
    pub const SIGNATURE_KEY: &'static str = "test-signature-key";

    /// Path and query of the last request whose signature was good.
    pub fn last_signed_url(&self) -> Option<String> {
        self.world.state().signatures.last_url.clone()
    }

    /// How many good signatures were seen.
    pub fn signatures_seen(&self) -> usize {
        self.world.state().signatures.seen.len()
    }
}

//! The tokens of the mocks: JWTs signed with HMAC-SHA256.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// Issues and verifies the tokens of one mock.
pub(crate) struct Issuer {
    key: Vec<u8>,
}

impl Issuer {
    pub(crate) fn new(key: &str) -> Self {
        Self { key: key.into() }
    }

    /// An issuer that accepts no token of another one, such as of the same mock before a reset.
    pub(crate) fn with_new_key(name: &str) -> Self {
        static ISSUERS: AtomicU64 = AtomicU64::new(0);
        Self::new(&format!(
            "{name} {}",
            ISSUERS.fetch_add(1, Ordering::Relaxed)
        ))
    }

    /// A token with these claims.
    pub(crate) fn issue(&self, claims: &Value) -> String {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = URL_SAFE_NO_PAD.encode(self.mac(&signed));
        format!("{signed}.{signature}")
    }

    /// The claims of a token of this issuer that has not expired at `now` (seconds).
    pub(crate) fn verify(&self, token: &str, now: i64) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        if URL_SAFE_NO_PAD.decode(signature).ok()? != self.mac(signed) {
            return None;
        }
        let payload = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        (claims["exp"].as_i64()? > now).then_some(claims)
    }

    fn mac(&self, text: &str) -> Vec<u8> {
        // HMAC accepts keys of any length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else {
            return Vec::new();
        };
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}

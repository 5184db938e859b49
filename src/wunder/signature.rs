//! The signature of bootstrap requests.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// What a bootstrap signature is made from.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignatureInput<'a> {
    /// The signature key of the tenant.
    pub key: &'a Secret,
    /// The `timestamp` parameter, as [`BootstrapSignature::timestamp`] wrote it.
    pub timestamp: &'a str,
    /// The phone number or e-mail address that the request is about.
    pub identifier: &'a str,
}

impl<'a> SignatureInput<'a> {
    /// An input of these parts.
    pub fn new(key: &'a Secret, timestamp: &'a str, identifier: &'a str) -> Self {
        Self {
            key,
            timestamp,
            identifier,
        }
    }
}

/// A scheme of signing bootstrap requests: digest, encoding and unit of time.
///
/// ```
/// use vestibule::wunder::{BootstrapSignature, Sha256Hex, SignatureInput};
///
/// /// Upper-case hex.
/// struct UpperCase;
///
/// impl BootstrapSignature for UpperCase {
///     fn signature(&self, input: &SignatureInput<'_>) -> String {
///         Sha256Hex.signature(input).to_uppercase()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` signs nothing, and no bootstrap request is sent unsigned",
    label = "is not a signature scheme",
    note = "implement `BootstrapSignature` for it, or leave the default `Sha256Hex`"
)]
pub trait BootstrapSignature: Send + Sync + 'static {
    /// Writes the `timestamp` parameter. The times that one client gives strictly increase.
    fn timestamp(&self, time: DateTime<Utc>) -> String {
        time.timestamp_millis().to_string()
    }

    /// Writes the `signature` parameter.
    fn signature(&self, input: &SignatureInput<'_>) -> String;
}

/// The default scheme: lowercase hex SHA-256 over key, timestamp, identifier and key.
///
/// The vendor's documentation names these parts and their order. **Digest, encoding and the
/// timestamp in milliseconds are our assumption.** If your tenant's server differs, implement
/// [`BootstrapSignature`].
///
/// ```
/// use vestibule::Secret;
/// use vestibule::wunder::{BootstrapSignature, Sha256Hex, SignatureInput};
///
/// let key = Secret::from("s3cr3t");
/// let input = SignatureInput::new(&key, "1700000000000", "+43123456789");
/// let signature = Sha256Hex.signature(&input);
/// assert_eq!(signature, "409ff6fcf0096a758797e11122a42a38586e6c26dfa4e55a656a768238975fd8");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sha256Hex;

impl BootstrapSignature for Sha256Hex {
    fn signature(&self, input: &SignatureInput<'_>) -> String {
        let digest = Sha256::new()
            .chain_update(input.key.expose())
            .chain_update(input.timestamp)
            .chain_update(input.identifier)
            .chain_update(input.key.expose())
            .finalize();
        crate::hex::encode(&digest)
    }
}

//! The signature of bootstrap requests.

use std::fmt;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::clock::BoxFuture;
use crate::secret::Secret;

/// The input of a bootstrap signature. `Debug` shows neither the key nor the identifier.
#[non_exhaustive]
pub struct SignatureInput<'a> {
    /// The signature key of the tenant.
    pub key: &'a Secret,
    /// The `timestamp` parameter, as formatted by [`BootstrapSignature::timestamp`].
    pub timestamp: &'a str,
    /// The phone number or e-mail address of the request.
    pub identifier: &'a str,
}

impl<'a> SignatureInput<'a> {
    /// Creates an input without a timestamp.
    pub fn new(key: &'a Secret, identifier: &'a str) -> Self {
        Self {
            key,
            timestamp: "",
            identifier,
        }
    }

    /// Sets the timestamp.
    pub fn timestamp(mut self, timestamp: &'a str) -> Self {
        self.timestamp = timestamp;
        self
    }
}

impl fmt::Debug for SignatureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureInput")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// The error of a signature scheme.
pub type SignatureError = Box<dyn std::error::Error + Send + Sync>;

/// A signature scheme of bootstrap requests: digest, encoding and unit of time. Another service, such
/// as a key management system, may compute the signature.
///
/// ```
/// use vestibule::BoxFuture;
/// use vestibule::wunder::{BootstrapSignature, Sha256Hex, SignatureError, SignatureInput};
///
/// /// Upper-case hex.
/// struct UpperCase;
///
/// impl BootstrapSignature for UpperCase {
///     fn signature<'a>(
///         &'a self,
///         input: &'a SignatureInput<'a>,
///     ) -> BoxFuture<'a, Result<String, SignatureError>> {
///         Box::pin(async { Ok(Sha256Hex.signature(input).await?.to_uppercase()) })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signature scheme",
    label = "must implement `BootstrapSignature`",
    note = "implement `BootstrapSignature` for it, or use the default `Sha256Hex`"
)]
pub trait BootstrapSignature: Send + Sync + 'static {
    /// Formats the `timestamp` parameter; milliseconds since 1970 by default. One client passes
    /// strictly increasing times.
    fn timestamp(&self, time: DateTime<Utc>) -> String {
        time.timestamp_millis().to_string()
    }

    /// Computes the `signature` parameter, for each attempt, within the attempt timeout.
    ///
    /// # Errors
    ///
    /// Any error: the call fails with [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable)
    /// before anything is sent, and has it as its source.
    fn signature<'a>(
        &'a self,
        input: &'a SignatureInput<'a>,
    ) -> BoxFuture<'a, Result<String, SignatureError>>;
}

/// The default scheme: SHA-256 in lower-case hex over key, timestamp, identifier and key.
///
/// The vendor documents these parts and their order. **The digest, its encoding and the timestamp
/// in milliseconds are assumptions of this crate.** If your tenant's server differs, implement
/// [`BootstrapSignature`].
///
/// ```
/// use vestibule::Secret;
/// use vestibule::wunder::{BootstrapSignature, Sha256Hex, SignatureInput};
///
/// let key = Secret::from("s3cr3t");
/// let input = SignatureInput::new(&key, "+43123456789").timestamp("1700000000000");
/// let signature = Sha256Hex::digest(&input);
/// assert_eq!(signature, "409ff6fcf0096a758797e11122a42a38586e6c26dfa4e55a656a768238975fd8");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sha256Hex;

impl Sha256Hex {
    /// Computes the signature.
    pub fn digest(input: &SignatureInput<'_>) -> String {
        let digest = Sha256::new()
            .chain_update(input.key.expose())
            .chain_update(input.timestamp)
            .chain_update(input.identifier)
            .chain_update(input.key.expose())
            .finalize();
        crate::hex::encode(&digest)
    }
}

impl BootstrapSignature for Sha256Hex {
    fn signature<'a>(
        &'a self,
        input: &'a SignatureInput<'a>,
    ) -> BoxFuture<'a, Result<String, SignatureError>> {
        Box::pin(std::future::ready(Ok(Self::digest(input))))
    }
}

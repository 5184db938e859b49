//! The profile as a signed token for another system, and the verification of that token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

use super::session::Session;
use crate::clock::{Clock, SharedClock};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::json::JsonObject;
use crate::secret::Secret;

/// A user profile as a JWT, for another system that trusts the operator.
///
/// It contains personal data and authenticates it, so it is a secret; it is not an access token.
/// Pass [`jwt`](Self::jwt) to the other system, which checks it with a [`SignedProfileVerifier`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedProfile {
    jwt: Secret,
}

impl Session {
    /// Gets the profile as a signed token, which the server issues for this call. Idempotent; sends
    /// no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
    ///
    /// let signed = session.signed_profile().await?;
    /// // In the other system, with the key and the algorithms of the operator:
    /// let key = Wunder::SIGNED_DATA_KEY;
    /// let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256])?;
    /// let claims = verifier.verify(signed.jwt())?;
    /// assert!(claims.get("sub").is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customers/signed`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the response, which may be bare text, a JSON string or a JSON
    /// object, does not contain exactly one JWT; otherwise see [`Error`].
    pub async fn signed_profile(&self) -> Result<SignedProfile, Error> {
        let api = self.user_api();
        let response = api.get_signed_customer().send().await?.into_inner();
        let found = match &response.0.0 {
            Value::String(text) => Some(text.as_str()).filter(|text| is_jwt(text)),
            Value::Object(members) => {
                let texts = members.values().filter_map(Value::as_str);
                let mut tokens = texts.filter(|text| is_jwt(text));
                tokens.next().filter(|_| tokens.next().is_none())
            }
            _ => None,
        };
        let jwt = found.map(|jwt| Secret::from(jwt.trim())).ok_or_else(|| {
            let message = "the response has no signed profile";
            Error::new(ErrorKind::InvalidResponse, message)
                .with_delivery(Delivery::Responded)
                .at(System::Wunder, "get_signed_customer")
        })?;
        Ok(SignedProfile { jwt })
    }
}

impl SignedProfile {
    /// The token.
    pub fn jwt(&self) -> &Secret {
        &self.jwt
    }
}

fn is_jwt(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let encoded = |part: &&str| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok();
    parts.len() == 3 && parts.iter().all(encoded)
}

/// An algorithm of signed profiles: HMAC with a key that the operator shares.
///
/// Which algorithm a tenant uses is not documented. Signatures with a public key (RS256, ES256) are
/// not supported: verify [`SignedProfile::jwt`] with a JWT library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl SigningAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    fn hash_length(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }

    /// Whether the signature matches; compares in constant time.
    fn verifies(self, key: &[u8], signed: &str, signature: &[u8]) -> bool {
        fn check<M: Mac + KeyInit>(key: &[u8], signed: &str, signature: &[u8]) -> bool {
            M::new_from_slice(key)
                .map(|mac| mac.chain_update(signed).verify_slice(signature).is_ok())
                .unwrap_or(false)
        }
        match self {
            Self::Hs256 => check::<Hmac<Sha256>>(key, signed, signature),
            Self::Hs384 => check::<Hmac<Sha384>>(key, signed, signature),
            Self::Hs512 => check::<Hmac<Sha512>>(key, signed, signature),
        }
    }
}

/// A verifier of signed profiles, with a key and a list of allowed algorithms.
///
/// The header of a token names its algorithm but is not trusted: a token with an algorithm that is
/// not in the list, such as `none`, is rejected.
///
/// ```
/// use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
///
/// # fn main() -> Result<(), vestibule::Error> {
/// let verifier = SignedProfileVerifier::new(
///     "the shared key, of at least 32 bytes",
///     [SigningAlgorithm::Hs256],
/// )?;
/// # let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.AA";
/// assert!(verifier.verify(&unsigned.into()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SignedProfileVerifier {
    key: Secret,
    algorithms: Vec<SigningAlgorithm>,
    clock: SharedClock,
    leeway: TimeDelta,
    must_expire: bool,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    crit: Option<Value>,
}

impl SignedProfileVerifier {
    /// Creates a verifier from a key and the allowed algorithms. The key is secret and as long as the
    /// hash of each algorithm at least: 32 bytes for HS256, 48 for HS384, 64 for HS512 (RFC 7518, section
    /// 3.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `key` if it is shorter, or in PEM format, which holds the key
    /// of another kind of signature; or naming `algorithms` if there is none.
    pub fn new(
        key: impl Into<Secret>,
        algorithms: impl IntoIterator<Item = SigningAlgorithm>,
    ) -> Result<Self, Error> {
        let (key, algorithms) = (key.into(), Vec::from_iter(algorithms));
        let invalid = |field, right: &str| Err(Error::invalid(field, right).of(System::Wunder));
        if algorithms.is_empty() {
            return invalid("algorithms", "must not be empty");
        }
        if key.expose().trim_start().starts_with("-----BEGIN") {
            return invalid(
                "key",
                "must be a shared secret, and not a key in PEM format",
            );
        }
        let hashes = algorithms.iter().map(|algorithm| algorithm.hash_length());
        let least = hashes.max().unwrap_or_default();
        if key.expose().len() < least {
            let right = format!("must have at least {least} bytes for these algorithms");
            return invalid("key", &right);
        }
        Ok(Self {
            key,
            algorithms,
            clock: SharedClock::default(),
            leeway: TimeDelta::seconds(60),
            must_expire: true,
        })
    }

    /// Sets the clock; [`SystemClock`](crate::SystemClock) by default.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Accepts tokens without `exp` as well. Whether the vendor issues such tokens is not
    /// documented.
    pub fn allow_without_expiry(mut self) -> Self {
        self.must_expire = false;
        self
    }

    /// Returns the claims of a token if its signature is valid and it is valid now, with a
    /// tolerance of one minute. The caller has to compare issuer and audience. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] if it is not a JWT, its algorithm is not in the list, its signature
    /// is wrong, it has expired or is not valid yet. The message names the reason and shows nothing
    /// of the token.
    pub fn verify(&self, jwt: &Secret) -> Result<JsonObject, Error> {
        self.verified_claims(jwt.expose())
            .map_err(|message| Error::new(ErrorKind::Rejected, message).of(System::Wunder))
    }

    fn verified_claims(&self, jwt: &str) -> Result<JsonObject, &'static str> {
        const MALFORMED: &str = "not a signed profile: it must be a JWT";
        let (signed, signature) = jwt.rsplit_once('.').ok_or(MALFORMED)?;
        let (header, claims) = signed.split_once('.').ok_or(MALFORMED)?;
        let header: Header = json(header).ok_or(MALFORMED)?;
        let mut algorithms = self.algorithms.iter();
        let algorithm = algorithms
            .find(|algorithm| algorithm.name() == header.alg)
            .ok_or("the algorithm of the signed profile is not allowed")?;
        if header.crit.is_some() {
            return Err("the signed profile has critical extensions, which are not supported");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        if !algorithm.verifies(self.key.expose().as_bytes(), signed, &signature) {
            return Err("the signature of the signed profile is wrong");
        }
        let claims = json(claims).ok_or(MALFORMED)?;
        self.check_time(&claims)?;
        Ok(claims)
    }

    fn check_time(&self, claims: &JsonObject) -> Result<(), &'static str> {
        let now = self.clock.now();
        match time(claims, "exp")? {
            Some(end) if end + self.leeway <= now => return Err("the signed profile has expired"),
            None if self.must_expire => return Err("the signed profile has no expiry"),
            _ => {}
        }
        match time(claims, "nbf")? {
            Some(start) if start - self.leeway > now => Err("the signed profile is not valid yet"),
            _ => Ok(()),
        }
    }
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// The time in a claim; a claim that is not a time is an error.
fn time(claims: &JsonObject, name: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    const MALFORMED: &str = "a time in the signed profile is malformed";
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = claim.as_f64().ok_or(MALFORMED)?;
    // Far below the limit of chrono, even with the tolerance added.
    if !(0.0..=1e11).contains(&seconds) {
        return Err(MALFORMED);
    }
    #[allow(clippy::cast_possible_truncation)]
    let time = DateTime::from_timestamp(seconds as i64, 0);
    time.ok_or(MALFORMED).map(Some)
}

//! The profile as a signed token for another system, and its verification there.

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

/// The profile of a user as a JWT, for another system that trusts the operator.
///
/// It is personal data in readable form and proof at once, so it is a secret; it is no access token.
/// Hand [`jwt`](Self::jwt) on; the other side checks it with a [`SignedProfileVerifier`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedProfile {
    jwt: Secret,
}

impl Session {
    /// The profile as a signed token, made for this call. Sends no message; safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
    ///
    /// let signed = session.signed_profile().await?;
    /// // In the system that gets it, with the key and the algorithms of the operator:
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
    /// [`ErrorKind::Undecodable`] if there is not exactly one JWT in the answer, which may be bare
    /// text, a string or an object; else as any call, see [`Error`].
    pub async fn signed_profile(&self) -> Result<SignedProfile, Error> {
        let api = self.user_api();
        let answer = api.get_signed_customer().send().await?.into_inner();
        let found = match &answer.0.0 {
            Value::String(text) => Some(text.as_str()).filter(|text| is_jwt(text)),
            Value::Object(members) => {
                let texts = members.values().filter_map(Value::as_str);
                let mut tokens = texts.filter(|text| is_jwt(text));
                tokens.next().filter(|_| tokens.next().is_none())
            }
            _ => None,
        };
        let jwt = found.map(|jwt| Secret::from(jwt.trim())).ok_or_else(|| {
            let message = "the answer has no signed profile";
            Error::new(ErrorKind::Undecodable, message)
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

/// How a signed profile may be signed: HMAC with a key that the operator shares.
///
/// Which algorithm a tenant uses is not published. Signatures by a public key (RS256, ES256) are not
/// verified here, for that would take a library of its own: take one for JWTs and give it
/// [`SignedProfile::jwt`].
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

    /// Whether the signature is right, in constant time.
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

/// Checks signed profiles, with the caller's key and the caller's list of algorithms.
///
/// A token says in its header how it is signed. That is never a reason to believe it: one that names
/// an algorithm outside of the list, such as `none`, is refused.
///
/// ```
/// use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
///
/// # fn main() -> Result<(), vestibule::Error> {
/// let verifier = SignedProfileVerifier::new("the shared key", [SigningAlgorithm::Hs256])?;
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
    /// A verifier by this key and these algorithms.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `key` or no `algorithms`.
    pub fn new(
        key: impl Into<Secret>,
        algorithms: impl IntoIterator<Item = SigningAlgorithm>,
    ) -> Result<Self, Error> {
        let (key, algorithms) = (key.into(), Vec::from_iter(algorithms));
        if key.is_empty() {
            return Err(Error::invalid("key", "must not be empty").of(System::Wunder));
        }
        if algorithms.is_empty() {
            return Err(Error::invalid("algorithms", "must name one").of(System::Wunder));
        }
        Ok(Self {
            key,
            algorithms,
            clock: SharedClock::default(),
            leeway: TimeDelta::seconds(60),
            must_expire: true,
        })
    }

    /// Another clock than the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
        self
    }

    /// Also takes tokens that never end. Whether the vendor's do is not published.
    pub fn allow_without_expiry(mut self) -> Self {
        self.must_expire = false;
        self
    }

    /// Gives the claims of a token that is signed by the key and good now, with a minute of
    /// tolerance. Issuer and audience are the caller's to compare. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`]: it is no token, its algorithm is not in the list, its signature is
    /// wrong, it has ended or is not good yet. The error says which and shows nothing of the token.
    pub fn verify(&self, jwt: &Secret) -> Result<JsonObject, Error> {
        let refused = |why| Err(Error::new(ErrorKind::Refused, why).of(System::Wunder));
        let no_token = || refused("this is no signed profile");
        let Some((signed, signature)) = jwt.expose().rsplit_once('.') else {
            return no_token();
        };
        let Some((header, claims)) = signed.split_once('.') else {
            return no_token();
        };
        let Some(header) = json::<Header>(header) else {
            return no_token();
        };
        let mut algorithms = self.algorithms.iter();
        let Some(algorithm) = algorithms.find(|one| one.name() == header.alg) else {
            return refused("the profile is signed by an algorithm that is not allowed");
        };
        if header.crit.is_some() {
            return refused("the profile has demands that are not known");
        }
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return no_token();
        };
        let key = self.key.expose().as_bytes();
        if !algorithm.verifies(key, signed, &signature) {
            return refused("the signature of the profile is wrong");
        }
        let Some(claims) = json::<JsonObject>(claims) else {
            return no_token();
        };
        match self.check_time(&claims) {
            Ok(()) => Ok(claims),
            Err(why) => refused(why),
        }
    }

    fn check_time(&self, claims: &JsonObject) -> Result<(), &'static str> {
        let now = self.clock.now();
        match time(claims, "exp")? {
            Some(end) if end + self.leeway <= now => return Err("the signed profile has ended"),
            None if self.must_expire => return Err("the signed profile never ends"),
            _ => {}
        }
        match time(claims, "nbf")? {
            Some(start) if start - self.leeway > now => Err("the signed profile is not good yet"),
            _ => Ok(()),
        }
    }
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// A claim that is a time; one that is none is not left out.
fn time(claims: &JsonObject, name: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    const WRONG: &str = "a time in the signed profile is none";
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = claim.as_f64().ok_or(WRONG)?;
    // Far more than what is added to it below what chrono can tell.
    if !(0.0..=1e11).contains(&seconds) {
        return Err(WRONG);
    }
    #[allow(clippy::cast_possible_truncation)]
    let time = DateTime::from_timestamp(seconds as i64, 0);
    time.ok_or(WRONG).map(Some)
}

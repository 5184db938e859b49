//! The verification of signed profiles. Keys and signatures are those of `jsonwebtoken`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use crate::clock::{Clock, SharedClock};
use crate::error::{Error, ErrorKind, System};
use crate::json::JsonObject;
use crate::secret::Secret;

/// The least size of an RSA key, in bytes: 2,048 bits (RFC 7518, section 3.3).
const MIN_RSA_BYTES: usize = 256;

/// An algorithm of signed profiles. Which one a tenant uses is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256: a key that the operator shares.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
    /// RSA PKCS #1 v1.5 with SHA-256: a public key of the operator.
    Rs256,
    /// RSA PKCS #1 v1.5 with SHA-384.
    Rs384,
    /// RSA PKCS #1 v1.5 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA with the curve P-256 and SHA-256: a public key of the operator.
    Es256,
    /// ECDSA with the curve P-384 and SHA-384.
    Es384,
    /// Ed25519: a public key of the operator.
    EdDsa,
}

impl SigningAlgorithm {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Hs384 => Algorithm::HS384,
            Self::Hs512 => Algorithm::HS512,
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Rs512 => Algorithm::RS512,
            Self::Ps256 => Algorithm::PS256,
            Self::Ps384 => Algorithm::PS384,
            Self::Ps512 => Algorithm::PS512,
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// The least length of a shared key, in bytes; `None` for an algorithm with a public key.
    fn least_key(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Hs384 => Some(48),
            Self::Hs512 => Some(64),
            _ => None,
        }
    }
}

/// A verifier of signed profiles, with one or more keys and a list of allowed algorithms.
///
/// The header of a token names its algorithm but is not trusted: a token with an algorithm that is
/// not in the list, such as `none`, is rejected, and a key is used only for its own kind of algorithm.
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
#[derive(Clone)]
pub struct SignedProfileVerifier {
    keys: Vec<Key>,
    algorithms: Vec<Algorithm>,
    clock: SharedClock,
    leeway: TimeDelta,
    must_expire: bool,
}

/// Shows no key.
impl fmt::Debug for SignedProfileVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedProfileVerifier")
            .field("keys", &self.keys.len())
            .field("algorithms", &self.algorithms)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    /// The only algorithm that the key is for, if it names one.
    algorithm: Option<KeyAlgorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<Value>,
}

impl SignedProfileVerifier {
    /// Creates a verifier from a shared key and the allowed algorithms, all of them HMAC. The key is
    /// secret and as long as the hash of each algorithm at least: 32 bytes for HS256, 48 for HS384, 64 for
    /// HS512 (RFC 7518, section 3.2).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `key` if it is shorter, or in PEM format or a JWK, which hold the
    /// key of another kind of signature; or naming `algorithms` if there is none, or one that needs a
    /// public key.
    pub fn new(
        key: impl Into<Secret>,
        algorithms: impl IntoIterator<Item = SigningAlgorithm>,
    ) -> Result<Self, Error> {
        let (key, algorithms) = (key.into(), Vec::from_iter(algorithms));
        let lengths = algorithms.iter().map(|algorithm| algorithm.least_key());
        let least = lengths.collect::<Option<Vec<usize>>>();
        let Some(least) = least.and_then(|lengths| lengths.into_iter().max()) else {
            let right = "must be one or more of HS256, HS384 and HS512; `with_jwk_set` takes public keys";
            return Err(invalid("algorithms", right));
        };
        let text = key.expose().trim_start();
        if text.starts_with("-----BEGIN") || text.starts_with('{') {
            let right = "must be a shared secret, and neither a key in PEM format nor a JWK";
            return Err(invalid("key", right));
        }
        if key.expose().len() < least {
            let right = format!("must have at least {least} bytes for these algorithms");
            return Err(invalid("key", &right));
        }
        let key = DecodingKey::from_secret(key.expose().as_bytes());
        let key = key.map_err(|_| invalid("key", "must not be empty"))?;
        let key = Key {
            id: None,
            algorithm: None,
            key,
        };
        Ok(Self::with(vec![key], &algorithms))
    }

    /// Creates a verifier from the public keys of the operator, a JWK set (RFC 7517) in JSON, and the
    /// allowed algorithms, none of them HMAC. Keys that are not for signatures, or of a kind that none of
    /// the algorithms needs, are left out. A token that names a key by `kid` is verified with that key
    /// alone. The caller has to fetch the set, and again when the operator changes it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `jwk_set` if it is none, contains a symmetric key or an RSA key of
    /// less than 2,048 bits, or has no key for the algorithms; or naming `algorithms` if there is none, or
    /// one with a shared key.
    pub fn with_jwk_set(
        jwk_set: &str,
        algorithms: impl IntoIterator<Item = SigningAlgorithm>,
    ) -> Result<Self, Error> {
        let algorithms = Vec::from_iter(algorithms);
        let is_shared = |algorithm: &SigningAlgorithm| algorithm.least_key().is_some();
        if algorithms.is_empty() || algorithms.iter().any(is_shared) {
            let right = "must be one or more algorithms with a public key, such as RS256 or ES256";
            return Err(invalid("algorithms", right));
        }
        let set: JwkSet = serde_json::from_str(jwk_set)
            .map_err(|_| invalid("jwk_set", "must be a JWK set in JSON (`{\"keys\": [..]}`)"))?;
        let keys = set.keys.into_iter().filter_map(|jwk| public_key(jwk).transpose());
        let keys = keys.collect::<Result<Vec<Key>, Error>>()?;
        let verifier = Self::with(keys, &algorithms);
        if verifier.keys.is_empty() {
            return Err(invalid("jwk_set", "must have a key for these algorithms"));
        }
        Ok(verifier)
    }

    fn with(mut keys: Vec<Key>, algorithms: &[SigningAlgorithm]) -> Self {
        let algorithms: Vec<_> = algorithms.iter().map(|it| it.algorithm()).collect();
        keys.retain(|key| algorithms.iter().any(|algorithm| key.is_for(*algorithm)));
        Self {
            keys,
            algorithms,
            clock: SharedClock::default(),
            leeway: TimeDelta::seconds(60),
            must_expire: true,
        }
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
    /// [`ErrorKind::Rejected`] if it is not a JWT, its algorithm is not in the list, it names an unknown
    /// key, its signature is wrong, it has expired or is not valid yet. The message names the reason and
    /// shows nothing of the token.
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
        let algorithm = header.alg.parse().ok();
        let algorithm = algorithms
            .find(|allowed| Some(**allowed) == algorithm)
            .ok_or("the algorithm of the signed profile is not allowed")?;
        if header.crit.is_some() {
            return Err("the signed profile has critical extensions, which are not supported");
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        let named = |key: &&Key| match (&header.kid, &key.id) {
            (Some(named), Some(id)) => named == id,
            _ => true,
        };
        let keys = self.keys.iter().filter(|key| key.is_for(*algorithm));
        let mut keys = keys.filter(named).peekable();
        if keys.peek().is_none() {
            return Err("the key of the signed profile is not known");
        }
        if !keys.any(|key| key.verifies(*algorithm, signed, &signature)) {
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

impl Key {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.key.family().algorithms().contains(&algorithm)
            && self.algorithm.is_none_or(|only| only == algorithm.into())
    }

    fn verifies(&self, algorithm: Algorithm, signed: &str, signature: &[u8]) -> bool {
        // By name: the provider of the process may be unset, or another one.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(signed.as_bytes(), &signature.to_vec()).is_ok())
    }
}

/// The key for signatures that a JWK holds; `None` if it is for something else.
fn public_key(jwk: Jwk) -> Result<Option<Key>, Error> {
    let Jwk { common, algorithm } = &jwk;
    if matches!(algorithm, AlgorithmParameters::OctetKey(_)) {
        return Err(invalid("jwk_set", "must have public keys alone, and no symmetric key"));
    }
    let for_signatures = common.public_key_use.as_ref();
    if for_signatures.is_some_and(|it| *it != PublicKeyUse::Signature) {
        return Ok(None);
    }
    let Ok(key) = DecodingKey::from_jwk(&jwk) else {
        return Ok(None);
    };
    if let (AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, .. }) = (key.family(), key.kind())
        && n.iter().skip_while(|byte| **byte == 0).count() < MIN_RSA_BYTES
    {
        return Err(invalid("jwk_set", "must have RSA keys of 2,048 bits at least"));
    }
    Ok(Some(Key {
        id: common.key_id.clone(),
        algorithm: common.key_algorithm,
        key,
    }))
}

fn invalid(field: &'static str, right: &str) -> Error {
    Error::invalid(field, right).of(System::Wunder)
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

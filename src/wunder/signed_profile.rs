//! The profile as a signed token for another system.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::session::Session;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;

/// A user profile as a JWT, for another system that trusts the operator.
///
/// It contains personal data and authenticates it, so it is a secret; it is not an access token.
/// Pass [`jwt`](Self::jwt) to the other system, which checks it with a `SignedProfileVerifier` (feature
/// `signed-profile`) or any JWT library.
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
    /// let signed = session.signed_profile().await?;
    /// // In the other system, with the key and the algorithms of the operator:
    /// # #[cfg(feature = "signed-profile")] {
    /// use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
    ///
    /// let key = Wunder::SIGNED_DATA_KEY;
    /// let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256])?;
    /// let claims = verifier.verify(signed.jwt())?;
    /// assert!(claims.get("sub").is_some());
    /// # }
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

//! The branch that a user belongs to.

use super::client::Client;
use super::session::Session;
use super::user_api::{UserApi, types};
use crate::error::{Delivery, Error, ErrorKind, System};

/// A branch of an operator, to which its users belong.
#[derive(Clone, Debug)]
pub struct Branch {
    id: String,
    details: types::Branch,
}

impl Client {
    /// Finds the branch that serves a place, given in degrees, without a session. Idempotent; sends no
    /// message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// let branch = client.branch(48.2, 16.4).await?;
    /// let sign_in = client.sign_in_with_phone_code(&"+43123456789".parse()?).branch_id(branch.id());
    /// # assert!(!branch.id().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/branches/resolve`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `latitude` or
    /// `longitude`; [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the branch has no
    /// id; otherwise see [`Error`].
    pub async fn branch(&self, latitude: f64, longitude: f64) -> Result<Branch, Error> {
        Branch::at(&self.user_api(), latitude, longitude).await
    }
}

impl Session {
    /// Finds the branch that serves a place, as [`Client::branch`] does, with the credential of the
    /// session. The vendor does not publish whether the server needs it.
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
    /// let branch = session.branch(48.2, 16.4).await?;
    /// let onboarding = session.onboarding(branch.id()).send().await?;
    /// assert!(!onboarding.is_done());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/branches/resolve`.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn branch(&self, latitude: f64, longitude: f64) -> Result<Branch, Error> {
        Branch::at(&self.user_api(), latitude, longitude).await
    }
}

impl Branch {
    async fn at(api: &UserApi, latitude: f64, longitude: f64) -> Result<Self, Error> {
        for (field, degrees, bound) in [
            ("latitude", latitude, 90.0),
            ("longitude", longitude, 180.0),
        ] {
            if !(-bound..=bound).contains(&degrees) {
                let right = format!("must be from -{bound} to {bound} degrees");
                return Err(Error::invalid(field, &right).of(System::Wunder));
            }
        }
        let call = api.resolve_branch().lat(latitude).lng(longitude);
        let details = call.send().await?.into_inner();
        let id = match details.id.as_ref().map(|id| &id.0) {
            Some(serde_json::Value::String(id)) => id.clone(),
            Some(serde_json::Value::Number(id)) => id.to_string(),
            _ => {
                let message = "the branch has no id";
                return Err(Error::new(ErrorKind::InvalidResponse, message)
                    .with_delivery(Delivery::Responded)
                    .at(System::Wunder, "resolve_branch"));
            }
        };
        Ok(Self { id, details })
    }

    /// The id, as the sign-in flows take it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The whole branch as the server returned it.
    pub fn details(&self) -> &types::Branch {
        &self.details
    }
}

//! A signed-in user of Wunder Mobility.

use std::sync::Arc;

use super::auth_api::{AuthApi, types as auth};
use super::client::Parts;
use super::rules::ACTS_FOR;
use super::user_api::{UserApi, types as user};
use crate::challenge::Owner;
use crate::error::{Error, System};
use crate::session::{
    Session as Shared, SessionContext, SignOutOrder, impl_sign_out, token_session_methods,
};

/// A signed-in user. Cheap to clone: all clones share one credential.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) shared: Shared,
    parts: Arc<Parts>,
}

impl_sign_out!();

impl Session {
    token_session_methods!(parts);

    pub(super) fn context(&self) -> &Arc<SessionContext> {
        &self.parts.context
    }

    /// The operations of the Authentication API, with this session.
    pub fn auth_api(&self) -> AuthApi {
        AuthApi::new(self.shared.calls())
    }

    /// The operations of the User API, with this session.
    pub fn user_api(&self) -> UserApi {
        UserApi::new(self.shared.calls())
    }

    /// Returns a session that acts on behalf of `user`, a user that this API client created, given
    /// by its UUID. All calls of the returned session carry the header `GoUrban-Impersonate`; this
    /// session is unchanged. Sends nothing.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_api_client("our-service", &"the key".into());
    /// # let ada = mock.add_user(WunderUser::new().email("ada@example.org").created_by("our-service"));
    /// # let sign_in = client.sign_in_with_api_client("our-service", vestibule::Secret::from("the key")).await?;
    /// # let vestibule::wunder::SignIn::SignedIn(service) = sign_in else { panic!() };
    /// // `ada` is the UUID of the user, `service` the session of the API client.
    /// let session = service.impersonate(&ada)?;
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if `user` is not a UUID, such as
    /// `6f1d2a34-0000-4000-8000-000000000001`.
    pub fn impersonate(&self, user: &str) -> Result<Self, Error> {
        let groups: Vec<&str> = user.split('-').collect();
        let well_formed = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
            && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit());
        let value = http::HeaderValue::from_str(user).ok();
        let Some(value) = value.filter(|_| well_formed) else {
            return Err(Error::invalid("user", "must be the UUID of a user").of(System::Wunder));
        };
        let name = http::HeaderName::from_static(ACTS_FOR);
        Ok(Self {
            shared: self.shared.with_header(name, value),
            parts: Arc::clone(&self.parts),
        })
    }

    /// The owner of challenges of this session. It includes the user on whose behalf an API client
    /// acts, because the API client has one session for all its users.
    pub(super) fn owner(&self) -> Owner {
        let acts_for = self.shared.header(ACTS_FOR);
        Owner::session(self.context(), &self.shared, acts_for)
    }

    /// Reads the profile of the user. Idempotent; sends no message.
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
    /// let profile = session.profile().await?;
    /// assert_eq!(profile.email.as_deref(), Some("ada@example.org"));
    /// // Members that no documentation names are in `extra`.
    /// let first_name = profile.extra.get("firstName");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn profile(&self) -> Result<user::Customer, Error> {
        let api = self.user_api();
        Ok(api.get_customer().send().await?.into_inner())
    }

    /// Signs the user out: ends the session locally and in the store, then revokes it at the
    /// server. Runs to completion even if the future is dropped. Sends no message.
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
    /// use vestibule::ErrorKind;
    ///
    /// let id = session.id().clone();
    /// session.sign_out().await?;
    /// let error = client.resume_session(&id).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # assert_eq!(mock.count("logout"), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/logout`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for options that are not valid; then
    /// the session has not ended. Otherwise the error of the server or the store, see [`Error`]; the
    /// session has ended then.
    pub async fn sign_out(self) -> Result<(), Error> {
        self.shared
            .sign_out(SignOutOrder::EndFirst, |final_credential| async move {
                final_credential.refresh_if_expired().await?;
                let refresh = final_credential.refresh_token();
                let body = auth::LogoutRequest::builder().refresh_token(refresh);
                let api = AuthApi::new(final_credential.call_context());
                api.logout().body(body).send().await.map(|_| ())
            })
            .await
    }
}

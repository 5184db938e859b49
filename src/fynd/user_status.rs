//! What a response says about the user: only a response that names one signs in.

use super::api::types;
use super::client::Client;
use super::partial_session::PartialSession;
use super::session::Session;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;

/// What a response says about the user: a new user has the token of a registration and no session.
pub(super) struct UserStatus {
    /// Whether the response names a user.
    pub(super) names_user: bool,
    pub(super) user_exists: Option<bool>,
    pub(super) register_token: Option<Secret>,
}

impl UserStatus {
    pub(super) fn new(
        user: Option<&types::UserSchema>,
        user_exists: Option<bool>,
        register_token: Option<Secret>,
    ) -> Self {
        Self {
            names_user: user.is_some_and(|user| id(user).is_some()),
            user_exists,
            register_token: filled(register_token),
        }
    }

    /// The token of the registration that is to be continued; `None` if there is none. `former` is the
    /// token of an earlier response.
    pub(super) fn registration(&self, former: Option<&Secret>) -> Option<Secret> {
        let own = self.register_token.as_ref();
        let token = match self.user_exists {
            Some(false) => own.or(former),
            None if !self.names_user => own,
            _ => None,
        };
        token.cloned()
    }
}

/// The id of a user, if it is not empty.
pub(super) fn id(user: &types::UserSchema) -> Option<&str> {
    let ids = [&user.user_id, &user.id];
    let mut ids = ids.into_iter().filter_map(|id| id.as_deref());
    ids.find(|id| !id.trim().is_empty())
}

/// A token that is not empty.
pub(super) fn filled(token: Option<Secret>) -> Option<Secret> {
    token.filter(|token| !token.expose().trim().is_empty())
}

/// Creates the session after `operation` succeeded. A response that names no user is no sign-in,
/// whatever cookies it has: servers also give cookies to visitors.
pub(super) async fn finish(
    client: &Client,
    names_user: bool,
    cookies: &CookieJar,
    operation: &'static str,
) -> Result<Session, Error> {
    if !names_user {
        return Err(no_session(operation, "named no user"));
    }
    if cookies.is_empty() {
        return Err(no_session(operation, "returned no cookie"));
    }
    client.sign_in(cookies.clone()).await
}

/// Asks the server whether the cookies of `partial` are those of a user, after an operation whose
/// response cannot name one.
pub(super) async fn is_signed_in(partial: &PartialSession) -> Result<bool, Error> {
    if partial.cookies().is_empty() {
        return Ok(false);
    }
    match partial.api().get_logged_in_user().send().await {
        Ok(response) => Ok(response.user.as_ref().and_then(id).is_some()),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::Rejected | ErrorKind::Unauthenticated
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

pub(super) fn no_session(operation: &'static str, why: &str) -> Error {
    let message = format!("the sign-in succeeded but {why}");
    Error::new(ErrorKind::InvalidResponse, message)
        .with_status(http::StatusCode::OK)
        .at(System::Fynd, operation)
}

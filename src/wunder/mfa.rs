//! The second factor at sign-in.

use std::fmt;
use std::sync::Arc;

use http::header;

use super::auth_api::{AuthApi, types};
use super::client::Client;
use super::session::Session;
use crate::challenge::{Returned, check_code};
use crate::clock::BoxFuture;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::pipeline::{Attached, Attempt, Bound, Deadline, SessionCredential, Stamp};
use crate::secret::Secret;
use crate::session::Tokens;

/// The code was right, and a second factor is needed before there is a session.
///
/// The credential that the server gave is provisional: only the two-factor call of this type
/// carries it. It is never refreshed and never becomes a [`Session`] by itself.
#[derive(Clone)]
pub struct MfaRequired {
    client: Client,
    tokens: Tokens,
}

impl fmt::Debug for MfaRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::MfaRequired")
    }
}

impl MfaRequired {
    pub(super) fn new(client: Client, tokens: Tokens) -> Self {
        Self { client, tokens }
    }

    /// Validates a code of the user's authenticator. It is sent once, whatever happens.
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-code-validate`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`] means a wrong code.
    pub async fn validate(self, code: impl Into<Secret>) -> Result<Session, Returned<Self>> {
        match self.try_code(code.into()).await {
            Ok(session) => Ok(session),
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_code(&self, code: Secret) -> Result<Session, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Wunder))?;
        let credential = Arc::new(Provisional {
            token: self.tokens.access.clone(),
        });
        let bound = Bound::new(self.client.road.clone()).with_credential(credential);
        let api = AuthApi::new(bound);
        let body = types::TwoFactorCode::builder().code(code);
        let answer = api
            .two_factor_code_validate()
            .body(body)
            .send()
            .await?
            .into_inner();
        if answer.mfa_required == Some(true) {
            let message = "the server asks for the second factor again";
            return Err(Error::new(ErrorKind::StepRequired, message)
                .with_delivery(Delivery::Answered)
                .of(System::Wunder));
        }
        // A server that answers without tokens has lifted the provisional ones.
        let tokens = match answer.access_token {
            Some(access) => Tokens::new(access, answer.refresh_token),
            None => self.tokens.clone(),
        };
        self.client.sign_in(tokens).await
    }
}

/// A token that is good for the two-factor calls only.
struct Provisional {
    token: Secret,
}

impl fmt::Debug for Provisional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provisional")
    }
}

impl SessionCredential for Provisional {
    fn attach(&self, attempt: &mut Attempt, _even_stale: bool) -> Result<Attached, Error> {
        let value = format!("Bearer {}", self.token.expose());
        attempt.set_secret_header(header::AUTHORIZATION, &value)?;
        Ok(Attached::Fresh(Stamp(0)))
    }

    fn renew(&self, _stamp: Stamp, _deadline: Deadline) -> BoxFuture<'_, Result<(), Error>> {
        let message = "the sign-in took too long for its second factor";
        let error = Error::new(ErrorKind::SignInAgain, message).of(System::Wunder);
        Box::pin(std::future::ready(Err(error)))
    }

    fn end(&self, _stamp: Stamp, _why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

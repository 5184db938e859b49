//! The second factor of a sign-in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::auth_api::{AuthApi, types};
use super::client::Client;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, Owner, SoleRecipient, Step, StepError, Tried, check_second_factor,
};
use crate::clock::BoxFuture;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::{
    AfterRejection, Attempt, Authorization, CredentialGeneration, Deadline, Rejection,
    SessionCredential,
};
use crate::secret::Secret;
use crate::session::{Caller, Tokens, run_exchange};
use crate::skewed_clock::SkewedClock;

/// Upper bound for the time until the second factor.
const TIME_TO_LIVE: Duration = Duration::from_secs(10 * 60);

/// The provisional credential.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SecondFactor {
    tokens: Tokens,
}

impl SecondFactor {
    pub(super) fn new(tokens: Tokens) -> Self {
        Self { tokens }
    }

    fn provisional_api(&self, client: &Client) -> AuthApi {
        let credential = Arc::new(Provisional {
            token: self.tokens.access.clone(),
        });
        AuthApi::new(client.calls.clone().with_credential(credential))
    }
}

impl Step for SecondFactor {
    const KIND: &'static str = "second_factor";

    /// Limited by the lifetime of the token.
    fn time_to_live(&self, time: &SkewedClock) -> Duration {
        let left = self.tokens.expires_at.map(|end| end - time.now());
        let left = left.map(|left| left.to_std().unwrap_or_default());
        left.map_or(TIME_TO_LIVE, |left| left.min(TIME_TO_LIVE))
    }

    fn messages(&self) -> usize {
        0
    }
}

/// The first factor was correct, and a second one is required. Where the user has none yet,
/// [`request_mfa_enrolment`](Self::request_mfa_enrolment) sets it up.
///
/// The credential of the server is provisional: only the two-factor calls of this type carry it. It
/// is never refreshed and never becomes a [`Session`] by itself. It is kept in the client's store
/// for ten minutes at most; see [`challenge`](crate::challenge).
#[must_use = "the user is not signed in before `confirm`"]
pub struct MfaRequired {
    client: Client,
    pub(super) challenge: ActiveChallenge<SecondFactor>,
}

opaque_debug!("wunder": MfaRequired);

impl MfaRequired {
    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<SecondFactor>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes the sign-in, the same as before the second
    /// factor: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// Validates a code of the user's authenticator, or a recovery code. It is never sent twice.
    ///
    /// The digits of an authenticator may be typed in any script, with spaces and dashes. A code with
    /// letters is a recovery code such as `ABCD-1234`, and is sent byte for byte.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # mock.require_mfa(&"+43123456789".parse()?, "246810");
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::MfaRequired(mfa) = sign_in else { panic!() };
    /// let id = mfa.id().clone();
    /// let session = match mfa.confirm("000000").await {
    ///     Ok(session) => session,
    ///     // The user mistyped: the state is still valid.
    ///     Err(failed) => failed.state.confirm("246810").await?,
    /// };
    /// # assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # assert!(client.resume_challenge(&id).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-code-validate`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::Rejected`] means a wrong code. Nothing is
    /// sent with [`ErrorKind::InvalidInput`] (it does not look like a code: a recovery code has 64
    /// letters, digits and inner dashes at most, and nothing around them),
    /// [`ErrorKind::StepRequired`] (five codes were wrong) and [`ErrorKind::Unauthenticated`] (it is
    /// finished, has expired or took too long): start the sign-in again after these two.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<Session, StepError<Self>> {
        let (context, code) = (Arc::clone(self.client.context()), code.into());
        let exchange = async move |caller: Caller| {
            let tried = self.try_code(&caller, code).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The owner of the challenges of this sign-in.
    pub(super) fn owner(&self) -> Owner {
        Owner::challenge(&self.challenge)
    }

    /// Calls with the provisional credential, for two-factor calls only.
    pub(super) fn provisional_api(&self) -> AuthApi {
        self.challenge.step.provisional_api(&self.client)
    }

    async fn try_code(&mut self, caller: &Caller, code: Secret) -> Result<Session, Error> {
        let code = check_second_factor(System::Wunder, code)?;
        let (client, sent) = (&self.client, code.clone());
        let send = async |step: &mut SecondFactor| {
            let body = types::TwoFactorCode::builder().code(sent);
            let api = step.provisional_api(client);
            let response = api.two_factor_code_validate().body(body).send().await?;
            accepted(response.into_inner())
        };
        let resume = async |id: &Secret| client.resume_session(id).await;
        let tried = self.challenge.try_sign_in_code(
            caller,
            SoleRecipient,
            &code,
            "two_factor_code_validate",
            resume,
            send,
        );
        let response = match tried.await? {
            Tried::Response(response) => response,
            Tried::Kept(session) => return Ok(session),
        };
        if still_requires_mfa(&response) {
            let message = "the server asks for the second factor again";
            return Err(Error::new(ErrorKind::StepRequired, message)
                .with_delivery(Delivery::Responded)
                .of(System::Wunder));
        }
        // A response without tokens means that the provisional ones are now valid for all calls.
        let tokens = match response.access_token {
            Some(access) => {
                let time = &self.client.calls.pipeline().time;
                let tokens = Tokens::issued(access, response.refresh_token, time);
                tokens.or_expire_at(response.access_token_expire_date, time.now())
            }
            None => self.challenge.step.tokens.clone(),
        };
        let session = self.client.sign_in(tokens).await?;
        self.challenge
            .grant(caller, SoleRecipient, &code, &session, None)
            .await;
        Ok(session)
    }
}

/// The response to a code, unless it is an error with a success status: without tokens it would say no
/// more than that.
fn accepted(response: types::SignInResponse) -> Result<types::SignInResponse, Error> {
    let names_error = ["errorCode", "error"].iter().any(|name| {
        let member = response.extra.get(*name);
        member.is_some_and(|member| !member.is_null())
    });
    if response.access_token.is_none() && names_error {
        return Err(
            Error::new(ErrorKind::Rejected, "code or password not accepted")
                .with_status(StatusCode::OK)
                .with_delivery(Delivery::Responded)
                .at(System::Wunder, "two_factor_code_validate"),
        );
    }
    Ok(response)
}

/// A token that is valid for the two-factor calls only.
struct Provisional {
    token: Secret,
}

impl fmt::Debug for Provisional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provisional")
    }
}

impl SessionCredential for Provisional {
    fn attach(&self, attempt: &mut Attempt, _allow_stale: bool) -> Result<Authorization, Error> {
        attempt.set_bearer(&self.token)?;
        Ok(Authorization::Fresh(CredentialGeneration(0)))
    }

    fn refresh(
        &self,
        _generation: CredentialGeneration,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        let message = "the sign-in took too long for its second factor";
        let error = Error::new(ErrorKind::Unauthenticated, message).of(System::Wunder);
        Box::pin(std::future::ready(Err(error)))
    }

    fn settle_rejection(
        &self,
        _rejection: Rejection,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<AfterRejection, Error>> {
        Box::pin(std::future::ready(Ok(AfterRejection::Fail)))
    }
}

/// Whether a first factor says that a second one is to be validated. A status is published without its
/// values, so an unknown one counts where nothing else decides.
pub(super) fn requires_mfa(response: &types::SignInResponse) -> bool {
    let status = response.mfa_status.as_deref();
    still_requires_mfa(response)
        || (response.mfa_required.is_none() && status.is_some_and(|it| it.trim() != "false"))
}

/// Whether the response to a second factor says that it is still required. Without the flag, another
/// status is that of a user who has passed.
fn still_requires_mfa(response: &types::SignInResponse) -> bool {
    let status = response.mfa_status.as_deref().unwrap_or_default();
    let status = status.trim().to_ascii_uppercase();
    let requires = ["REQUIRED", "PENDING"].iter().any(|it| status.contains(it));
    response.mfa_required == Some(true) || status == "TRUE" || (requires && !status.contains("NOT"))
}

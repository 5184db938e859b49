//! The extractors.

use std::fmt;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use super::client::SystemClient;
use super::progress::{Progress, ProgressStore, SignInProgress};
use crate::error::{Error, ErrorKind};

/// The client and the browser's progress, for a request that starts a sign-in.
///
/// Extracted whatever the progress is. Save the id of the new challenge with [`Progress::update`].
#[must_use = "a challenge whose id is not saved cannot be resumed"]
#[non_exhaustive]
pub struct NewSignIn<C> {
    /// The client from the router's state.
    pub client: C,
    /// The browser's progress.
    pub progress: Progress,
}

/// The challenge that the browser's sign-in waits at, resumed.
///
/// # Rejections
///
/// [`ErrorKind::Unauthenticated`] if no sign-in was started, or its challenge is finished or has expired;
/// [`ErrorKind::StepRequired`] if the user is signed in already; [`ErrorKind::Unavailable`] if a store
/// fails.
#[must_use = "the user is not signed in until the challenge is completed"]
#[non_exhaustive]
pub struct InProgress<C: SystemClient> {
    /// The client from the router's state.
    pub client: C,
    /// The challenge.
    pub challenge: C::Challenge,
    /// The browser's progress. Save the next challenge or the session with [`Progress::update`].
    pub progress: Progress,
}

/// The session of a browser whose user is signed in, resumed.
///
/// `Option<SignedIn<C>>` is `None` for a browser whose user is not signed in.
///
/// # Rejections
///
/// [`ErrorKind::Unauthenticated`] if the user is not signed in, or the session has ended;
/// [`ErrorKind::Unavailable`] if a store fails.
#[non_exhaustive]
pub struct SignedIn<C: SystemClient> {
    /// The client from the router's state.
    pub client: C,
    /// The session.
    pub session: C::Session,
    /// The browser's progress.
    pub progress: Progress,
}

impl<C: SystemClient> SignedIn<C> {
    /// Signs the user out: in the SDK and at the server, as `sign_out` of the session does, and in the web
    /// session, whose id changes. Sends no message.
    ///
    /// # Errors
    ///
    /// Those of `sign_out` of the session and of [`ProgressStore::save`]. An error with
    /// [status](Error::http_status) 5xx leaves the web session as it was, with what else it holds, because
    /// middleware may not save it with such a response; the session that it names has ended.
    pub async fn sign_out(mut self) -> Result<(), Error> {
        let signed_out = self.client.sign_out(self.session).await;
        if let Err(error) = &signed_out
            && error.http_status().is_server_error()
        {
            return signed_out;
        }
        let forgotten = self.progress.update(SignInProgress::NotStarted).await;
        forgotten.and(signed_out)
    }
}

impl<C, S> FromRequestParts<S> for NewSignIn<C>
where
    C: SystemClient + FromRef<S>,
    S: Send + Sync,
    Arc<dyn ProgressStore>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let client = C::from_ref(state);
        let store = Arc::<dyn ProgressStore>::from_ref(state);
        let progress = Progress::resume(store, parts, client.system()).await?;
        Ok(Self { client, progress })
    }
}

impl<C, S> FromRequestParts<S> for InProgress<C>
where
    C: SystemClient + FromRef<S>,
    S: Send + Sync,
    Arc<dyn ProgressStore>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let NewSignIn { client, progress } =
            NewSignIn::<C>::from_request_parts(parts, state).await?;
        let refused = match progress.current() {
            SignInProgress::Challenge(id) | SignInProgress::NextStep(id) => {
                let challenge = client.resume_challenge(id).await?;
                return Ok(Self {
                    client,
                    challenge,
                    progress,
                });
            }
            SignInProgress::SignedIn(_) => {
                let message = "the user is signed in already: start a new sign-in, or sign out";
                Error::new(ErrorKind::StepRequired, message)
            }
            SignInProgress::NotStarted => {
                let message = "this browser has no sign-in in progress: start one";
                Error::new(ErrorKind::Unauthenticated, message)
            }
        };
        Err(refused.of(client.system()))
    }
}

impl<C, S> FromRequestParts<S> for SignedIn<C>
where
    C: SystemClient + FromRef<S>,
    S: Send + Sync,
    Arc<dyn ProgressStore>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let NewSignIn { client, progress } =
            NewSignIn::<C>::from_request_parts(parts, state).await?;
        let SignInProgress::SignedIn(id) = progress.current() else {
            let message = "the user of this browser is not signed in";
            return Err(Error::new(ErrorKind::Unauthenticated, message).of(client.system()));
        };
        let session = client.resume_session(id).await?;
        Ok(Self {
            client,
            session,
            progress,
        })
    }
}

impl<C, S> OptionalFromRequestParts<S> for SignedIn<C>
where
    C: SystemClient + FromRef<S>,
    S: Send + Sync,
    Arc<dyn ProgressStore>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Error> {
        match <Self as FromRequestParts<S>>::from_request_parts(parts, state).await {
            Ok(signed_in) => Ok(Some(signed_in)),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Implements `Debug` by the progress alone.
macro_rules! debug {
    ($($name:literal $type:ty),+) => {
        $(impl<C: SystemClient> fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple($name).field(&self.progress).finish()
            }
        })+
    };
}

debug!("NewSignIn" NewSignIn<C>, "InProgress" InProgress<C>, "SignedIn" SignedIn<C>);

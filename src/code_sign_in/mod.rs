//! Sign-in by a code: one interface for all four systems.
//!
//! A back end that is written against [`CodeSignIn`] works with any of the four, chosen at run
//! time: a code is sent, possibly sent again, confirmed, and possibly followed by a second factor.
//! Between any two steps the [`CodeChallenge`] can be resumed by its id, as in
//! [`challenge`](crate::challenge). A feature that a system lacks fails with
//! [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported); a feature that only one system has is
//! in the module of that system.
//!
//! | system | made from | phone | e-mail | resend | second factor |
//! |---|---|---|---|---|---|
//! | Wunder | `wunder::Client::at_branch` | yes | yes | yes | if the user has one |
//! | The Wallet Crew | `walletcrew::Client::code_sign_in` | depends on the tenant | depends on the tenant | no | no |
//! | GoodCity | its client | Hong Kong | no | yes | no |
//! | Fynd | its client | yes | yes | yes | no |
//!
//! ```
//! # #[cfg(all(feature = "wunder", feature = "goodcity"))]
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # use vestibule::testing::{GoodCity, Wunder};
//! # let (wunder, goodcity) = (Wunder::start().await, GoodCity::start().await);
//! # goodcity.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
//! use vestibule::code_sign_in::{CodeSignIn, Confirmed};
//! use vestibule::session::Session;
//! use vestibule::{Contact, Error, Secret};
//!
//! /// Works with every system.
//! async fn sign_in(
//!     system: &dyn CodeSignIn,
//!     to: &Contact,
//!     ask: impl Fn(&str) -> Secret,
//! ) -> Result<Session, Error> {
//!     let mut challenge = system.send_code(to).await?;
//!     loop {
//!         let code = ask("the code of the message, or of the authenticator");
//!         match challenge.confirm(code).await? {
//!             Confirmed::SignedIn(session) => return Ok(session),
//!             Confirmed::SecondFactor(next) => challenge = next,
//!             other => panic!("not written yet: {other:?}"),
//!         }
//!     }
//! }
//!
//! let wunder_client = vestibule::wunder::Client::builder(wunder.base_url()).tenant("demo")
//!     .signing_key(Wunder::SIGNING_KEY)
//!     .build()?;
//! let goodcity_client = vestibule::goodcity::Client::builder(goodcity.base_url()).app_name("app").build()?;
//! # let in_vienna = |_: &str| Secret::from(wunder.outbox().last_code("+43660000001").unwrap());
//! # let in_hong_kong = |_: &str| Secret::from(goodcity.outbox().last_code("+85261234567").unwrap());
//!
//! let vienna = Contact::phone("+43660000001")?;
//! sign_in(&wunder_client.at_branch("2"), &vienna, in_vienna).await?;
//! let hong_kong = Contact::phone("+85261234567")?;
//! sign_in(&goodcity_client, &hong_kong, in_hong_kong).await?;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "wunder", feature = "goodcity")))]
//! # fn main() {}
//! ```

mod confirmed;
mod implementing;

use std::fmt;

use chrono::{DateTime, Utc};

pub use self::confirmed::{Awaited, Confirmed, OwnStep};
pub(crate) use self::implementing::{
    boxed, challenge_methods, message_methods, session_methods, unless_ended, unsupported,
};
use crate::challenge::{ResendTimer, StepError};
use crate::clock::BoxFuture;
use crate::contact::{Channel, Contact};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::Session;

/// A system that can sign users in by a code.
pub trait CodeSignIn: Send + Sync {
    /// The system.
    fn system(&self) -> System;

    /// Whether codes can be sent by this channel.
    fn offers(&self, channel: Channel) -> bool;

    /// **Sends a message** with a code. Retried only if the server certainly did not process it.
    /// Earlier challenges for this destination become invalid.
    ///
    /// Some systems return the same response for a user who has no account, and no code arrives.
    ///
    /// # Errors
    ///
    /// Nothing is sent with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (the system
    /// cannot reach such a destination),
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) (it has no such channel),
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) (the last message is too recent) and
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) from a session store that fails.
    /// Otherwise as any call, see [`Error`].
    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>>;

    /// Resumes a challenge by its id; sends nothing. [`challenge`](crate::challenge) describes how
    /// to bind an id to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such challenge,
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) if it waits for a step that only
    /// this system has, [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>>;

    /// Resumes a session by its id; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such session,
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    fn resume_session<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<Session, Error>>;

    /// Ends a session in this instance, in the store and, where the system supports it, on the
    /// server. A session that has ended, or that the store does not have, is signed out.
    ///
    /// # Errors
    ///
    /// As `sign_out` of the session, and [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the
    /// store fails. The session is not used again in any case.
    fn sign_out<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<(), Error>>;
}

/// A sign-in that waits for a code.
pub trait CodeChallenge: fmt::Debug + Send + Sync {
    /// The system of the challenge.
    fn system(&self) -> System;

    /// The id by which [`CodeSignIn::resume_challenge`] resumes it: a secret.
    fn id(&self) -> &Secret;

    /// The kind of code that it waits for.
    fn awaits(&self) -> Awaited;

    /// When it expires.
    fn expires_at(&self) -> DateTime<Utc>;

    /// When another message may be sent; `None` where there is no resend.
    fn resend_timer(&self) -> Option<&ResendTimer>;

    /// **Sends a message** with another code; the former code becomes invalid.
    ///
    /// # Errors
    ///
    /// Nothing is sent with [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) (there is no
    /// resend), [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) (the timer runs),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (a newer challenge has replaced
    /// this one), [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has
    /// expired) and [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) from a store that fails.
    /// Otherwise as any call, see [`Error`].
    fn resend(&mut self) -> BoxFuture<'_, Result<(), Error>>;

    /// Confirms the code; sends no message. The code is never sent twice.
    ///
    /// # Errors
    ///
    /// The error returns the challenge. [`ErrorKind::Rejected`](crate::ErrorKind::Rejected):
    /// the code is wrong. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (it does not look like a code),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer challenge has replaced this one: send a new code) and
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has expired).
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>>;
}

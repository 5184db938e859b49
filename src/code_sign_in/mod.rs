//! Signing in by a code, in words that all four systems share.
//!
//! A back end that is written against [`CodeSignIn`] serves any of the four, chosen at run time:
//! a code is sent, perhaps sent again, confirmed, perhaps followed by a second factor. Between any
//! two steps the [`CodeChallenge`] may be kept by its id, as in [`challenge`](crate::challenge).
//! What a system does not have is refused with [`ErrorKind::NotOffered`](crate::ErrorKind::NotOffered);
//! what only one has stays in its own module.
//!
//! | system | made from | phone | e-mail | resend | second factor |
//! |---|---|---|---|---|---|
//! | Wunder | `wunder::Client::at_branch` | yes | yes | yes | if the user has one |
//! | The Wallet Crew | `walletcrew::Client::code_sign_in` | as the tenant has it | as the tenant has it | no | no |
//! | GoodCity | its client | Hong Kong | no | yes | no |
//! | Fynd | its client | yes | yes | yes | no |
//!
//! ```
//! # #[cfg(all(feature = "wunder", feature = "goodcity"))]
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # use vestibule::testing::{GoodCity, Wunder};
//! # let (wunder, goodcity) = (Wunder::start().await, GoodCity::start().await);
//! # goodcity.add_user("+85261234567", "Ada", "Wong");
//! use vestibule::code_sign_in::{CodeSignIn, Confirmed, Destination};
//! use vestibule::session::Session;
//! use vestibule::{Error, Secret};
//!
//! /// Knows no system.
//! async fn sign_in(
//!     system: &dyn CodeSignIn,
//!     to: &Destination,
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
//! let wunder_client = vestibule::wunder::Client::builder(wunder.base_url(), "demo")
//!     .signature_key(Wunder::SIGNATURE_KEY)
//!     .build()?;
//! let goodcity_client = vestibule::goodcity::Client::builder(goodcity.base_url(), "app").build()?;
//! # let in_vienna = |_: &str| Secret::from(wunder.outbox().last_code("+43660000001").unwrap());
//! # let in_hong_kong = |_: &str| Secret::from(goodcity.outbox().last_code("+85261234567").unwrap());
//!
//! let vienna = Destination::phone("43", "660000001");
//! sign_in(&wunder_client.at_branch("2"), &vienna, in_vienna).await?;
//! let hong_kong = Destination::phone("852", "61234567");
//! sign_in(&goodcity_client, &hong_kong, in_hong_kong).await?;
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "wunder", feature = "goodcity")))]
//! # fn main() {}
//! ```

mod confirmed;
mod destination;
mod implementing;

use std::fmt;

use chrono::{DateTime, Utc};

pub use self::confirmed::{Awaited, Confirmed, OwnStep};
pub use self::destination::{Channel, Destination};
pub(crate) use self::implementing::{
    boxed, message_challenge, not_offered, open_challenge, sessions_of,
};
use crate::challenge::{ResendTimer, StepError};
use crate::clock::BoxFuture;
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::Session;

/// A system that signs users in by a code.
pub trait CodeSignIn: Send + Sync {
    /// Which system it is.
    fn system(&self) -> System;

    /// Whether codes can be sent by this channel.
    fn offers(&self, channel: Channel) -> bool;

    /// **Sends a message** with a code. Repeated only if the server certainly did not process it.
    /// Earlier challenges for this destination are void then.
    ///
    /// Some systems answer alike for somebody who has no account; a code that never comes is then
    /// all that a stranger sees.
    ///
    /// # Errors
    ///
    /// Nothing is sent with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (the system
    /// cannot reach such a destination),
    /// [`ErrorKind::NotOffered`](crate::ErrorKind::NotOffered) (it has no such channel),
    /// [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) (the last message is too fresh) and
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) from a session store that fails. Else as
    /// any call, see [`Error`].
    fn send_code<'a>(
        &'a self,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>>;

    /// Takes a challenge up by its id; sends nothing. How an id is bound to its user stands in
    /// [`challenge`](crate::challenge).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge,
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) if it waits for a step that only
    /// this system has, [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    fn challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>>;

    /// Takes a session up by its id; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such session,
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    fn session<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<Session, Error>>;

    /// Ends a session here, in the store and, where the system can, on the server.
    ///
    /// # Errors
    ///
    /// As of the session's own `sign_out`; nothing is sent with the session any more all the same.
    fn sign_out<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<(), Error>>;
}

/// A sign-in that waits for a code.
pub trait CodeChallenge: fmt::Debug + Send + Sync {
    /// Which system it is of.
    fn system(&self) -> System;

    /// The id under which [`CodeSignIn::challenge`] takes it up: a secret.
    fn id(&self) -> &Secret;

    /// What kind of code it waits for.
    fn awaits(&self) -> Awaited;

    /// Until when it waits.
    fn expires_at(&self) -> DateTime<Utc>;

    /// When another message may be sent; none where there is no other message.
    fn resend_timer(&self) -> Option<&ResendTimer>;

    /// **Sends a message** with another code; the former code is void.
    ///
    /// # Errors
    ///
    /// Nothing is sent with [`ErrorKind::NotOffered`](crate::ErrorKind::NotOffered) (there is no
    /// other message), [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) (the timer runs),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (a newer challenge has replaced
    /// this one), [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) (it is finished or has
    /// expired) and [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) from a store that fails.
    /// Else as any call, see [`Error`].
    fn resend(&mut self) -> BoxFuture<'_, Result<(), Error>>;

    /// Confirms the code; sends no message. The code is sent once, whatever happens.
    ///
    /// # Errors
    ///
    /// The challenge comes back with the error. [`ErrorKind::Refused`](crate::ErrorKind::Refused):
    /// the code is wrong. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (it does not look like a code),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer challenge has replaced this one: send a new code) and
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) (it is finished or has expired).
    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>>;
}

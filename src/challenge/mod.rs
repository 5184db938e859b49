//! Challenges: sign-ins that wait for the user, and what may happen next.
//!
//! Each state of an unfinished sign-in (a code that was sent, a second factor, a profile to
//! complete) is kept in the client's [`SessionStore`](crate::store::SessionStore) under a random
//! id of 128 bits. Any instance that shares the store takes it up by that id, after a restart or
//! between two requests of one user: `client.challenge(&id)` of each system. With the default store,
//! which is the memory of one client, that is the same client.
//!
//! # What holds, on all instances together
//!
//! - **The newest key.** Before a key is sent, the store is asked for a newer one. Of two resends at
//!   the same time one sends a message; the other is told to slow down, and both go on with the
//!   newest key.
//! - **Five codes.** A message is good for five wrong codes. Each is counted before it is sent, and
//!   given back only if the server certainly did not judge it. Then
//!   [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired): ask for a new code. Of a second
//!   factor there is no new code; the sign-in is started anew.
//! - **The newest challenge.** A message of a newer challenge to the same phone replaces older
//!   challenges: they are refused with `StepRequired` before anything is sent.
//! - **The wait between two messages** belongs to the phone or mailbox, not to the challenge:
//!   starting over, on whatever instance, is told to wait by
//!   [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown). A sign-in that succeeds does not end it.
//!   Times are compared by the clocks of the instances, which should agree within seconds.
//! - **Once.** A finished challenge is removed; wherever it was taken up before, it is refused. The
//!   same holds for a step that has gone on to the next, under the same id.
//! - **A time to live.** A code: 15 minutes from the newest message. A second factor: 10 minutes, or
//!   the end of its provisional token. A profile to complete, all codes of a registration and
//!   a verification of The Wallet Crew: one hour. Nothing is prolonged by trying.
//!
//! A challenge that is unknown, finished, expired, or of another server, tenant or application gives
//! [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain): start the sign-in anew. The ids of
//! challenges open no sessions, nor those of sessions challenges.
//!
//! # When the store fails
//!
//! Before a message is sent, that is [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) within
//! seconds, and nothing is sent; the wait for the next message may run all the same. Afterwards it costs the user nothing: the state in memory goes on to work, and
//! saving is tried again until it works. Meanwhile the process that sent the message counts wrong
//! codes for itself, and does not learn of newer challenges; a challenge that was taken up by its id
//! waits for the store. A store that loses its records ends the challenges in it.
//!
//! # Whose challenge it is
//!
//! Whoever knows the id can go on with the challenge. So it must never come from a link, a form or
//! a body, where somebody else could have put it: keep it on the server, in the browser's own
//! session, and take it from there alone. A user who is signed in elsewhere has another browser
//! session, and so finds no challenge of yours. Give the browser session a new id when the user
//! has signed in.
//!
//! ```
//! # #[cfg(feature = "goodcity")]
//! # mod example {
//! use std::collections::HashMap;
//!
//! use vestibule::goodcity::{Client, SignedIn};
//! use vestibule::{Error, Secret};
//!
//! /// What the back end keeps of one browser, found by a cookie that is `__Host-`, `HttpOnly`,
//! /// `Secure` and `SameSite=Lax`, with a random value of its own.
//! #[derive(Default)]
//! pub struct Browser {
//!     challenge: Option<Secret>,
//!     session: Option<Secret>,
//! }
//!
//! pub type Browsers = HashMap<String, Browser>;
//!
//! /// `POST /sign-in`, with the mobile in its body.
//! pub async fn start(client: &Client, browser: &mut Browser, mobile: &str) -> Result<(), Error> {
//!     let pending = client.send_pin(mobile).await?;
//!     browser.challenge = Some(pending.id().clone());
//!     Ok(())
//! }
//!
//! /// `POST /sign-in/pin`, perhaps at another instance: the pin is in the body, the challenge is
//! /// this browser's or none.
//! pub async fn confirm(
//!     client: &Client,
//!     browsers: &mut Browsers,
//!     cookie: &str,
//!     new_cookie: String,
//!     pin: Secret,
//! ) -> Result<Option<SignedIn>, Error> {
//!     let browser = browsers.get(cookie);
//!     let Some(id) = browser.and_then(|browser| browser.challenge.clone()) else {
//!         return Ok(None);
//!     };
//!     let signed_in = client.challenge(&id).await?.confirm(pin).await?;
//!     browsers.remove(cookie);
//!     let session = Some(signed_in.session.id().clone());
//!     browsers.insert(new_cookie, Browser { challenge: None, session });
//!     Ok(Some(signed_in))
//! }
//! # #[tokio::main]
//! # pub async fn main() -> Result<(), Error> {
//! #     let mock = vestibule::testing::GoodCity::start().await;
//! #     mock.add_user("+85261234567", "Ada", "Wong");
//! #     let client = Client::builder(mock.base_url(), "app").build()?;
//! #     let mut browsers = Browsers::from([("before".to_owned(), Browser::default())]);
//! #     start(&client, browsers.get_mut("before").unwrap(), "+85261234567").await?;
//! #     let pin = || Secret::from(mock.outbox().last_code("+85261234567").unwrap());
//! #     let stranger = confirm(&client, &mut browsers, "another", "x".into(), pin()).await?;
//! #     assert!(stranger.is_none());
//! #     let signed_in = confirm(&client, &mut browsers, "before", "after".into(), pin()).await?;
//! #     assert!(signed_in.is_some() && !browsers.contains_key("before"));
//! #     assert!(browsers["after"].session.is_some());
//! #     Ok(())
//! # }
//! # }
//! # fn main() {
//! #     #[cfg(feature = "goodcity")]
//! #     example::main().unwrap();
//! # }
//! ```

mod active;
mod attempts;
mod code;
mod destination;
mod errors;
mod first_message;
#[cfg(feature = "fynd")]
mod message_limit;
mod messages;
mod outcome;
mod owner;
mod record;
mod resend_timer;
mod sending;
mod step_error;
mod write_back;

use std::time::Duration;

pub(crate) use self::active::{ActiveChallenge, StoredChallenge};
pub(crate) use self::code::check_code;
#[cfg(feature = "fynd")]
pub(crate) use self::errors::of_somebody_else;
pub(crate) use self::first_message::FirstMessage;
#[cfg(feature = "fynd")]
pub(crate) use self::message_limit::{DestinationPermit, MessageLimit};
pub(crate) use self::outcome::Outcome;
pub(crate) use self::owner::{Owner, OwnerBound};
pub(crate) use self::record::Step;
pub use self::resend_timer::ResendTimer;
pub use self::step_error::StepError;

/// How long a code is waited for.
pub(crate) const CODE_TIME_TO_LIVE: Duration = Duration::from_secs(15 * 60);

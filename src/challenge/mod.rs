//! Challenges: sign-ins that wait for the user.
//!
//! Each state of an unfinished sign-in (a code that was sent, a second factor, a profile to
//! complete) is kept in the client's [`SessionStore`](crate::store::SessionStore) under a random
//! id of 128 bits. Any instance that shares the store can resume it by that id, after a restart or
//! between two requests of one user: `client.resume_challenge(&id)` of each system. The default store is
//! the memory of one client, so that only this client can resume it.
//!
//! # Guarantees across all instances
//!
//! - **The newest key.** The challenge is reloaded from the store before a key is sent. Of two
//!   concurrent resends one sends a message; the other fails with
//!   [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited), and both continue with the newest key.
//! - **Five wrong codes** per message, or as many as
//!   [`Settings::max_wrong_codes`](crate::Settings::max_wrong_codes) allows. Each code is counted before
//!   it is sent, and given back only if nothing was sent, or the system said in its own words that it did
//!   not check the code: a page of a gateway gives none back. After five:
//!   [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired), request a new code. Where codes went to
//!   two contacts, each has its count, and a new message to one does not start that of the other again.
//!   For a second factor there is no new code: start the sign-in again.
//! - **The newest challenge.** A message of a newer challenge to the same phone or mailbox replaces
//!   older challenges: they fail with `StepRequired` before anything is sent.
//! - **The wait between two messages** belongs to the phone or mailbox, not to the challenge:
//!   starting over, on any instance, fails with `RateLimited` until the wait is over. A successful
//!   sign-in does not end it. Messages with a link have a wait of their own. Times are compared by the
//!   clocks of the instances, which should agree within seconds.
//! - **Single use.** A finished challenge is removed, and handles of it fail at all instances. The
//!   same holds for a step that has advanced to the next, under the same id. Where a kept session was
//!   claimed, the record stays for some minutes without the step, and says only that.
//! - **A time to live.** A code: 15 minutes from the newest message. A second factor: 10 minutes,
//!   or the lifetime of its provisional token if that is shorter. A profile to complete, all codes
//!   of a registration and a verification of The Wallet Crew: one hour. Failed attempts do not
//!   extend it.
//!
//! A challenge that is unknown, finished, expired, or of another server, tenant or application
//! fails with [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated): start the sign-in again.
//! The id of a challenge is not valid for a session, nor that of a session for a challenge.
//!
//! # When the caller goes away
//!
//! A code is spent by the server's response to it, and a browser may go away before that. So each
//! exchange of a code, password or login token, and the save after it, runs in a task that the caller
//! cannot drop, and `shutdown` of the client waits for it. If the future of `confirm` is dropped:
//!
//! - The next step of the sign-in is stored, and the id resumes it.
//! - A **session** is kept with the challenge for two minutes
//!   ([`Settings::unclaimed_session_time`](crate::Settings::unclaimed_session_time)), and no longer than
//!   the challenge or until its code is replaced. A `confirm` of the challenge with the **same code** gets it, once, on any instance:
//!   nothing is sent to the server, and the codes are compared by keyed digests in constant time. Any
//!   other code is [`Rejected`](crate::ErrorKind::Rejected) and counts as a wrong one. The id alone gives
//!   no session, and the resumed challenge looks as before. While the exchange is under way, a second
//!   `confirm` at the same instance waits for it; another instance sends the code, which the server
//!   may refuse as used: then confirm again.
//! - A session that is not claimed, and any session that was granted without a code of a challenge (by
//!   password, login token, profile or form), is signed out at the server, where the system can, and
//!   deleted from the store. An instance that dies does not sign out what it has kept.
//!
//! # When the store fails
//!
//! Before a message is sent, the call fails with
//! [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) within seconds, and nothing is sent; the
//! wait for the next message may have started nevertheless. Afterwards it costs the user nothing:
//! the state in memory remains usable, and saving is retried until it succeeds. Meanwhile the
//! instance that sent the message counts wrong codes by itself, and does not learn of newer
//! challenges; a challenge that was resumed by its id waits for the store. A store that loses its
//! records ends the challenges in it.
//!
//! # Binding a challenge to its user
//!
//! The id is all that is needed to continue a challenge. So it must never come from a link, a form
//! or a request body, where an attacker could have put it: keep it on the server, in the browser's
//! own session, and take it only from there. A user who is signed in elsewhere has another browser
//! session, which has none of your challenges. Give the browser session a new id when the user has
//! signed in.
//!
//! ```
//! # #[cfg(feature = "goodcity")]
//! # mod example {
//! use std::collections::HashMap;
//!
//! use vestibule::goodcity::{Client, SignedIn};
//! use vestibule::{Error, Phone, Secret};
//!
//! /// The back end's session of one browser, found by a cookie with a random value that is
//! /// `__Host-`, `HttpOnly`, `Secure` and `SameSite=Lax`.
//! #[derive(Default)]
//! pub struct Browser {
//!     challenge: Option<Secret>,
//!     session: Option<Secret>,
//! }
//!
//! pub type Browsers = HashMap<String, Browser>;
//!
//! /// `POST /sign-in`, with the phone number in its body.
//! pub async fn start(client: &Client, browser: &mut Browser, phone: &Phone) -> Result<(), Error> {
//!     let pending = client.sign_in_with_pin(phone).await?;
//!     browser.challenge = Some(pending.id().clone());
//!     Ok(())
//! }
//!
//! /// `POST /sign-in/pin`, perhaps at another instance: the body has the pin, the browser session
//! /// has the challenge.
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
//!     let signed_in = client.resume_challenge(&id).await?.confirm(pin).await?;
//!     browsers.remove(cookie);
//!     let session = Some(signed_in.session.id().clone());
//!     browsers.insert(new_cookie, Browser { challenge: None, session });
//!     Ok(Some(signed_in))
//! }
//! # #[tokio::main]
//! # pub async fn main() -> Result<(), Error> {
//! #     let mock = vestibule::testing::GoodCity::start().await;
//! #     mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
//! #     let client = Client::builder(mock.base_url()).app_name("app").build()?;
//! #     let mut browsers = Browsers::from([("before".to_owned(), Browser::default())]);
//! #     start(&client, browsers.get_mut("before").unwrap(), &"+85261234567".parse()?).await?;
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
mod conflicts;
mod destination;
mod errors;
mod first_message;
mod grant;
mod kept;
mod link;
mod owner;
mod record;
mod resend;
mod resend_timer;
mod step_error;
mod write_back;

use std::time::Duration;

pub(crate) use self::active::{ActiveChallenge, StoredChallenge};
pub(crate) use self::attempts::{check_code, check_second_factor};
pub(crate) use self::destination::{MessageLimit, Requester, SendOutcome, SendPermit};
pub(crate) use self::errors::{advanced, not_owner, superseded, too_many_wrong_codes};
pub(crate) use self::first_message::FirstMessage;
pub(crate) use self::grant::{Change, KeptClaim, Tried};
pub(crate) use self::link::send_link;
pub(crate) use self::owner::{Owner, OwnerBound};
pub(crate) use self::record::Step;
pub(crate) use self::resend::{Recipient, SoleRecipient};
pub use self::resend_timer::ResendTimer;
pub use self::step_error::StepError;

/// The methods of the states of a sent code, which have a field `challenge`. `$contact` is the
/// contact that the code was sent to.
macro_rules! sent_code_methods {
    (|$this:ident| $contact:expr) => {
        /// Returns when the code can no longer be confirmed, by the clock of the client.
        pub fn expires_at(&self) -> ::chrono::DateTime<::chrono::Utc> {
            self.challenge.expires_at()
        }

        /// Returns how many codes may still be tried, as far as this instance knows: five wrong ones
        /// ([`Settings::max_wrong_codes`](crate::Settings::max_wrong_codes)) end the challenge, unless
        /// another code is sent.
        pub fn tries_left(&self) -> u32 {
            self.challenge.tries_left()
        }

        /// Returns a hint at the contact that the code was sent to, to show to the user, such as
        /// `+43 •••67` or `a•••@example.org`.
        pub fn destination_hint(&self) -> String {
            let $this = self;
            $crate::Contact::from($contact).hint()
        }
    };
}
pub(crate) use sent_code_methods;

/// How long a code can be confirmed.
pub(crate) const CODE_TIME_TO_LIVE: Duration = Duration::from_secs(15 * 60);

//! Fynd Commerce storefront: the User API of one sales channel.
//!
//! A shopper signs in with a code that is sent to their mobile. A number that the sales channel
//! does not know yet has to complete a profile first. There are no tokens: a [`Session`] is a set
//! of cookies of its own, and the client attaches, keeps and forgets them. Every request carries
//! the application's credential and a signature; [`sign`] shows how that is made.
//!
//! ```no_run
//! # async fn example() -> Result<(), vestibule::Error> {
//! use vestibule::fynd::{Client, SignIn};
//!
//! let client = Client::builder("64b000000000000000000001", "the application's token").build()?;
//! let pending = client.otp_sign_in("9000000001", "+91").send_code().await?;
//! let session = match pending.confirm("1234").await? {
//!     SignIn::SignedIn(session) => session,
//!     SignIn::ProfileRequired(profile) => profile.complete("Asha", "Rao").await?,
//! };
//! println!("{:?}", session.user().await?.active);
//! # Ok(())
//! # }
//! ```

mod client;
mod otp_sign_in;
mod pending_code;
mod profile;
mod refusal;
mod rules;
mod session;
mod settings;
mod signature;
mod unfinished;

pub use self::client::{Challenge, Client, ClientBuilder};
pub use self::otp_sign_in::OtpSignIn;
pub use self::pending_code::{PendingCode, SignIn};
pub use self::profile::CompleteProfile;
pub use self::refusal::Refusal;
pub use self::session::Session;
pub use self::signature::{SignatureInput, sign};

/// Every described call, typed.
pub mod api {
    pub use crate::generated::fynd::{Client as Api, builder, enums, types};
}

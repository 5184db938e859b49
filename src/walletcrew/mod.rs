//! The Wallet Crew: customer accounts of a tenant, and the tokens that speak for customers.
//!
//! Accounts are free-form: every tenant decides which members they have, so the caller's own types
//! go in and come out. There is no refresh: a session ends with its token, after 24 hours, with
//! [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain); authenticate again then, or let
//! [`ClientBuilder::authenticate_again`] do it before.
//!
//! ```no_run
//! # async fn example() -> Result<(), vestibule::Error> {
//! use serde_json::json;
//! use vestibule::walletcrew::{Client, Saved};
//!
//! let client = Client::builder("https://app.neostore.cloud", "demo-tenant").build()?;
//! let account = json!({"email": "ada@example.com", "firstName": "Ada"});
//! let login = json!({"identifier": "ada@example.com", "code": "123456"});
//! let session = match client.customer(&account).flow("activation").save().await? {
//!     Saved::Done(_) => client.authenticate("otp", &login).await?,
//!     Saved::ChallengeIssued(challenge) => challenge.authenticate("otp", &login).await?,
//! };
//! let profile: serde_json::Value = session.profile().await?;
//! println!("{}", profile["firstName"]);
//! # Ok(())
//! # }
//! ```

mod account;
mod client;
mod code_sign_in;
mod reauthentication;
mod refusal;
mod rules;
mod session;
mod sign_in;
mod verification;

pub use self::account::{Account, Saved};
pub use self::client::{Client, ClientBuilder};
pub use self::code_sign_in::FlowSignIn;
pub use self::reauthentication::{EndingToken, Login, NextLogin};
pub use self::refusal::{Reason, Refusal};
pub use self::session::Session;
pub use self::verification::Challenge;

/// Every described call of The Wallet Crew, typed.
pub mod api {
    pub use crate::generated::walletcrew::{Client as Api, builder, types};
}

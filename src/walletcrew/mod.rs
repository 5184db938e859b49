//! The Wallet Crew: the customer accounts of a tenant, and tokens that authenticate customers.
//!
//! Accounts are free-form: each tenant defines their members, so the calls take and return types of
//! the caller. Tokens cannot be refreshed: a session ends with its token, after 24 hours, with
//! [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated). Then authenticate again, or let
//! [`ClientBuilder::authenticate_again`] do it before.
//!
//! | to do | flow |
//! |---|---|
//! | create or change an account | [`Client::customer`] -> [`Account`] -> [`Saved`] |
//! | the same with a flow | [`Account::flow`] -> [`Challenge::confirm`] by a code, [`Challenge::send_again`] after a link |
//! | sign in | [`Client::sign_in_with_provider`] by any provider, [`Client::sign_in_with_login`] without provider or data |
//! | sign in by a code, with the trait of all systems | [`Client::code_sign_in`] |
//! | keep a session beyond its token | [`ClientBuilder::authenticate_again`] |
//! | profile | [`Session::profile`] |
//! | claims of the token | [`Session::claims`] |
//! | sign out | [`Session::sign_out`] |
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # let mock = vestibule::testing::WalletCrew::start().await;
//! # let code = || mock.outbox().last_code("ada@example.com").unwrap();
//! # let url = mock.base_url();
//! use serde_json::json;
//! use vestibule::walletcrew::{Client, Saved};
//!
//! let client = Client::builder(url).tenant("demo-tenant").build()?;
//! let account = json!({"email": "ada@example.com", "firstName": "Ada"});
//! let Saved::ChallengeIssued(challenge) = client.customer(&account).flow("activation").send().await?
//! else {
//!     panic!("this tenant's activation challenges the customer");
//! };
//! let login = json!({"identifier": "ada@example.com", "code": code()});
//! let session = challenge.confirm("otp", &login).await?;
//! let profile: serde_json::Value = session.profile().await?;
//! assert_eq!(profile["firstName"], "Ada");
//! # Ok(())
//! # }
//! ```
//!
#![doc = include_str!("pitfalls.md")]

mod account;
mod api_error;
mod client;
mod code_sign_in;
mod login;
mod reauthentication;
mod rules;
mod session;
mod verification;

pub use self::account::{Account, Saved};
pub use self::api_error::{ApiError, ErrorReason};
pub use self::client::{Client, ClientBuilder};
pub use self::code_sign_in::FlowSignIn;
pub use self::login::Login;
pub use self::reauthentication::{EndingToken, NextLogin};
pub use self::session::Session;
pub use self::verification::Challenge;

/// The documented operations of The Wallet Crew, typed.
pub mod api {
    pub use crate::generated::walletcrew::{Client as Api, builder, types};
}

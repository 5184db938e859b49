//! GoodCity: sign-in by a pin of four digits that is sent by SMS.
//!
//! The server returns a key with each pin, and only the newest key is valid. [`PendingCode`] keeps
//! it, so that callers do not handle keys. Tokens cannot be refreshed: a session ends with its
//! token, and the user signs in by pin again.
//!
//! | to do | flow |
//! |---|---|
//! | sign in | [`Client::sign_in_with_pin`] -> [`PendingCode`] |
//! | sign up | [`Client::sign_up`] -> [`PendingCode`] |
//! | another pin | [`PendingCode::resend`] |
//! | sign in again | [`Session::sign_in_with_pin`] |
//! | profile | [`Session::profile`] |
//! | push messages | [`Session::update_device`] |
//! | sign out | [`Session::sign_out`] |
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # let mock = vestibule::testing::GoodCity::start().await;
//! # let pin = || mock.outbox().last_code("+85261234567").unwrap();
//! # let url = mock.base_url();
//! use vestibule::Phone;
//! use vestibule::goodcity::Client;
//!
//! let client = Client::builder(url).app_name("app").language("zh-tw").build()?;
//! let phone = Phone::parse("+852 6123 4567")?;
//! let sign_up = client.sign_up(&phone).first_name("Ada").last_name("Wong").district_id("1");
//! let pending = sign_up.send().await?;
//! let signed_in = match pending.confirm("0042").await {
//!     Ok(signed_in) => signed_in,
//!     // The user mistyped: the challenge is still open.
//!     Err(returned) => returned.state.confirm(pin()).await?,
//! };
//! signed_in.session.update_device("a device handle of the push service", "fcm").await?;
//! # assert_eq!(mock.count("register_device"), 1);
//! # Ok(())
//! # }
//! ```
//!
#![doc = include_str!("pitfalls.md")]

mod api_error;
mod client;
mod code_sign_in;
mod language;
mod mobile;
mod pin_sign_in;
mod rules;
mod session;
mod sign_up;

pub use self::api_error::{ApiError, ErrorShape};
pub use self::client::{Client, ClientBuilder};
pub use self::mobile::MobileRule;
pub use self::pin_sign_in::{PendingCode, SignedIn};
pub use self::session::Session;
pub use self::sign_up::SignUp;

/// The documented operations of GoodCity, typed.
pub mod api {
    pub use crate::generated::goodcity::{Client as Api, builder, enums, types};
}

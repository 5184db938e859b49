//! Fynd Commerce storefront: the User API of one sales channel.
//!
//! Every way to sign in gives a [`SignIn`]: the session, or the step that comes first, a profile to
//! complete or codes to confirm.
//!
//! | to do | flow |
//! |---|---|
//! | sign in by a code | [`Client::otp_sign_in`], [`Client::email_sign_in`] -> [`PendingCode`], [`PendingCode::resend`] |
//! | sign in without a code | [`Client::password_sign_in`], [`Client::token_sign_in`], [`Client::social_sign_in`] |
//! | register | [`Client::registration`] -> [`RemainingCodes`]; [`CompleteProfile::complete`] |
//! | forgotten password | by a code [`Client::forgotten_password`] -> [`NewPassword`]; by a link [`Client::send_password_link`], [`Client::password_link`] |
//! | password | [`Session::has_password`], [`Session::change_password`] |
//! | contacts | [`Session::contacts`], [`Session::add_contact`], [`Session::send_verification_link`], [`Session::make_primary`], [`Session::delete_contact`] |
//! | codes from links | [`Client::verify_mobile_link`], [`Client::verify_email_link`] |
//! | profile | [`Session::user`], [`Session::change_profile`], [`Session::attributes`], [`Session::change_attributes`] |
//! | look up users and settings | [`Client::user_exists`], [`Client::platform_config`] |
//! | sessions | [`Session::active_sessions`], [`Session::sign_out`] |
//! | delete the account | [`Client::deletion_terms`], [`Session::deletion`] -> [`PendingDeletion`] |
//!
//! There are no tokens: each [`Session`] has its own cookie jar, which the client maintains. Every
//! request carries the credential of the application and a signature; [`sign`] computes it.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # let mock = vestibule::testing::Fynd::start().await;
//! # let url = mock.base_url();
//! # let code = || mock.outbox().last_code("+919000000001").unwrap();
//! use vestibule::fynd::{Client, SignIn};
//!
//! let application = "64b000000000000000000001";
//! let client = Client::builder(application, "the application's token").base_url(url).build()?;
//! let pending = client.otp_sign_in("9000000001", "+91").send_code().await?;
//! let signed_in = match pending.confirm(code()).await? {
//!     SignIn::ProfileRequired(profile) => profile.complete("Asha", "Rao").await?,
//!     signed_in => signed_in,
//! };
//! if let SignIn::SignedIn(session) = &signed_in {
//!     assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
//! }
//! # assert!(matches!(signed_in, SignIn::SignedIn(_)));
//! # Ok(())
//! # }
//! ```
//!
#![doc = include_str!("pitfalls.md")]

mod account;
mod api_error;
mod challenge;
mod client;
mod code_sign_in;
mod codes;
mod contact;
mod deletion;
mod direct_sign_in;
mod keys;
mod otp_sign_in;
mod own_contacts;
mod partial_session;
mod password_code;
mod password_link;
mod pending_code;
mod platform;
mod registration;
mod rules;
mod sent_code;
mod session;
mod sign_in;
mod signature;
mod social;
mod unconfirmed_codes;

pub use self::account::ProfileChange;
pub use self::api_error::ApiError;
pub use self::challenge::Challenge;
pub use self::client::{Client, ClientBuilder};
pub use self::contact::{Contact, OwnContact};
pub use self::deletion::{Deletion, PendingDeletion};
pub use self::otp_sign_in::OtpSignIn;
pub use self::password_code::{ForgottenPassword, NewPassword, PasswordCode};
pub use self::password_link::PasswordLink;
pub use self::pending_code::PendingCode;
pub use self::platform::{DeletionTerms, Reason};
pub use self::registration::Registration;
pub use self::session::Session;
pub use self::sign_in::{CompleteProfile, RemainingCodes, SignIn};
pub use self::signature::{SignatureInput, sign};
pub use self::social::SocialSignIn;

/// The documented operations, typed.
pub mod api {
    pub use crate::generated::fynd::{Client as Api, builder, enums, types};
}

//! Fynd Commerce storefront: the User API of one sales channel.
//!
//! Every way to sign in gives a [`SignIn`]: the session, or the step that comes first, a profile to
//! complete or codes to confirm.
//!
//! | to do | flow |
//! |---|---|
//! | sign in by a code | [`Client::sign_in_with_phone_code`], [`Client::sign_in_with_email_code`] -> [`PendingCode`], [`PendingCode::resend`] |
//! | sign in without a code | [`Client::sign_in_with_password`], [`Client::sign_in_with_token`], [`Client::sign_in_with_social`] |
//! | register | [`Client::sign_up`] -> [`PendingCodes`]; [`CompleteProfile::send`] |
//! | forgotten password | by a code [`Client::reset_password_by_code`] -> [`PasswordReset`]; by a link [`Client::reset_password_by_link`], [`Client::reset_password_by_link_with_captcha`], [`Client::password_link`] |
//! | password | [`Session::has_password`], [`Session::update_password`] |
//! | contacts | [`Session::contacts`], [`Session::add_contact`], [`Session::add_phone_by_code`], [`Session::request_verification_link`], [`Session::update_primary_contact`], [`Session::delete_contact`] |
//! | codes from links | [`Client::verify_phone_link`], [`Client::verify_email_link`] |
//! | profile | [`Session::profile`], [`Session::update_profile`] -> [`PendingCodes`], [`Session::attributes`], [`Session::attributes_of_slug`], [`Session::update_attributes`] |
//! | look up users and settings | [`Client::user_exists`], [`Client::platform_config`], [`Client::platform_config_of`] |
//! | sessions | [`Session::active_sessions`], [`Session::sign_out`] |
//! | delete the account | [`Client::deletion_terms`], [`Client::deletion_terms_of`], [`Session::request_deletion`] -> [`PendingDeletion`] |
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
//! let client = Client::builder(application).application_token("the application's token").base_url(url).build()?;
//! let pending = client.sign_in_with_phone_code(&"+919000000001".parse()?).send().await?;
//! let signed_in = match pending.confirm(code()).await? {
//!     SignIn::ProfileRequired(profile) => profile.first_name("Asha").last_name("Rao").send().await?,
//!     signed_in => signed_in,
//! };
//! if let SignIn::SignedIn(session) = &signed_in {
//!     assert_eq!(session.profile().await?.first_name.as_deref(), Some("Asha"));
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
mod complete_profile;
mod contact;
mod deletion;
mod direct_sign_in;
mod keys;
mod other_spelling;
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
mod user_status;

pub use self::account::{ProfileChange, ProfileUpdate};
pub use self::api_error::ApiError;
pub use self::challenge::Challenge;
pub use self::client::{Client, ClientBuilder};
pub use self::complete_profile::CompleteProfile;
pub use self::contact::OwnContact;
pub use self::deletion::{Deletion, PendingDeletion};
pub use self::otp_sign_in::OtpSignIn;
pub use self::password_code::{PasswordReset, PendingResetCode, ResetPasswordByCode};
pub use self::password_link::PasswordLink;
pub use self::pending_code::PendingCode;
pub use self::platform::{DeletionReason, DeletionTerms};
pub use self::registration::SignUp;
pub use self::session::Session;
pub use self::sign_in::{PendingCodes, SignIn};
pub use self::signature::{SignatureInput, sign};
pub use self::social::SocialSignIn;

/// The documented operations, typed.
pub mod api {
    pub use crate::generated::fynd::{Client as Api, builder, enums, types};
}

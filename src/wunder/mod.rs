//! Wunder Mobility (goUrban): the Authentication API and the User API.
//!
//! Every way to sign in gives a [`SignIn`]: a [`Session`], or [`MfaRequired`] if the server
//! requires a second factor first.
//!
//! | to do | flow |
//! |---|---|
//! | sign in by a code | [`Client::sign_in_with_phone_code`], [`Client::sign_in_with_email_code`] -> [`PendingCode`] |
//! | sign in by a code, with the trait of all systems | [`Client::at_branch`] |
//! | find the branch | [`Client::branch`], [`Session::branch`] |
//! | sign in without a code | [`Client::sign_in_with_password`], [`Client::sign_in_with_social`], [`Client::sign_in_with_gaiyo`], [`Client::sign_in_with_api_client`] |
//! | act for a user | [`Session::impersonate`] |
//! | second factor | [`MfaRequired::confirm`]; set up by [`Session::request_mfa_enrolment`] or [`MfaRequired::request_mfa_enrolment`] -> [`MfaEnrolment`] |
//! | exchange a token | [`Session::request_openid_token`] |
//! | register | [`Client::sign_up`], [`Client::sign_up_with_social`] |
//! | password reset | [`Client::reset_password_by_code`] -> [`PendingResetCode`]; from a link [`Client::set_password`] |
//! | verify | [`Session::verify_phone`] -> [`PhoneVerification`], [`Client::resend_email_verification`], [`Session::verify_identity`] |
//! | profile | [`Session::profile`], [`Session::update_profile`], [`Session::request_deletion`], [`Session::identity_cards`] |
//! | signed profile | [`Session::signed_profile`], checked by `SignedProfileVerifier` (feature `signed-profile`) |
//! | terms | [`Client::terms_by_id`], [`Client::terms`], [`Session::terms_by_id`], [`Session::terms`], [`Session::accept_terms`], [`Session::accepted_terms`], [`Session::outstanding_terms`] |
//! | remaining steps | [`Session::onboarding`]; the step that an error requires, [`Step::of`] |
//! | sign out | [`Session::sign_out`] |
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), vestibule::Error> {
//! # let mock = vestibule::testing::Wunder::start().await;
//! # let url = mock.base_url();
//! # let key = vestibule::testing::Wunder::SIGNING_KEY;
//! # let code = || mock.outbox().last_code("+43123456789").unwrap();
//! use vestibule::Phone;
//! use vestibule::wunder::{Client, SignIn};
//!
//! let client = Client::builder(url).tenant("mytenant").signing_key(key).build()?;
//! let branch = client.branch(48.2, 16.4).await?;
//! let phone = Phone::parse("+43 123456789")?;
//! let sign_in = client.sign_in_with_phone_code(&phone).branch_id(branch.id());
//! let pending = sign_in.send().await?;
//! let session = match pending.confirm(code()).await? {
//!     SignIn::SignedIn(session) => session,
//!     SignIn::MfaRequired(mfa) => mfa.confirm("654321").await?,
//! };
//! assert_eq!(session.profile().await?.phone_is_verified, Some(true));
//! # Ok(())
//! # }
//! ```
//!
#![doc = include_str!("pitfalls.md")]

mod api_error;
mod branch;
mod branch_sign_in;
mod challenge;
mod client;
mod code_sign_in;
mod lists;
mod mfa;
mod mfa_enrolment;
mod onboarding;
mod pages;
mod password_reset;
mod pending_code;
mod phone_verification;
mod profile;
mod refresh;
mod registration;
mod rules;
mod session;
mod sign_in;
mod signature;
mod signed_profile;
#[cfg(feature = "signed-profile")]
mod signed_profile_verifier;
mod terms;
mod verification;

pub use self::api_error::{ApiError, ErrorFamily};
pub use self::branch::Branch;
pub use self::branch_sign_in::BranchSignIn;
pub use self::challenge::Challenge;
pub use self::client::{Client, ClientBuilder};
pub use self::code_sign_in::{EmailCodeSignIn, PhoneCodeSignIn};
pub use self::lists::TermsScope;
pub use self::mfa::MfaRequired;
pub use self::mfa_enrolment::{MfaEnrolment, QrPicture};
pub use self::onboarding::{Onboarding, OnboardingCheck, Step};
pub use self::pages::{Page, Pages};
pub use self::password_reset::PendingResetCode;
pub use self::pending_code::PendingCode;
pub use self::phone_verification::PhoneVerification;
pub use self::profile::ProfileChange;
pub use self::registration::SignUp;
pub use self::session::Session;
pub use self::sign_in::SignIn;
pub use self::signature::{BootstrapSignature, Sha256Hex, SignatureError, SignatureInput};
pub use self::signed_profile::SignedProfile;
#[cfg(feature = "signed-profile")]
pub use self::signed_profile_verifier::{SignedProfileVerifier, SigningAlgorithm};
pub use self::terms::{OutstandingReason, OutstandingTerms, outstanding_terms};

/// The documented operations of the Authentication API, typed.
pub mod auth_api {
    pub use crate::generated::wunder_auth::{Client as AuthApi, builder, enums, types};
}

/// The documented operations of the User API, typed.
pub mod user_api {
    pub use crate::generated::wunder_user::{Client as UserApi, builder, enums, types};
}

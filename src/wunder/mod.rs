//! Wunder Mobility (goUrban): the Authentication API and the User API.
//!
//! A user signs in with a code that is sent by SMS. The server may ask for a second factor; until
//! that is done there is no [`Session`].
//!
//! ```no_run
//! # async fn example() -> Result<(), vestibule::Error> {
//! use vestibule::wunder::{Client, SignIn};
//!
//! let client = Client::builder("https://go.api.gourban.services/v1", "mytenant")
//!     .signature_key("the key of the tenant")
//!     .build()?;
//! let branch = client.resolve_branch(48.2, 16.4).await?;
//! let pending = client.phone_sign_in("+43123456789", branch.id()).send_code().await?;
//! let session = match pending.confirm("123456").await? {
//!     SignIn::SignedIn(session) => session,
//!     SignIn::MfaRequired(mfa) => mfa.validate("654321").await?,
//! };
//! println!("{:?}", session.profile().await?.email_is_verified);
//! # Ok(())
//! # }
//! ```

mod branch;
mod client;
mod code_sign_in;
mod contact;
mod lists;
mod mfa;
mod mfa_enrolment;
mod onboarding;
mod pages;
mod password_reset;
mod pending_code;
mod phone_verification;
mod profile;
mod refusal;
mod registration;
mod renewal;
mod rules;
mod session;
mod sign_in;
mod signature;
mod signed_profile;
mod terms;
mod verification;

pub use self::branch::Branch;
pub use self::client::{Challenge, Client, ClientBuilder};
pub use self::code_sign_in::{EmailCodeSignIn, PhoneSignIn};
pub use self::contact::{Contact, check_email, check_phone};
pub use self::lists::TermsOf;
pub use self::mfa::MfaRequired;
pub use self::mfa_enrolment::{MfaEnrolment, QrPicture};
pub use self::onboarding::{Onboarding, OnboardingCheck, Step};
pub use self::pages::{Page, Pages};
pub use self::password_reset::PasswordReset;
pub use self::pending_code::PendingCode;
pub use self::phone_verification::PhoneVerification;
pub use self::profile::ProfileChange;
pub use self::refusal::{Family, Refusal};
pub use self::registration::Registration;
pub use self::session::Session;
pub use self::sign_in::SignIn;
pub use self::signature::{BootstrapSignature, Sha256Hex, SignatureInput};
pub use self::signed_profile::{SignedProfile, SignedProfileVerifier, SigningAlgorithm};
pub use self::terms::{Outstanding, OutstandingTerms, outstanding_terms};

/// Every described call of the Authentication API, typed.
pub mod auth_api {
    pub use crate::generated::wunder_auth::{Client as AuthApi, builder, enums, types};
}

/// Every described call of the User API, typed.
pub mod user_api {
    pub use crate::generated::wunder_user::{Client as UserApi, builder, enums, types};
}

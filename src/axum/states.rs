//! The progress that each state of a sign-in is.

use super::progress::SignInProgress;
use crate::code_sign_in::{CodeChallenge, Confirmed, OwnStep};
use crate::session::Session;

/// Implements the conversion for types with a method `id`.
macro_rules! progress_of {
    ($variant:ident: $($(#[$cfg:meta])? $state:ty),+ $(,)?) => {
        $($(#[$cfg])?
        impl From<&$state> for SignInProgress {
            fn from(state: &$state) -> Self {
                Self::$variant(state.id().clone())
            }
        })+
    };
}

progress_of! {
    Challenge:
    dyn CodeChallenge,
    #[cfg(feature = "wunder")] crate::wunder::PendingCode,
    #[cfg(feature = "walletcrew")] crate::walletcrew::Challenge,
    #[cfg(feature = "goodcity")] crate::goodcity::PendingCode,
    #[cfg(feature = "fynd")] crate::fynd::PendingCode,
    #[cfg(feature = "fynd")] crate::fynd::PendingResetCode,
}

progress_of! {
    NextStep:
    OwnStep,
    #[cfg(feature = "wunder")] crate::wunder::MfaRequired,
    #[cfg(feature = "fynd")] crate::fynd::PendingCodes,
    #[cfg(feature = "fynd")] crate::fynd::CompleteProfile,
    #[cfg(feature = "fynd")] crate::fynd::PasswordReset,
}

progress_of! {
    SignedIn:
    Session,
    #[cfg(feature = "wunder")] crate::wunder::Session,
    #[cfg(feature = "walletcrew")] crate::walletcrew::Session,
    #[cfg(feature = "goodcity")] crate::goodcity::Session,
    #[cfg(feature = "fynd")] crate::fynd::Session,
}

impl From<&Box<dyn CodeChallenge>> for SignInProgress {
    fn from(challenge: &Box<dyn CodeChallenge>) -> Self {
        Self::from(&**challenge)
    }
}

impl From<&Confirmed> for SignInProgress {
    fn from(confirmed: &Confirmed) -> Self {
        match confirmed {
            Confirmed::SignedIn(session) => Self::from(session),
            Confirmed::SecondFactor(challenge) => Self::NextStep(challenge.id().clone()),
            Confirmed::OwnStep(step) => Self::from(step),
        }
    }
}

#[cfg(feature = "wunder")]
impl From<&crate::wunder::SignIn> for SignInProgress {
    fn from(sign_in: &crate::wunder::SignIn) -> Self {
        match sign_in {
            crate::wunder::SignIn::SignedIn(session) => Self::from(session),
            crate::wunder::SignIn::MfaRequired(mfa) => Self::from(mfa),
        }
    }
}

#[cfg(feature = "goodcity")]
impl From<&crate::goodcity::SignedIn> for SignInProgress {
    fn from(signed_in: &crate::goodcity::SignedIn) -> Self {
        Self::from(&signed_in.session)
    }
}

/// A user with a session is signed in, also while codes of new contacts are open.
#[cfg(feature = "fynd")]
impl From<&crate::fynd::SignIn> for SignInProgress {
    fn from(sign_in: &crate::fynd::SignIn) -> Self {
        use crate::fynd::SignIn;
        match sign_in {
            SignIn::SignedIn(session) | SignIn::SignedInWithCodes(session, _) => {
                Self::from(session)
            }
            SignIn::ProfileRequired(profile) => Self::from(profile),
            SignIn::CodesRequired(codes) => Self::from(codes),
        }
    }
}

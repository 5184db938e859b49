//! What the extractors need of the client of a system.

use std::sync::Arc;

use crate::clock::BoxFuture;
use crate::code_sign_in::{CodeChallenge, CodeSignIn};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::Session;

/// A client whose sessions and challenges the extractors resume: the client of each system, and
/// `Arc<dyn CodeSignIn>` for [sign-in by a code](crate::code_sign_in) of any of them. It is sealed.
pub trait SystemClient: sealed::Sealed + Clone + Send + Sync {
    /// A signed-in user.
    type Session: Send + Sync + 'static;

    /// A sign-in that waits for the user.
    type Challenge: Send + Sync + 'static;

    /// Returns the system of the client.
    fn system(&self) -> System;

    /// Resumes a challenge by its id; sends nothing.
    ///
    /// # Errors
    ///
    /// Those of `resume_challenge` of the client.
    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Self::Challenge, Error>>;

    /// Resumes a session by its id; sends nothing.
    ///
    /// # Errors
    ///
    /// Those of `resume_session` of the client.
    fn resume_session<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<Self::Session, Error>>;

    /// Signs a session out.
    ///
    /// # Errors
    ///
    /// Those of `sign_out` of the session.
    fn sign_out(&self, session: Self::Session) -> BoxFuture<'_, Result<(), Error>>;
}

mod sealed {
    pub trait Sealed {}
}

/// Implements the trait for the client of one system by its methods of the same names.
macro_rules! system_client {
    ($feature:literal, $module:ident, $system:ident, $challenge:ident) => {
        #[cfg(feature = $feature)]
        impl sealed::Sealed for crate::$module::Client {}

        #[cfg(feature = $feature)]
        impl SystemClient for crate::$module::Client {
            type Session = crate::$module::Session;
            type Challenge = crate::$module::$challenge;

            fn system(&self) -> System {
                System::$system
            }

            fn resume_challenge<'a>(
                &'a self,
                id: &'a Secret,
            ) -> BoxFuture<'a, Result<Self::Challenge, Error>> {
                Box::pin(crate::$module::Client::resume_challenge(self, id))
            }

            fn resume_session<'a>(
                &'a self,
                id: &'a Secret,
            ) -> BoxFuture<'a, Result<Self::Session, Error>> {
                Box::pin(crate::$module::Client::resume_session(self, id))
            }

            fn sign_out(&self, session: Self::Session) -> BoxFuture<'_, Result<(), Error>> {
                Box::pin(session.sign_out())
            }
        }
    };
}

system_client!("wunder", wunder, Wunder, Challenge);
system_client!("walletcrew", walletcrew, WalletCrew, Challenge);
system_client!("goodcity", goodcity, GoodCity, PendingCode);
system_client!("fynd", fynd, Fynd, Challenge);

impl sealed::Sealed for Arc<dyn CodeSignIn + '_> {}

// For any lifetime: the compiler does not see that the one in the future of a handler is `'static`.
impl SystemClient for Arc<dyn CodeSignIn + '_> {
    type Session = Session;
    type Challenge = Box<dyn CodeChallenge>;

    fn system(&self) -> System {
        CodeSignIn::system(&**self)
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Self::Challenge, Error>> {
        CodeSignIn::resume_challenge(&**self, id)
    }

    fn resume_session<'a>(&'a self, id: &'a Secret) -> BoxFuture<'a, Result<Self::Session, Error>> {
        CodeSignIn::resume_session(&**self, id)
    }

    fn sign_out(&self, session: Self::Session) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move { CodeSignIn::sign_out(&**self, session.id()).await })
    }
}

//! What the systems share to speak this vocabulary.

use super::CodeChallenge;
use crate::challenge::StepError;
use crate::error::{Error, ErrorKind, System};

/// The system has no such thing.
pub(crate) fn not_offered(system: System, what: &'static str) -> Error {
    Error::new(ErrorKind::NotOffered, what).of(system)
}

/// A state that comes back, as a challenge of whatever system.
pub(crate) fn boxed<S: CodeChallenge + 'static>(
    returned: StepError<S>,
) -> StepError<Box<dyn CodeChallenge>> {
    StepError::new(Box::new(returned.state), returned.error)
}

/// The two steps of [`CodeSignIn`] that are the same for all clients.
macro_rules! sessions_of {
    ($($client:tt)+) => {
        fn session<'a>(
            &'a self,
            id: &'a $crate::Secret,
        ) -> $crate::BoxFuture<'a, Result<$crate::session::Session, $crate::Error>> {
            ::std::boxed::Box::pin(async move {
                let session = $($client)+(self).session(id).await?;
                Ok(session.shared().clone())
            })
        }

        fn sign_out<'a>(
            &'a self,
            id: &'a $crate::Secret,
        ) -> $crate::BoxFuture<'a, Result<(), $crate::Error>> {
            ::std::boxed::Box::pin(async move {
                $($client)+(self).session(id).await?.sign_out().await
            })
        }
    };
}

/// The steps of [`CodeChallenge`] that are the same for all states over an open challenge.
macro_rules! open_challenge {
    () => {
        fn system(&self) -> $crate::System {
            self.open.system()
        }

        fn id(&self) -> &$crate::Secret {
            self.open.id()
        }

        fn expires_at(&self) -> ::chrono::DateTime<::chrono::Utc> {
            self.open.expires_at()
        }
    };
}

/// The further steps of [`CodeChallenge`] that are the same where a message was sent.
macro_rules! message_challenge {
    () => {
        fn awaits(&self) -> $crate::code_sign_in::Awaited {
            $crate::code_sign_in::Awaited::Message
        }

        fn resend_timer(&self) -> ::std::option::Option<&$crate::challenge::ResendTimer> {
            ::std::option::Option::Some(self.open.timer())
        }

        fn resend(&mut self) -> $crate::BoxFuture<'_, Result<(), $crate::Error>> {
            ::std::boxed::Box::pin(Self::resend(self))
        }
    };
}

pub(crate) use {message_challenge, open_challenge, sessions_of};

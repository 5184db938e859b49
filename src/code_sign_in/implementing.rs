//! Shared parts of the implementations for the systems.

use super::CodeChallenge;
use crate::challenge::StepError;
use crate::error::{Error, ErrorKind, System};

/// The error for a feature that the system lacks.
pub(crate) fn unsupported(system: System, what: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, what).of(system)
}

/// A session that has ended, or whose record is gone, is signed out.
pub(crate) fn unless_ended(error: Error) -> Result<(), Error> {
    match error.kind() {
        ErrorKind::Unauthenticated => Ok(()),
        _ => Err(error),
    }
}

/// Boxes the state of a failed step.
pub(crate) fn boxed<S: CodeChallenge + 'static>(
    failed: StepError<S>,
) -> StepError<Box<dyn CodeChallenge>> {
    StepError::new(Box::new(failed.state), failed.error)
}

/// The methods of `CodeSignIn` that are the same for all clients.
macro_rules! session_methods {
    ($($client:tt)+) => {
        fn resume_session<'a>(
            &'a self,
            id: &'a $crate::Secret,
        ) -> $crate::BoxFuture<'a, Result<$crate::session::Session, $crate::Error>> {
            ::std::boxed::Box::pin(async move {
                let session = $($client)+(self).resume_session(id).await?;
                Ok(session.shared().clone())
            })
        }

        fn sign_out<'a>(
            &'a self,
            id: &'a $crate::Secret,
        ) -> $crate::BoxFuture<'a, Result<(), $crate::Error>> {
            ::std::boxed::Box::pin(async move {
                match $($client)+(self).resume_session(id).await {
                    Ok(session) => session.sign_out().await,
                    Err(error) => $crate::code_sign_in::unless_ended(error),
                }
            })
        }
    };
}

/// The methods of `CodeChallenge` that are the same for all states with an `ActiveChallenge`.
macro_rules! challenge_methods {
    () => {
        fn system(&self) -> $crate::System {
            self.challenge.system()
        }

        fn id(&self) -> &$crate::Secret {
            self.challenge.id()
        }

        fn expires_at(&self) -> ::chrono::DateTime<::chrono::Utc> {
            self.challenge.expires_at()
        }
    };
}

/// The further methods of `CodeChallenge` that are the same where a message was sent.
macro_rules! message_methods {
    () => {
        fn awaits(&self) -> $crate::code_sign_in::Awaited {
            $crate::code_sign_in::Awaited::Message
        }

        fn resend_timer(&self) -> ::std::option::Option<&$crate::challenge::ResendTimer> {
            ::std::option::Option::Some(self.challenge.timer())
        }

        fn resend(&mut self) -> $crate::BoxFuture<'_, Result<(), $crate::Error>> {
            ::std::boxed::Box::pin(Self::resend(self))
        }
    };
}

pub(crate) use {challenge_methods, message_methods, session_methods};

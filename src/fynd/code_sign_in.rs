//! Implementation of [`code_sign_in`](crate::code_sign_in) by one-time passwords.

use super::challenge::Challenge;
use super::client::Client;
use super::otp_sign_in::OtpSignIn;
use super::pending_code::PendingCode;
use super::sign_in::SignIn;
use crate::challenge::StepError;
use crate::clock::BoxFuture;
use crate::code_sign_in::{
    CodeChallenge, CodeSignIn, Confirmed, OwnStep, boxed, challenge_methods, message_methods,
    session_methods,
};
use crate::contact::{Channel, Contact};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// The code of a new user leads to [`Confirmed::OwnStep`]: the profile is completed by
/// [`CompleteProfile`](super::CompleteProfile).
impl CodeSignIn for Client {
    fn system(&self) -> System {
        System::Fynd
    }

    fn offers(&self, channel: Channel) -> bool {
        matches!(channel, Channel::Phone | Channel::Email)
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let sign_in = OtpSignIn::new(self.clone(), to.clone());
            let pending = sign_in.send().await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
        })
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            match Self::resume_challenge(self, id).await? {
                Challenge::PendingCode(pending) => Ok(Box::new(pending) as Box<dyn CodeChallenge>),
                _ => {
                    let message = "the sign-in is at a step that only Fynd has";
                    Err(Error::new(ErrorKind::StepRequired, message).of(System::Fynd))
                }
            }
        })
    }

    session_methods!(Self::clone);
}

impl CodeChallenge for PendingCode {
    challenge_methods!();
    message_methods!();

    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>> {
        Box::pin(async move {
            let own_step = |id: &Secret, what| {
                Confirmed::OwnStep(OwnStep {
                    system: System::Fynd,
                    id: id.clone(),
                    what,
                })
            };
            let confirmed = Self::confirm(*self, code).await;
            Ok(match confirmed.map_err(boxed)? {
                SignIn::SignedIn(session) | SignIn::SignedInWithCodes(session, _) => {
                    Confirmed::SignedIn(session.shared().clone())
                }
                SignIn::ProfileRequired(profile) => own_step(profile.id(), "complete the profile"),
                SignIn::CodesRequired(codes) => own_step(codes.id(), "confirm the other codes"),
            })
        })
    }
}

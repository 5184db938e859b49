//! Implementation of [`code_sign_in`](crate::code_sign_in) by pins.

use super::client::Client;
use super::pin_sign_in::PendingCode;
use crate::challenge::StepError;
use crate::clock::BoxFuture;
use crate::code_sign_in::{
    CodeChallenge, CodeSignIn, Confirmed, boxed, challenge_methods, message_methods,
    session_methods, unsupported,
};
use crate::contact::{Channel, Contact};
use crate::error::{Error, System};
use crate::secret::Secret;

/// For users who have an account. A new user starts with [`Client::sign_up`], whose [`PendingCode`]
/// is a [`CodeChallenge`] as well.
impl CodeSignIn for Client {
    fn system(&self) -> System {
        System::GoodCity
    }

    fn offers(&self, channel: Channel) -> bool {
        channel == Channel::Phone
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let Contact::Phone(phone) = to else {
                let message = "pins are sent to mobiles only";
                return Err(unsupported(System::GoodCity, message));
            };
            let pending = self.sign_in_with_pin(phone).await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
        })
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let pending = Self::resume_challenge(self, id).await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
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
            let confirmed = Self::confirm(*self, code).await;
            let signed_in = confirmed.map_err(boxed)?;
            Ok(Confirmed::SignedIn(signed_in.session.shared().clone()))
        })
    }
}

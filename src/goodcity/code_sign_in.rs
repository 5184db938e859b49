//! The pin in the words of [`code_sign_in`](crate::code_sign_in).

use super::client::Client;
use super::pin_sign_in::PendingPin;
use crate::challenge::StepError;
use crate::clock::BoxFuture;
use crate::code_sign_in::{
    Channel, CodeChallenge, CodeSignIn, Confirmed, Destination, boxed, message_challenge,
    not_offered, open_challenge, sessions_of,
};
use crate::error::{Error, System};
use crate::secret::Secret;

/// For users who have an account. A new one starts by [`Client::sign_up`], whose [`PendingPin`] is
/// a [`CodeChallenge`] as well.
impl CodeSignIn for Client {
    fn system(&self) -> System {
        System::GoodCity
    }

    fn offers(&self, channel: Channel) -> bool {
        channel == Channel::Phone
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            if !self.offers(to.channel()) {
                return Err(not_offered(System::GoodCity, "pins go to mobiles only"));
            }
            let pending = self.send_pin(to.to_text()).await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
        })
    }

    fn challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let pending = Self::challenge(self, id).await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
        })
    }

    sessions_of!(Self::clone);
}

impl CodeChallenge for PendingPin {
    open_challenge!();
    message_challenge!();

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

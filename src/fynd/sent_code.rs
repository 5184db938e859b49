//! A code that was sent, whatever it is good for: kept, sent anew, replaced.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::codes::{Purpose, Route, Sent};
use super::keys::{Keys, RESEND_AFTER};
use crate::challenge::{ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, Outcome, Owner, Step};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// What a right code does.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Aim {
    SignIn,
    NewPassword,
    Deletion(Leaving),
}

/// Who wants to be deleted, and why.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Leaving {
    /// The session that asked: nobody else's may go on with it.
    pub(super) owner: Owner,
    pub(super) user_id: String,
    pub(super) reason_id: String,
    pub(super) words: Option<String>,
}

impl Aim {
    fn purpose(&self) -> Purpose {
        match self {
            Self::NewPassword => Purpose::Password,
            Self::SignIn | Self::Deletion(_) => Purpose::SignIn,
        }
    }
}

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SentCode {
    pub(super) aim: Aim,
    pub(super) route: Route,
    pub(super) cookies: CookieJar,
    pub(super) keys: Keys,
    pub(super) register_token: Option<Secret>,
}

impl Step for SentCode {
    const KIND: &'static str = "code";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

/// Sends the first code of a challenge.
pub(super) async fn send(
    client: &Client,
    aim: Aim,
    route: Route,
) -> Result<ActiveChallenge<SentCode>, Error> {
    route.contact.check()?;
    let destination = route.contact.destination();
    let opening = FirstMessage::claim(&client.context, destination, RESEND_AFTER).await?;
    let sent = match &aim {
        Aim::SignIn => route.sign_in(client).await,
        aim => route.send(client, aim.purpose(), None, None, None).await,
    };
    match sent {
        Ok(sent) => {
            let wait = sent.keys.wait();
            let step = SentCode {
                aim,
                route,
                cookies: sent.cookies,
                keys: sent.keys,
                register_token: sent.register_token,
            };
            Ok(opening.open(step, wait).await)
        }
        Err(error) => Err(opening.failed(error).await),
    }
}

/// Sends another code, in place of the newest.
pub(super) async fn resend(
    client: &Client,
    open: &mut ActiveChallenge<SentCode>,
) -> Result<(), Error> {
    let operation = open.step.route.sending(open.step.aim.purpose());
    let wait = open.step.keys.wait();
    let claim = open.claim_resend(wait).await;
    let claim = claim.map_err(|error| error.at(System::Fynd, operation))?;
    match send_again(client, &open.step, operation).await {
        Ok(sent) => {
            let wait = sent.keys.wait();
            open.step.keys = sent.keys;
            open.step.cookies = sent.cookies;
            if sent.register_token.is_some() {
                open.step.register_token = sent.register_token;
            }
            open.sent(claim, wait).await;
            Ok(())
        }
        Err(error) => {
            if Outcome::of(&error) == Outcome::NotSent {
                open.not_sent(claim).await;
            }
            Err(error)
        }
    }
}

async fn send_again(
    client: &Client,
    step: &SentCode,
    operation: &'static str,
) -> Result<Sent, Error> {
    let token = step.keys.resend_token(operation)?.clone();
    let (purpose, cookies) = (step.aim.purpose(), Some(&step.cookies));
    let register_token = step.register_token.as_ref();
    let route = &step.route;
    route
        .send(client, purpose, cookies, Some(token), register_token)
        .await
}

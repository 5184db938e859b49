//! A code that was sent, for any purpose: its stored state, the first message and a resend.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::codes::{Announced, OtpKind, Route, Sending, Sent};
use super::keys::Keys;
use super::partial_session::PartialSession;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, Owner, SoleRecipient, Step,
};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// What the code authorizes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Purpose {
    SignIn,
    PasswordReset,
    Deletion(DeletionRequest),
}

/// The user to delete, and the reason.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct DeletionRequest {
    /// The session that requested the deletion, which alone may continue it.
    pub(super) owner: Owner,
    pub(super) user_id: String,
    pub(super) reason_id: String,
    pub(super) words: Option<String>,
}

impl Purpose {
    fn otp_kind(&self) -> OtpKind {
        match self {
            Self::PasswordReset => OtpKind::ForgotPassword,
            Self::SignIn | Self::Deletion(_) => OtpKind::SignIn,
        }
    }
}

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SentCode {
    #[serde(rename = "aim")]
    pub(super) purpose: Purpose,
    pub(super) route: Route,
    pub(super) cookies: CookieJar,
    pub(super) keys: Keys,
    pub(super) register_token: Option<Secret>,
    #[serde(default)]
    pub(super) announced: Announced,
}

impl SentCode {
    /// The token of a registration that goes with a code by e-mail: the caller's, else that of the
    /// response. A token of an open registration stays good, so that a newer one does not replace it.
    pub(super) fn token_of_email(&self) -> Option<&Secret> {
        let given = self.route.register_token.as_ref();
        given.or(self.register_token.as_ref())
    }
}

impl Step for SentCode {
    const KIND: &'static str = "code";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

/// The calls of a challenge: with the cookies of `session`, or else those of the challenge.
fn calls(client: &Client, session: Option<&Session>, cookies: &CookieJar) -> PartialSession {
    match session {
        Some(session) => PartialSession::of_session(session),
        None => PartialSession::new(client, cookies),
    }
}

/// Sends the first code of a challenge; `session` is that of a user who is signed in already.
pub(super) async fn send(
    client: &Client,
    session: Option<&Session>,
    purpose: Purpose,
    route: Route,
    captcha_code: Option<&str>,
) -> Result<ActiveChallenge<SentCode>, Error> {
    let destination = route.contact.destination();
    let wait = client.resend_wait();
    let first = FirstMessage::claim(client.context(), destination, wait).await?;
    let send = async {
        let sent = match &purpose {
            Purpose::SignIn => route.sign_in(client, captcha_code).await?,
            purpose => {
                let partial = match session {
                    Some(session) => PartialSession::of_session(session),
                    None => PartialSession::begin(client),
                };
                let sending = Sending {
                    captcha_code,
                    ..Sending::default()
                };
                route.send(partial, purpose.otp_kind(), sending).await?
            }
        };
        let wait = sent.keys.wait(client);
        let step = SentCode {
            purpose,
            route,
            cookies: sent.cookies,
            keys: sent.keys,
            register_token: sent.register_token,
            announced: sent.announced,
        };
        Ok((step, wait))
    };
    first.send(send).await
}

/// Sends another code, in place of the newest.
pub(super) async fn resend(
    client: &Client,
    session: Option<&Session>,
    challenge: &mut ActiveChallenge<SentCode>,
    captcha_code: Option<&str>,
) -> Result<(), Error> {
    let step = &challenge.step;
    let (kind, wait) = (step.purpose.otp_kind(), step.keys.wait(client));
    let operation = step.route.sending(kind);
    let send = async |step: &SentCode| {
        let route = &step.route;
        let sending = Sending {
            register_token: step.token_of_email(),
            captcha_code,
            ..Sending::default()
        };
        let calls = calls(client, session, &step.cookies);
        let sent = route.resend(calls, kind, &step.keys, sending).await?;
        let wait = sent.keys.wait(client);
        Ok((sent, wait))
    };
    let store_keys = |step: &mut SentCode, sent: &Sent| {
        step.keys = sent.keys.clone();
        step.cookies = sent.cookies.clone();
        if sent.register_token.is_some() {
            step.register_token.clone_from(&sent.register_token);
        }
    };
    let resent = challenge
        .resend(SoleRecipient, wait, send, store_keys)
        .await;
    resent.map_err(|error| error.at(System::Fynd, operation))
}

//! Codes that are not confirmed yet: to the mobile of a user, the mailbox, both or neither.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::codes::Route;
use super::complete_profile::ProfileMessages;
use super::keys::Keys;
use super::partial_session::PartialSession;
use super::session::Session;
use crate::challenge::{MessageLimit, Owner, Recipient, Requester, SendPermit, Step};
use crate::contact::Contact;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// How long the user has for all codes; a resend starts it again.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The kind of a contact; there is at most one unconfirmed contact of each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContactKind {
    Mobile,
    Email,
}

impl ContactKind {
    const ALL: [Self; 2] = [Self::Mobile, Self::Email];

    pub(super) fn matches(self, contact: &Contact) -> bool {
        matches!(
            (self, contact),
            (Self::Mobile, Contact::Phone(_)) | (Self::Email, Contact::Email(_))
        )
    }

    /// The operation that verifies its code.
    pub(super) fn verification(self) -> &'static str {
        match self {
            Self::Mobile => "verify_mobile_otp",
            Self::Email => "verify_email_otp",
        }
    }
}

/// A contact whose code was sent and is not confirmed yet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct UnconfirmedCode {
    pub(super) contact: Contact,
    pub(super) keys: Keys,
    #[serde(rename = "line")]
    pub(super) limit: MessageLimit,
}

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct UnconfirmedCodes {
    pub(super) platform: Option<String>,
    pub(super) cookies: CookieJar,
    pub(super) register_token: Option<Secret>,
    #[serde(rename = "waiting")]
    pub(super) codes: Vec<UnconfirmedCode>,
    /// How the codes are sent, for a resend.
    #[serde(default)]
    pub(super) messages: ProfileMessages,
    /// The session of a user who is signed in already, which alone may continue.
    #[serde(default)]
    pub(super) owner: Option<Owner>,
}

impl Step for UnconfirmedCodes {
    const KIND: &'static str = "remaining_codes";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
    }

    fn messages(&self) -> usize {
        self.codes.len()
    }
}

impl Recipient<UnconfirmedCodes> for ContactKind {
    fn limit<'a>(
        &self,
        step: &'a mut UnconfirmedCodes,
    ) -> Result<Option<&'a mut MessageLimit>, Error> {
        let mut codes = step.codes.iter_mut();
        let code = codes.find(|code| self.matches(&code.contact));
        let code = code.ok_or_else(no_such_code)?;
        Ok(Some(&mut code.limit))
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Email => "email",
        }
    }
}

/// The user is signed in, so that only the session may continue.
pub(super) fn of_a_session() -> Error {
    let message = "the user of these codes is signed in: resume them by the session";
    Error::new(ErrorKind::StepRequired, message).of(System::Fynd)
}

fn no_such_code() -> Error {
    let message = "no code of this kind remains to be confirmed";
    Error::new(ErrorKind::StepRequired, message).of(System::Fynd)
}

impl UnconfirmedCodes {
    pub(super) fn find(&self, kind: ContactKind) -> Result<&UnconfirmedCode, Error> {
        let mut codes = self.codes.iter();
        codes
            .find(|code| kind.matches(&code.contact))
            .ok_or_else(no_such_code)
    }

    pub(super) fn route(&self, contact: &Contact) -> Route {
        Route {
            encrypt_otp: self.messages.encrypt_otp,
            android_hash: self.messages.android_hash.clone(),
            ..Route::to(contact.clone(), self.platform.clone())
        }
    }

    /// The calls for these codes: with the cookies of `session`, or else those of the registration.
    /// Fails if the user has signed in by another handle.
    pub(super) fn calls(
        &self,
        client: &Client,
        session: Option<&Session>,
    ) -> Result<PartialSession, Error> {
        match session {
            Some(session) => Ok(PartialSession::of_session(session)),
            None if self.owner.is_some() => Err(of_a_session()),
            None => Ok(PartialSession::new(client, &self.cookies)),
        }
    }

    /// The same codes for a user who is signed in: the session has the cookies, and the registration
    /// has ended.
    pub(super) fn owned_by(mut self, session: &Session) -> Self {
        self.owner = Some(session.owner());
        self.cookies = self.cookies.cleared();
        self.register_token = None;
        self
    }
}

/// The contacts of a call that may send codes, each with the right to send it one.
pub(super) struct CodePermits(Vec<(Contact, SendPermit)>);

/// The codes that were sent, as the response of the call says.
pub(super) struct SentCodes {
    pub(super) operation: &'static str,
    pub(super) mobile: bool,
    pub(super) email: bool,
    pub(super) request_id: Option<String>,
    pub(super) resend_token: Option<Secret>,
    pub(super) resend_email_token: Option<Secret>,
    pub(super) resend_timer: Option<i64>,
    /// The contacts that the response names, for codes to contacts that the call did not name.
    pub(super) named: Vec<Contact>,
}

/// The codes that a response announces. Several generated types have its members.
macro_rules! sent_codes {
    ($operation:expr, $response:expr) => {{
        let response = $response;
        $crate::fynd::unconfirmed_codes::SentCodes {
            operation: $operation,
            mobile: response.verify_mobile_otp == Some(true),
            email: response.verify_email_otp == Some(true),
            request_id: response.request_id,
            resend_token: $crate::fynd::other_spelling::resend_token(
                response.resend_token,
                &response.extra,
            ),
            resend_email_token: response.resend_email_token,
            resend_timer: response.resend_timer,
            named: $crate::fynd::contact::named_by(
                response.country_code.as_deref(),
                response.mobile.as_deref(),
                response.email.as_deref(),
            ),
        }
    }};
}
pub(super) use sent_codes;

impl SentCodes {
    /// Whether any code was sent.
    pub(super) fn any(&self) -> bool {
        self.mobile || self.email
    }

    fn includes(&self, kind: ContactKind) -> bool {
        match kind {
            ContactKind::Mobile => self.mobile,
            ContactKind::Email => self.email,
        }
    }

    /// The keys of the code of this kind.
    fn keys(&self, kind: ContactKind) -> Result<Keys, Error> {
        match kind {
            ContactKind::Mobile => Keys::of_mobile(
                self.operation,
                self.request_id.clone(),
                self.resend_token.clone(),
                self.resend_timer,
            ),
            ContactKind::Email => Ok(Keys::of_email(
                self.resend_email_token.clone(),
                self.resend_timer,
            )),
        }
    }
}

impl CodePermits {
    pub(super) async fn claim(
        client: &Client,
        requester: Requester<'_>,
        contacts: Vec<Contact>,
    ) -> Result<Self, Error> {
        let mut permits = Vec::new();
        for contact in contacts {
            match requester
                .claim(contact.destination(), None, client.resend_wait())
                .await
            {
                Ok(permit) => permits.push((contact, permit)),
                Err(error) => {
                    for (_, permit) in permits {
                        permit.not_sent().await;
                    }
                    return Err(error);
                }
            }
        }
        Ok(Self(permits))
    }

    /// Records the failure of the call. The error carries the wait, if messages may be under way.
    pub(super) async fn failed(self, mut error: Error) -> Error {
        for (_, permit) in self.0 {
            error = permit.failed(error).await;
        }
        error
    }

    /// Records the code that a call sent to its only contact, a mobile.
    pub(super) async fn sent_to_mobile(self, client: &Client, keys: Keys) -> Vec<UnconfirmedCode> {
        let mut codes = Vec::new();
        for (contact, permit) in self.0 {
            let limit = permit.sent_to_one(keys.wait(client)).await;
            codes.push(UnconfirmedCode {
                contact,
                keys: keys.clone(),
                limit,
            });
        }
        codes
    }

    /// Records the codes that were sent. The contact of a code is the one that the call named, else
    /// the one that the response names, else the one that the user signed in with; a code to an
    /// unknown contact is left out.
    pub(super) async fn sent(
        self,
        client: &Client,
        requester: Requester<'_>,
        sent: &SentCodes,
        signed_in_with: Option<&Contact>,
    ) -> Result<Vec<UnconfirmedCode>, Error> {
        let mut codes: Vec<UnconfirmedCode> = Vec::new();
        let mut permits = self.0;
        for kind in ContactKind::ALL {
            let at = permits
                .iter()
                .position(|(contact, _)| kind.matches(contact));
            let given = at.map(|at| permits.swap_remove(at));
            let mut named = sent.named.iter().chain(signed_in_with);
            let (contact, permit) = match given {
                Some((_, permit)) if !sent.includes(kind) => {
                    permit.not_sent().await;
                    continue;
                }
                Some((contact, permit)) => (contact, Some(permit)),
                None if !sent.includes(kind) => continue,
                None => match named.find(|contact| kind.matches(contact)) {
                    Some(contact) => (contact.clone(), None),
                    None => continue,
                },
            };
            let keys = sent.keys(kind)?;
            let wait = keys.wait(client);
            let limit = match permit {
                Some(permit) => permit.sent_to_one(wait).await,
                None => requester.sent_unasked(contact.destination(), wait).await,
            };
            codes.push(UnconfirmedCode {
                contact,
                keys,
                limit,
            });
        }
        Ok(codes)
    }
}

//! The codes of a new user that are not confirmed yet: to the mobile, the mailbox, both or neither.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codes::Route;
use super::keys::{Keys, RESEND_AFTER};
use crate::challenge::{MessageLimit, Recipient, Requester, SendPermit, Step};
use crate::contact::Contact;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// How long the user has for all codes; a resend starts it again.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The kind of a contact; a registration has at most one contact of each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ContactKind {
    Mobile,
    Email,
}

impl ContactKind {
    pub(super) fn matches(self, contact: &Contact) -> bool {
        matches!(
            (self, contact),
            (Self::Mobile, Contact::Phone(_)) | (Self::Email, Contact::Email(_))
        )
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
}

impl Step for UnconfirmedCodes {
    const KIND: &'static str = "remaining_codes";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
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
        Route::to(contact.clone(), self.platform.clone())
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
}

impl CodePermits {
    pub(super) async fn claim(
        requester: Requester<'_>,
        contacts: Vec<Contact>,
    ) -> Result<Self, Error> {
        let mut permits = Vec::new();
        for contact in contacts {
            match requester
                .claim(contact.destination(), None, RESEND_AFTER)
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

    /// Records the codes that were sent. One to a contact that the call did not name is left out.
    pub(super) async fn sent(self, sent: SentCodes) -> Result<Vec<UnconfirmedCode>, Error> {
        let mut codes = Vec::new();
        for (contact, permit) in self.0 {
            let keys = match &contact {
                Contact::Phone(_) if sent.mobile => Keys::of_mobile(
                    sent.operation,
                    sent.request_id.clone(),
                    sent.resend_token.clone(),
                    sent.resend_timer,
                )?,
                Contact::Email(_) if sent.email => {
                    Keys::of_email(sent.resend_email_token.clone(), sent.resend_timer)
                }
                Contact::Phone(_) | Contact::Email(_) => {
                    permit.not_sent().await;
                    continue;
                }
            };
            let limit = permit.sent_to_one(keys.wait()).await;
            codes.push(UnconfirmedCode {
                contact,
                keys,
                limit,
            });
        }
        Ok(codes)
    }
}

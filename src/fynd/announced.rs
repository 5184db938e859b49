//! Codes that a call sends besides what it is for: to the mobile, the mailbox, both or neither.

use super::contact::Contact;
use super::keys::{Keys, RESEND_AFTER};
use super::waiting::Waiting;
use crate::challenge::{ActiveChallenge, DestinationPermit, FirstMessage, Step};
use crate::error::Error;
use crate::secret::Secret;

/// The contacts of a call, each with the right to get a message.
pub(super) struct Announced(Vec<(Contact, DestinationPermit)>);

/// What the answer says of codes.
pub(super) struct Told {
    pub(super) operation: &'static str,
    pub(super) mobile: bool,
    pub(super) email: bool,
    pub(super) request_id: Option<String>,
    pub(super) resend_token: Option<Secret>,
    pub(super) resend_email_token: Option<Secret>,
    pub(super) resend_timer: Option<i64>,
}

impl Announced {
    /// Before the first call of a challenge.
    pub(super) async fn of_opening(
        opening: &FirstMessage,
        contacts: Vec<Contact>,
    ) -> Result<Self, Error> {
        let mut announced = Self(Vec::new());
        for contact in contacts {
            let claim = opening.claim_line(contact.destination(), RESEND_AFTER);
            match claim.await {
                Ok(claim) => announced.0.push((contact, claim)),
                Err(error) => return Err(announced.given_up(error).await),
            }
        }
        Ok(announced)
    }

    /// Before a later call of a challenge.
    pub(super) async fn of_open<S: Step>(
        open: &ActiveChallenge<S>,
        contacts: Vec<Contact>,
    ) -> Result<Self, Error> {
        let mut announced = Self(Vec::new());
        for contact in contacts {
            let claim = open.claim_line(contact.destination(), RESEND_AFTER);
            match claim.await {
                Ok(claim) => announced.0.push((contact, claim)),
                Err(error) => return Err(announced.given_up(error).await),
            }
        }
        Ok(announced)
    }

    async fn given_up(self, error: Error) -> Error {
        for (_, claim) in self.0 {
            claim.not_sent().await;
        }
        error
    }

    /// The call failed.
    pub(super) async fn failed(self, error: &Error) {
        for (_, claim) in self.0 {
            claim.failed(error).await;
        }
    }

    /// The codes that were sent. One whose contact this call does not know is left out.
    pub(super) async fn sent(self, told: Told) -> Result<Vec<Waiting>, Error> {
        let mut waiting = Vec::new();
        for (contact, claim) in self.0 {
            let keys = match &contact {
                Contact::Mobile { .. } if told.mobile => Keys::of_mobile(
                    told.operation,
                    told.request_id.clone(),
                    told.resend_token.clone(),
                    told.resend_timer,
                )?,
                Contact::Email(_) if told.email => {
                    Keys::of_email(told.resend_email_token.clone(), told.resend_timer)
                }
                Contact::Mobile { .. } | Contact::Email(_) => {
                    claim.not_sent().await;
                    continue;
                }
            };
            waiting.push(Waiting::sent(contact, keys, claim).await);
        }
        Ok(waiting)
    }
}

//! What is kept of the codes that a new user must confirm still.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::codes::Route;
use super::contact::Contact;
use super::keys::Keys;
use crate::challenge::{DestinationPermit, MessageLimit, Step};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

/// How long the user has for all codes; a resend makes it begin again.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The kinds of contact, each of which a registration has at most once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mobile,
    Email,
}

impl Kind {
    pub(super) fn has(self, contact: &Contact) -> bool {
        matches!(
            (self, contact),
            (Self::Mobile, Contact::Mobile { .. }) | (Self::Email, Contact::Email(_))
        )
    }
}

/// A contact whose code was sent and is not confirmed yet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) contact: Contact,
    pub(super) keys: Keys,
    pub(super) line: MessageLimit,
}

impl Waiting {
    pub(super) async fn sent(contact: Contact, keys: Keys, claim: DestinationPermit) -> Self {
        let line = claim.sent(keys.wait()).await;
        Self {
            contact,
            keys,
            line,
        }
    }
}

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Codes {
    pub(super) platform: Option<String>,
    pub(super) cookies: CookieJar,
    pub(super) register_token: Option<Secret>,
    pub(super) waiting: Vec<Waiting>,
}

impl Step for Codes {
    const KIND: &'static str = "remaining_codes";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
    }
}

impl Codes {
    pub(super) fn find(&self, kind: Kind) -> Result<&Waiting, Error> {
        let mut waiting = self.waiting.iter();
        waiting
            .find(|waiting| kind.has(&waiting.contact))
            .ok_or_else(|| {
                let message = "no code of this kind remains to be confirmed";
                Error::new(ErrorKind::StepRequired, message).of(System::Fynd)
            })
    }

    pub(super) fn line(&self, kind: Kind) -> Result<MessageLimit, Error> {
        self.find(kind).map(|waiting| waiting.line.clone())
    }

    pub(super) fn route(&self, contact: &Contact) -> Route {
        Route::to(contact.clone(), self.platform.clone())
    }
}

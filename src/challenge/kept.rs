//! A session that the server granted for a code whose caller went away before it received it.
//!
//! The record of the challenge keeps it for a short time, and releases it once, to the same code. The
//! record names neither the code nor the session: both are bound to the id of the challenge, which the
//! store never has.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::Secret;

/// How long after the end of its time the record still says that a session was claimed: the instance
/// that keeps it looks at the end, and its clock may differ.
pub(super) const CLAIM_SHOWN: TimeDelta = TimeDelta::seconds(60);

/// A kept session, as the record of its challenge names it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name of the code, see `Recipient::code`.
    pub(super) recipient: String,
    /// The keyed digest of the code.
    pub(super) code: String,
    /// The id of the session, masked by the code and the id of the challenge.
    pub(super) session: String,
    pub(super) until: DateTime<Utc>,
    pub(super) state: KeptState,
    /// The message that the code came with, where the challenge counts its messages. A newer one, which was
    /// requested during the exchange, has another code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<u64>,
    /// A random name of the claim, by which the claimer recognizes its write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum KeptState {
    Unclaimed,
    /// Other codes of the challenge remain.
    Claimed,
    /// Claimed, and the challenge is finished.
    Finished,
    /// The user has requested another code instead.
    Void,
}

impl Kept {
    /// Another code of this name was requested. The session of a code of another name stays.
    pub(super) fn void(mut self, code: &str) -> Self {
        if self.is_of(code) && self.state == KeptState::Unclaimed {
            self.state = KeptState::Void;
        }
        self
    }

    /// Whether the code, which is a code of the same recipient, may have this session.
    pub(super) fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.state == KeptState::Unclaimed && now < self.until
    }

    /// Whether it was granted for the code of this recipient.
    pub(super) fn is_of(&self, recipient: &str) -> bool {
        self.recipient == recipient
    }

    pub(super) fn is_for(&self, code: &CodeSeal) -> bool {
        self.code.as_bytes().ct_eq(code.digest.as_bytes()).into()
    }

    /// Whether the challenge is finished, and its record only tells that its session was claimed.
    pub(super) fn is_finished(&self) -> bool {
        self.state == KeptState::Finished
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.session == other.session
    }

    pub(super) fn is_claim(&self, claim: &str) -> bool {
        self.claim.as_deref() == Some(claim)
    }

    /// How long the record has to tell that the session was claimed.
    pub(super) fn claim_shown(&self, now: DateTime<Utc>) -> Duration {
        let left = self.until - now + CLAIM_SHOWN;
        left.to_std().unwrap_or_default()
    }
}

/// A code, bound to its challenge.
#[derive(Clone)]
pub(super) struct CodeSeal {
    pub(super) digest: String,
    mask: [u8; 32],
}

impl CodeSeal {
    /// `name` is that of the recipient, so that the code of one is none of another.
    pub(super) fn of(id: &Secret, name: &str, code: &Secret) -> Self {
        Self {
            digest: crate::hex::encode(&keyed(id, "code", name, code)),
            mask: keyed(id, "session", name, code),
        }
    }

    /// The id of a session is 32 characters, and so long is the mask.
    pub(super) fn masked(&self, session: &Secret) -> String {
        let bytes = session.expose().bytes().zip(self.mask);
        let masked: Vec<u8> = bytes.map(|(byte, mask)| byte ^ mask).collect();
        crate::hex::encode(&masked)
    }

    pub(super) fn session_of(&self, kept: &Kept) -> Option<Secret> {
        let masked = crate::hex::decode(&kept.session)?;
        let bytes = masked.iter().zip(self.mask);
        let id: Vec<u8> = bytes.map(|(byte, mask)| byte ^ mask).collect();
        String::from_utf8(id).ok().map(Secret::from)
    }
}

/// A digest by the id of the challenge, which is 128 random bits: without it, no code can be found by
/// trying all.
fn keyed(id: &Secret, of: &str, name: &str, code: &Secret) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(id.expose().as_bytes()) else {
        return [0; 32];
    };
    for part in ["vestibule kept session", of, name, code.expose()] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_message_for_its_own_code_voids_a_kept_session() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let kept = || Kept {
            recipient: "mobile".to_owned(),
            code: String::new(),
            session: String::new(),
            until: now + TimeDelta::seconds(1),
            state: KeptState::Unclaimed,
            message: None,
            claim: None,
        };
        assert!(kept().void("email").is_open(now));
        assert!(!kept().void("mobile").is_open(now));
    }
}

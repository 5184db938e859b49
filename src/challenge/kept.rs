//! A session that the server granted for a code whose caller went away before it received it.
//!
//! The record of the challenge keeps it for a short time, and releases it once, to the same code. The
//! record names neither the code nor the session: both are bound to the id of the challenge, which the
//! store never has.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::active::{ActiveChallenge, ObservedVersion, after};
use super::conflicts::Conflicts;
use super::errors::{contended, finished};
use super::record::{self, Step, WrongCodes};
use super::resend::Recipient;
use crate::error::Error;
use crate::keyed_digest::keyed_digest;
use crate::secret::Secret;
use crate::session::{Caller, SignOut, discard};
use crate::store::{Record, StoreError, Version};

/// How often the record of a session is written again while the store fails.
const MAX_SAVES: u32 = 7;

/// The first wait between two of them; each further one is twice as long.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// In how many parts the time of a kept session is waited for, because it may be claimed meanwhile.
const LOOKS: u32 = 8;

/// How long after the end of its time the record still says that a session was claimed: the instance
/// that keeps it looks at the end, and its clock may differ.
const CLAIM_SHOWN: TimeDelta = TimeDelta::seconds(60);

/// A kept session, as the record of its challenge names it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name of the code, see [`Recipient::code`].
    recipient: String,
    /// The keyed digest of the code.
    code: String,
    /// The id of the session, masked by the code and the id of the challenge.
    session: String,
    until: DateTime<Utc>,
    state: KeptState,
    /// The message that the code came with, where the challenge counts its messages. A newer one, which was
    /// requested during the exchange, has another code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<u64>,
    /// A random name of the claim, by which the claimer recognizes its write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum KeptState {
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

    fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.session == other.session
    }

    fn is_claim(&self, claim: &str) -> bool {
        self.claim.as_deref() == Some(claim)
    }

    /// How long the record has to tell that the session was claimed.
    fn claim_shown(&self, now: DateTime<Utc>) -> Duration {
        let left = self.until - now + CLAIM_SHOWN;
        left.to_std().unwrap_or_default()
    }
}

/// A code, bound to its challenge.
#[derive(Clone)]
pub(super) struct CodeSeal {
    digest: String,
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
    fn masked(&self, session: &Secret) -> String {
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
    let parts = ["vestibule kept session", of, name, code.expose()];
    keyed_digest(id.expose().as_bytes(), &parts)
}

/// What a code led to.
pub(crate) enum Tried<T, X> {
    /// The server's response to it.
    Response(T),
    /// The code was accepted before, and its caller went away: this is the session.
    Kept(X),
}

/// The record that keeps a session, which is to be claimed.
#[must_use = "a session that is not claimed is released again, and then signed out"]
pub(crate) struct KeptClaim {
    version: Version,
    /// Those of the other codes still count after the claim.
    wrong_codes: WrongCodes,
    seal: CodeSeal,
    kept: Box<Kept>,
}

impl KeptClaim {
    pub(super) fn new(
        version: Version,
        wrong_codes: WrongCodes,
        seal: CodeSeal,
        kept: Box<Kept>,
    ) -> Self {
        Self {
            version,
            wrong_codes,
            seal,
            kept,
        }
    }
}

/// How the step of a challenge changes when a code has signed the user in and other codes remain.
pub(crate) type Change<'a, S> = &'a (dyn Fn(&mut S) + Send + Sync);

impl<S: Step> ActiveChallenge<S> {
    /// Ends the challenge, or changes its step where other codes remain, after `code` has granted
    /// `session`. If the caller is gone, or goes before it has received the session, the challenge keeps
    /// it.
    pub(crate) async fn grant<X: SignOut>(
        &mut self,
        caller: &Caller,
        recipient: impl Recipient<S>,
        code: &Secret,
        session: &X,
        change: Option<Change<'_, S>>,
    ) {
        // The record outlives the time of the session, so that its end is seen.
        let time = self.time_left() * 7 / 8;
        let time = self.context.unclaimed_session_time().min(time);
        let seal = CodeSeal::of(self.id(), recipient.code(), code);
        let is_sole = matches!(recipient.limit(&mut self.step), Ok(None));
        let kept = Kept {
            recipient: recipient.code().to_owned(),
            session: seal.masked(session.shared().id()),
            code: seal.digest,
            until: after(self.context.clock().now(), time),
            state: KeptState::Unclaimed,
            message: is_sole.then_some(self.message),
            claim: None,
        };
        self.keep_if_unclaimed(caller, kept.clone(), None, session);
        if caller.is_gone() {
            return;
        }
        let Some(change) = change else {
            return self.finish().await;
        };
        let before = self.clone();
        self.update_step(None, change).await;
        self.back_to(before)
            .keep_if_unclaimed(caller, kept, None, session);
    }

    /// Claims a session that the challenge keeps, and ends the challenge or changes its step. Fails if
    /// another caller was faster.
    pub(crate) async fn claim_session<X: SignOut>(
        &mut self,
        caller: &Caller,
        claim: KeptClaim,
        session: &X,
        change: Option<Change<'_, S>>,
    ) -> Result<(), Error> {
        let KeptClaim {
            mut version,
            mut wrong_codes,
            seal,
            kept,
        } = claim;
        let name = self.context.random_id()?.expose().to_owned();
        let state = match change {
            Some(_) => KeptState::Claimed,
            None => KeptState::Finished,
        };
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let before = self.clone();
            let mut claimed = self.clone();
            let mut time_to_live = kept.claim_shown(self.context.clock().now());
            claimed.kept = Some(Box::new(Kept {
                state,
                claim: Some(name.clone()),
                ..(*kept).clone()
            }));
            if let Some(change) = change {
                change(&mut claimed.step);
                claimed.message += 1;
                claimed.known = claimed.message;
                time_to_live = time_to_live.max(claimed.time_left());
            }
            let record = claimed.to_record(wrong_codes.clone());
            let record = record.map_err(|error| self.context.store_error(error))?;
            let write = self.write_record(Some(version), record, time_to_live);
            let written = match write.await {
                Err(StoreError::Conflict) => Err(StoreError::Conflict),
                // A write that was reported as failed may have succeeded.
                Err(_) if self.has_claimed(&name).await => Ok(()),
                written => written.map(drop),
            };
            match written {
                Ok(()) => {
                    *self = claimed;
                    let is_finished = change.is_none();
                    self.identity.finished.store(is_finished, Ordering::SeqCst);
                    self.back_to(before)
                        .keep_if_unclaimed(caller, *kept, Some(name), session);
                    return Ok(());
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(self.context.store_error(error)),
            }
            match self.reload().await? {
                ObservedVersion::Stored {
                    version: found,
                    wrong_codes: counts,
                } if self.kept.as_ref().is_some_and(|found| {
                    found.is_open(self.context.clock().now()) && found.is_for(&seal)
                }) =>
                {
                    version = found;
                    wrong_codes = counts;
                }
                ObservedVersion::Unavailable(error) => {
                    return Err(self.context.store_error(error));
                }
                _ => return Err(finished().of(self.system())),
            }
        }
        Err(contended().of(self.system()))
    }

    /// Whether the record tells of the claim of this name.
    async fn has_claimed(&self, name: &str) -> bool {
        let Ok(Some((found, _))) = self.load().await else {
            return false;
        };
        let header = record::read_header(&found);
        let kept = header.ok().and_then(|header| header.kept);
        kept.is_some_and(|kept| kept.is_claim(name))
    }

    /// What a finished challenge leaves of a session that was claimed when other codes remained: the
    /// instance that kept it would take a removed record for an unclaimed session.
    pub(super) fn claimed_end(&self) -> Option<(Record, Duration)> {
        let kept = self.kept.as_deref()?.clone();
        let time_to_live = kept.claim_shown(self.context.clock().now());
        if kept.state != KeptState::Claimed || time_to_live.is_zero() {
            return None;
        }
        let mut end = self.clone();
        end.kept = Some(Box::new(Kept {
            state: KeptState::Finished,
            ..kept
        }));
        let record = end.to_record(WrongCodes::default()).ok()?;
        Some((record, time_to_live))
    }

    /// The former state as the newest one.
    fn back_to(&self, mut former: Self) -> Self {
        former.message = self.message;
        former.known = self.known;
        former
    }

    /// `claim` is the name of the caller's own claim of the session, if it was kept before. Otherwise the
    /// right code was counted like one that may be wrong.
    fn keep_if_unclaimed<X: SignOut>(
        &self,
        caller: &Caller,
        kept: Kept,
        claim: Option<String>,
        session: &X,
    ) {
        let (challenge, session) = (self.clone(), session.clone());
        caller.if_unclaimed(move |lock| {
            Box::pin(async move {
                challenge.identity.finished.store(false, Ordering::SeqCst);
                let is_kept = challenge.save_kept(&kept, claim.as_deref()).await;
                drop(lock);
                challenge.release_or_discard(is_kept, &kept, session).await;
            })
        });
    }

    /// Waits until a session is claimed; signs it out if it was not kept or is not claimed in time.
    async fn release_or_discard(&self, is_kept: bool, kept: &Kept, session: impl SignOut) {
        if is_kept {
            tracing::info!(challenge = %self.identity.key, "a challenge keeps a session whose caller is gone");
            if self.is_claimed(kept).await {
                return;
            }
        }
        discard(session).await;
    }

    async fn save_kept(&self, kept: &Kept, claim: Option<&str>) -> bool {
        let mut backoff = FIRST_BACKOFF;
        for _ in 0..MAX_SAVES {
            match self.write_kept(kept, claim).await {
                Ok(is_kept) => return is_kept,
                Err(error) => {
                    tracing::warn!(challenge = %self.identity.key, %error, "could not keep a session yet");
                }
            }
            self.context.clock().sleep(backoff).await;
            backoff = backoff.saturating_mul(2);
        }
        false
    }

    /// Writes the kept session over the record or in its place. Not if the challenge has advanced, is
    /// finished by another claim than `claim`, or has a newer code.
    async fn write_kept(&self, kept: &Kept, claim: Option<&str>) -> Result<bool, StoreError> {
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let mut next = self.clone();
            let loaded = self.load().await?;
            let over = loaded.as_ref().map(|(_, version)| *version);
            let mut wrong_codes = self.identity.wrong_codes().clone();
            if let Some((found, _)) = &loaded {
                let header = record::read_header(found)?;
                if header.kind != S::KIND {
                    return Ok(false);
                }
                let other = header.kept.as_deref();
                let other = other.filter(|it| !claim.is_some_and(|claim| it.is_claim(claim)));
                // A former try, which was reported as failed, has written it.
                if other.is_some_and(|other| other.is_same(kept)) {
                    return Ok(true);
                }
                if other.is_some_and(Kept::is_finished) {
                    return Ok(false);
                }
                if kept.message.is_some_and(|message| header.message > message) {
                    return Ok(false);
                }
                wrong_codes = next.adopt(found, header)?;
            }
            if claim.is_none() {
                let count = wrong_codes.of(&kept.recipient).saturating_sub(1);
                wrong_codes.set(&kept.recipient, count);
            }
            next.kept = Some(Box::new(kept.clone()));
            let record = next.to_record(wrong_codes)?;
            match self.write_record(over, record, next.time_left()).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Waits until the session is claimed, or its time has passed; then the record is removed, so that
    /// it cannot be claimed any more. A claim changes the record and leaves it for a while, so that a
    /// record that is gone before tells that the challenge was finished without it. What is unknown counts
    /// as claimed, because a session in use must not be signed out.
    async fn is_claimed(&self, kept: &Kept) -> bool {
        let clock = self.context.clock();
        let time = (kept.until - clock.now()).to_std().unwrap_or_default();
        let mut looks = LOOKS + MAX_SAVES;
        while looks > 0 {
            looks -= 1;
            clock
                .sleep((time / LOOKS).max(Duration::from_millis(1)))
                .await;
            let Ok(loaded) = self.load().await else {
                continue;
            };
            let Some((found, version)) = loaded else {
                if clock.now() < kept.until + CLAIM_SHOWN / 2 {
                    return false;
                }
                break;
            };
            let Ok(header) = record::read_header(&found) else {
                return true;
            };
            match header.kept.as_deref() {
                Some(found) if found.is_same(kept) => match found.state {
                    KeptState::Claimed | KeptState::Finished => return true,
                    KeptState::Void => return false,
                    KeptState::Unclaimed if clock.now() < kept.until => continue,
                    KeptState::Unclaimed => {}
                },
                // Another code of the challenge has led to another session or to the next step.
                Some(_) => return false,
                None if header.kind != S::KIND => return false,
                None => return true,
            }
            let remove = self.write_record(Some(version), found, Duration::ZERO);
            if remove.await.is_ok() {
                return false;
            }
        }
        tracing::warn!(challenge = %self.identity.key, "it is unknown whether a session was claimed");
        true
    }
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

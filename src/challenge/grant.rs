//! How a code's session reaches its caller, or is kept by the challenge if the caller has gone.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::active::{ActiveChallenge, ObservedVersion, after};
use super::conflicts::Conflicts;
use super::errors::{contended, finished};
use super::kept::{CLAIM_SHOWN, CodeSeal, Kept, KeptState};
use super::record::{self, Step, WrongCodes};
use super::resend::Recipient;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::{Caller, SignOut, discard};
use crate::store::{Record, StoreError, Version};

/// How often the record of a session is written again while the store fails.
const MAX_SAVES: u32 = 7;

/// The first wait between two of them; each further one is twice as long.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// In how many parts the time of a kept session is waited for, because it may be claimed meanwhile.
const LOOKS: u32 = 8;

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
            let (store, key) = (self.context.store(), &self.identity.key);
            let write = store.compare_and_swap(key, version, record, time_to_live, None);
            let written = match self.context.store_step(write).await {
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
            let (store, key, left) = (self.context.store(), &self.identity.key, next.time_left());
            let write = match over {
                Some(version) => store.compare_and_swap(key, version, record, left, None),
                None => store.create(key, record, left),
            };
            match self.context.store_step(write).await {
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
            let (store, key) = (self.context.store(), &self.identity.key);
            let remove = store.compare_and_swap(key, version, found, Duration::ZERO, None);
            if self.context.store_step(remove).await.is_ok() {
                return false;
            }
        }
        tracing::warn!(challenge = %self.identity.key, "it is unknown whether a session was claimed");
        true
    }
}

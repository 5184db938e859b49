//! Saving a challenge, advancing it to its next step, and removing it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future;

use super::active::{ActiveChallenge, CopiedRecord, Identity, ObservedVersion, after};
use super::conflicts::Conflicts;
use super::destination::SendPermit;
use super::record::{self, RecordHeader, SOLE_CODE, Step, WrongCodes};
use super::resend_timer::ResendTimer;
use crate::clock::BoxFuture;
use crate::session::{SessionContext, Tries};
use crate::store::{Record, StoreError};

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How often a challenge is saved or removed in the background: for at most 40 minutes.
const MAX_TRIES: u32 = 80;

/// Which record a state may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteMode {
    /// None: the state is the first.
    First,
    /// One with the keys of an older message. A new message has a new code, whose name this is.
    Newer(Option<&'static str>),
    /// One of the step before.
    Next,
}

impl<S: Step> ActiveChallenge<S> {
    /// Saves the state of this handle, and records at the destination that its message was sent.
    /// Retries in the background while the store fails.
    pub(super) async fn save(&mut self, mode: WriteMode, sent: Option<(SendPermit, Duration)>) {
        let save = self.identity.saves.fetch_add(1, Ordering::SeqCst) + 1;
        self.copied = None;
        match self.save_once(mode, sent.as_ref()).await {
            Ok(copied) => self.copied = copied,
            Err(error) => {
                tracing::warn!(challenge = %self.identity.key, %error, "could not save a challenge yet");
                self.save_later(mode, sent, save);
            }
        }
    }

    async fn save_once(
        &self,
        mode: WriteMode,
        sent: Option<&(SendPermit, Duration)>,
    ) -> Result<Option<CopiedRecord>, StoreError> {
        let sent = async {
            match sent {
                Some((permit, wait)) => permit.sent(&self.timer, *wait).await,
                None => Ok(()),
            }
        };
        let (written, sent) = future::join(self.write(mode), sent).await;
        sent.and(written)
    }

    /// Writes the state, unless the record is newer; returns what this handle is a copy of then.
    async fn write(&self, mode: WriteMode) -> Result<Option<CopiedRecord>, StoreError> {
        let identity = &*self.identity;
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let found = match mode {
                WriteMode::First => None,
                WriteMode::Newer(_) | WriteMode::Next => self.load().await?,
            };
            let (over, record, wrong_codes) = match found {
                Some((found, version)) => {
                    let header = record::read_header(&found)?;
                    if header.is_finished() {
                        return Ok(None);
                    }
                    let is_older = match mode {
                        WriteMode::First => false,
                        WriteMode::Newer(_) => {
                            header.kind == S::KIND && header.message < self.message
                        }
                        WriteMode::Next => header.kind != S::KIND,
                    };
                    if !is_older {
                        return Ok(None);
                    }
                    let (record, wrong_codes) = self.over(mode, header)?;
                    (Some(version), record, wrong_codes)
                }
                // The challenge was finished by another handle.
                None if matches!(mode, WriteMode::Newer(_))
                    && identity.stored.load(Ordering::SeqCst) =>
                {
                    return Ok(None);
                }
                None => {
                    let wrong_codes = identity.wrong_codes().clone();
                    let record = self.to_record(wrong_codes.clone())?;
                    (None, record, Some(wrong_codes))
                }
            };
            let version = match self.write_record(over, record, self.time_left()).await {
                // A first write that was reported as failed may have succeeded.
                Err(StoreError::Exists) if mode == WriteMode::First => None,
                Err(StoreError::Conflict | StoreError::Exists) => continue,
                Err(error) => return Err(error),
                Ok(version) => Some(version),
            };
            identity.stored.store(true, Ordering::SeqCst);
            let copied = version.zip(wrong_codes);
            return Ok(copied.map(|(version, wrong_codes)| CopiedRecord {
                version,
                wrong_codes,
            }));
        }
        Err(StoreError::Conflict)
    }

    /// The record that replaces one with `header`, and its wrong codes, unless it keeps a session that
    /// this handle does not know.
    fn over(
        &self,
        mode: WriteMode,
        header: RecordHeader,
    ) -> Result<(Record, Option<WrongCodes>), StoreError> {
        let WriteMode::Newer(new_code) = mode else {
            let record = self.to_record(WrongCodes::default())?;
            return Ok((record, Some(WrongCodes::default())));
        };
        let local = self.identity.wrong_codes().clone();
        let mut wrong_codes = header.wrong_codes.max(&local);
        let mut next = self.clone();
        next.kept = header.kept;
        if let Some(code) = new_code {
            wrong_codes.set(code, local.of(code));
            next.kept = next.kept.map(|kept| Box::new(kept.void(code)));
        }
        let record = next.to_record(wrong_codes.clone())?;
        Ok((record, next.kept.is_none().then_some(wrong_codes)))
    }

    /// The code of this name is that of a new message, so that its wrong codes are counted again.
    pub(super) fn count_again(&mut self, code: &str) {
        self.copied = None;
        self.identity.wrong_codes().set(code, 0);
        if code == SOLE_CODE {
            self.seen_wrong_codes = 0;
        }
        self.kept = self.kept.take().map(|kept| Box::new(kept.void(code)));
    }

    fn save_later(&self, mode: WriteMode, sent: Option<(SendPermit, Duration)>, save: u64) {
        let challenge = self.clone();
        let running = challenge.context.track();
        // Boxed, so that the runtime's part is compiled once and not for each step.
        let saving: BoxFuture<'static, ()> = Box::pin(async move {
            let mut tries = Tries::new(MAX_TRIES, FIRST_BACKOFF, MAX_BACKOFF);
            let mut failed = None;
            while let Some(wait) = tries.next_wait() {
                challenge.context.clock().sleep(wait).await;
                let identity = &challenge.identity;
                let is_outdated = identity.finished.load(Ordering::SeqCst)
                    || identity.saves.load(Ordering::SeqCst) != save
                    || challenge.time_left().is_zero();
                if is_outdated {
                    failed = None;
                    break;
                }
                failed = challenge.save_once(mode, sent.as_ref()).await.err();
                if failed.is_none() {
                    if identity.finished.load(Ordering::SeqCst) {
                        challenge.finish().await;
                    }
                    break;
                }
            }
            if let Some(error) = failed {
                tracing::warn!(challenge = %challenge.identity.key, %error, "could not save a challenge");
            }
            drop(running);
        });
        tokio::spawn(saving);
    }

    /// The state was changed by a response, without a message.
    pub(crate) async fn save_response(&mut self) {
        self.message += 1;
        self.known = self.message;
        self.save(WriteMode::Newer(None), None).await;
    }

    /// Changes one part of the newest step, while concurrent updates may change other parts. After
    /// a resend, which names its code, the time to live and the count of wrong codes start again.
    pub(crate) async fn update_step(
        &mut self,
        new_code: Option<&'static str>,
        change: impl Fn(&mut S),
    ) {
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let Ok(ObservedVersion::Stored {
                version,
                mut wrong_codes,
            }) = self.reload().await
            else {
                break;
            };
            let mut next = self.clone();
            next.change_step(new_code.is_some(), &change);
            if let Some(code) = new_code {
                wrong_codes.set(code, 0);
                next.kept = next.kept.map(|kept| Box::new(kept.void(code)));
            }
            let Ok(record) = next.to_record(wrong_codes.clone()) else {
                break;
            };
            let written = self.write_record(Some(version), record, next.time_left());
            match written.await {
                Ok(version) => {
                    next.copied = Some(CopiedRecord {
                        version,
                        wrong_codes: wrong_codes.clone(),
                    });
                    *self.identity.wrong_codes() = wrong_codes;
                    *self = next;
                    return;
                }
                Err(StoreError::Conflict) => {}
                Err(_) => break,
            }
        }
        if let Some(code) = new_code {
            self.count_again(code);
        }
        self.change_step(new_code.is_some(), &change);
        self.message += 1;
        let save = self.identity.saves.fetch_add(1, Ordering::SeqCst) + 1;
        self.save_later(WriteMode::Newer(new_code), None, save);
    }

    fn change_step(&mut self, was_resent: bool, change: &impl Fn(&mut S)) {
        self.copied = None;
        change(&mut self.step);
        self.message += 1;
        self.known = self.message;
        if was_resent {
            self.restart_time_to_live();
        }
    }

    /// Advances the sign-in to its next step, under the same id. Handles of the step before become
    /// invalid at all instances.
    pub(crate) async fn advance<T: Step>(self, step: T) -> ActiveChallenge<T> {
        let clock = self.context.clock();
        let mut next = ActiveChallenge {
            expires_at: after(clock.now(), step.time_to_live(self.context.skewed_clock())),
            timer: ResendTimer::start(clock, Duration::ZERO),
            context: self.context,
            identity: self.identity,
            destination: None,
            step,
            message: self.message,
            known: self.known,
            seen_wrong_codes: 0,
            copied: None,
            kept: None,
        };
        *next.identity.wrong_codes() = WrongCodes::default();
        next.report_messages();
        next.save(WriteMode::Next, None).await;
        next
    }

    /// Removes the finished challenge, and waits for the first try. Retries in the background.
    pub(crate) async fn finish(&self) {
        let (context, identity) = (self.context.clone(), Arc::clone(&self.identity));
        remove(context, identity, self.time_left(), self.claimed_end()).await;
    }
}

/// [`ActiveChallenge::finish`] without its type parameter, so that it is compiled once.
async fn remove(
    context: Arc<SessionContext>,
    identity: Arc<Identity>,
    time_left: Duration,
    end: Option<(Record, Duration)>,
) {
    identity.finished.store(true, Ordering::SeqCst);
    let running = context.track();
    let (tell, first) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut tell = Some(tell);
        let mut tries = Tries::new(MAX_TRIES, FIRST_BACKOFF, MAX_BACKOFF);
        let mut waited = Duration::ZERO;
        loop {
            let deleted = remove_once(&context, &identity, end.as_ref()).await;
            if let Some(tell) = tell.take() {
                let _ = tell.send(());
            }
            let Err(error) = deleted else {
                break;
            };
            // The record has expired when the time has passed.
            let Some(wait) = tries.next_wait().filter(|_| waited <= time_left) else {
                tracing::warn!(challenge = %identity.key, %error, "could not remove a finished challenge");
                break;
            };
            if waited.is_zero() {
                tracing::warn!(challenge = %identity.key, %error, "could not remove a finished challenge yet");
            }
            context.clock().sleep(wait).await;
            waited += wait;
            // The record was written again meanwhile: it keeps a session whose caller is gone.
            if !identity.finished.load(Ordering::SeqCst) {
                break;
            }
        }
        drop(running);
    });
    let _ = first.await;
}

/// Removes the record, or writes what it is to say at its end.
async fn remove_once(
    context: &SessionContext,
    identity: &Identity,
    end: Option<&(Record, Duration)>,
) -> Result<(), StoreError> {
    let key = &identity.key;
    let Some((record, time_to_live)) = end else {
        return context.delete_record(key).await;
    };
    let Some((_, version)) = context.load_record(key).await? else {
        return Ok(());
    };
    let write = context.put_record(key, Some(version), record.clone(), *time_to_live, None);
    write.await.map(drop)
}

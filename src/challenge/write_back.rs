//! Writing a challenge to the store, and removing it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::active::{ActiveChallenge, Identity, after};
use super::destination::{SendPermit, TRIES};
use super::record::{self, Step};
use super::resend_timer::ResendTimer;
use crate::clock::BoxFuture;
use crate::session::SessionContext;
use crate::store::StoreError;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// What a state may be written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteMode {
    /// Nothing: it is the first.
    First,
    /// The keys of an older message.
    Newer,
    /// The step before.
    Next,
}

impl<S: Step> ActiveChallenge<S> {
    /// Saves what this handle has, and tells the destination that its message was sent. Goes on in
    /// the background while the store fails.
    pub(super) async fn save(&self, put: WriteMode, sent: Option<(SendPermit, Duration)>) {
        let turn = self.identity.saves.fetch_add(1, Ordering::SeqCst) + 1;
        if let Err(error) = self.save_once(put, sent.as_ref()).await {
            tracing::warn!(challenge = %self.identity.key, %error, "a challenge is not saved yet");
            self.save_later(put, sent, turn);
        }
    }

    async fn save_once(
        &self,
        put: WriteMode,
        sent: Option<&(SendPermit, Duration)>,
    ) -> Result<(), StoreError> {
        self.put(put).await?;
        match sent {
            Some((claim, wait)) => claim.sent(&self.context, &self.timer, *wait).await,
            None => Ok(()),
        }
    }

    async fn put(&self, put: WriteMode) -> Result<(), StoreError> {
        let identity = &*self.identity;
        let store = self.context.store();
        for _ in 0..TRIES {
            let found = match put {
                WriteMode::First => None,
                WriteMode::Newer | WriteMode::Next => {
                    self.context.store_step(store.load(&identity.key)).await?
                }
            };
            let time_left = self.time_left();
            let written = match found {
                Some((found, version)) => {
                    let head = record::head_of(&found)?;
                    let older = match put {
                        WriteMode::First => false,
                        WriteMode::Newer => head.kind == S::KIND && head.message < self.message,
                        WriteMode::Next => head.kind != S::KIND,
                    };
                    if !older {
                        return Ok(());
                    }
                    let record = self.to_record(0)?;
                    let key = &identity.key;
                    let write = store.compare_and_swap(key, version, record, time_left, None);
                    self.context.store_step(write).await
                }
                // Whoever finished the challenge has removed it.
                None if put == WriteMode::Newer && identity.stored.load(Ordering::SeqCst) => {
                    return Ok(());
                }
                None => {
                    let wrong_codes = identity.wrong_codes.load(Ordering::SeqCst);
                    let record = self.to_record(wrong_codes)?;
                    let write = store.create(&identity.key, record, time_left);
                    self.context.store_step(write).await
                }
            };
            match written {
                // A first write that seemed to fail may have happened.
                Err(StoreError::Exists) if put == WriteMode::First => {}
                Err(StoreError::Conflict | StoreError::Exists) => continue,
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            identity.stored.store(true, Ordering::SeqCst);
            return Ok(());
        }
        Err(StoreError::Conflict)
    }

    fn save_later(&self, put: WriteMode, sent: Option<(SendPermit, Duration)>, turn: u64) {
        let open = self.clone();
        let running = open.context.track();
        // In a box, so that the runtime's part is compiled once and not for each step.
        let saving: BoxFuture<'static, ()> = Box::pin(async move {
            let mut backoff = FIRST_BACKOFF;
            loop {
                open.context.clock().sleep(backoff).await;
                let identity = &open.identity;
                let is_over = identity.finished.load(Ordering::SeqCst)
                    || identity.saves.load(Ordering::SeqCst) != turn
                    || open.time_left().is_zero();
                if is_over {
                    break;
                }
                if open.save_once(put, sent.as_ref()).await.is_ok() {
                    if identity.finished.load(Ordering::SeqCst) {
                        open.finish().await;
                    }
                    break;
                }
                backoff = backoff.saturating_mul(2).min(LONGEST_BACKOFF);
            }
            drop(running);
        });
        tokio::spawn(saving);
    }

    /// The next step of the same sign-in, under the same id: the step before is not good any more,
    /// wherever it was taken up.
    pub(crate) async fn go_on<T: Step>(self, step: T) -> ActiveChallenge<T> {
        let clock = self.context.clock();
        let open = ActiveChallenge {
            expires_at: after(clock.now(), step.time_to_live(self.context.skewed_clock())),
            timer: ResendTimer::start(clock, Duration::ZERO),
            context: self.context,
            identity: self.identity,
            destination: None,
            step,
            message: self.message,
            known: self.known,
        };
        open.identity.wrong_codes.store(0, Ordering::SeqCst);
        open.save(WriteMode::Next, None).await;
        open
    }

    /// The sign-in is finished: removes the challenge, for as long as that takes. Waits for the
    /// first try.
    pub(crate) async fn finish(&self) {
        let (context, identity) = (self.context.clone(), Arc::clone(&self.identity));
        remove(context, identity, self.time_left()).await;
    }
}

/// What [`ActiveChallenge::finish`] does, which is the same for all steps.
async fn remove(context: Arc<SessionContext>, identity: Arc<Identity>, time_left: Duration) {
    identity.finished.store(true, Ordering::SeqCst);
    let running = context.track();
    let (tell, first) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut tell = Some(tell);
        let mut backoff = FIRST_BACKOFF;
        let mut waited = Duration::ZERO;
        loop {
            let deleted = context
                .store_step(context.store().delete(&identity.key))
                .await;
            if let Some(tell) = tell.take() {
                let _ = tell.send(());
            }
            match deleted {
                Ok(()) => break,
                // By then the record has ended by itself.
                Err(_) if waited > time_left => break,
                Err(error) => {
                    tracing::warn!(challenge = %identity.key, %error, "a finished challenge is still stored");
                }
            }
            context.clock().sleep(backoff).await;
            waited += backoff;
            backoff = backoff.saturating_mul(2).min(LONGEST_BACKOFF);
        }
        drop(running);
    });
    let _ = first.await;
}

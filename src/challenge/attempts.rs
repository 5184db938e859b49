//! Codes that may be wrong, counted before they are sent.

use std::sync::atomic::Ordering;

use super::active::{ActiveChallenge, ObservedVersion, is_outage};
use super::destination::TRIES;
use super::errors::{contended, too_many_wrong_codes};
use super::outcome::was_not_judged;
use super::record::Step;
use crate::error::Error;
use crate::store::StoreError;

/// How many wrong codes a message is good for.
const MOST_WRONG_CODES: u32 = 5;

/// A code that is counted and may be sent.
#[must_use = "a code that was not judged is given back"]
pub(crate) struct CodeAttempt {
    message: u64,
}

impl<S: Step> ActiveChallenge<S> {
    /// Counts a code in the store, so that all instances together send no more than five. Takes
    /// over a newer key first.
    ///
    /// While the store fails, the process that sent the message counts for itself: the user has the
    /// code, and it is good only for a short time.
    pub(crate) async fn begin_code_attempt(&mut self) -> Result<CodeAttempt, Error> {
        for _ in 0..TRIES {
            let seen = self.look().await?;
            self.check_time()?;
            let (over, wrong_codes) = match seen {
                ObservedVersion::Record {
                    version,
                    wrong_codes,
                } => (Some(version), wrong_codes),
                ObservedVersion::Unsaved => {
                    (None, self.identity.wrong_codes.load(Ordering::SeqCst))
                }
                ObservedVersion::Down(error) => {
                    tracing::warn!(challenge = %self.identity.key, %error, "a code is counted here alone");
                    return self.count_here(error);
                }
            };
            self.check_newest().await?;
            if wrong_codes >= MOST_WRONG_CODES {
                return Err(too_many_wrong_codes().of(self.context.system()));
            }
            let record = self.to_record(wrong_codes + 1);
            let record = record.map_err(|error| self.context.store_error(error))?;
            let (store, key) = (self.context.store(), &self.identity.key);
            let time_left = self.time_left();
            let written = match over {
                Some(version) => store.compare_and_swap(key, version, record, time_left, None),
                None => store.create(key, record, time_left),
            };
            match self.context.store_step(written).await {
                Ok(_) => {
                    self.identity.stored.store(true, Ordering::SeqCst);
                    let here = &self.identity.wrong_codes;
                    here.store(wrong_codes + 1, Ordering::SeqCst);
                    return Ok(self.code_attempt());
                }
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) if is_outage(&error) => return self.count_here(error),
                Err(error) => return Err(self.context.store_error(error)),
            }
        }
        Err(contended().of(self.context.system()))
    }

    /// Gives the code back if `answer` shows that it was not judged.
    pub(crate) async fn settle<T>(
        &self,
        code_attempt: CodeAttempt,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(error) = &answer
            && was_not_judged(error)
        {
            self.give_back(&code_attempt).await;
        }
        answer
    }

    fn code_attempt(&self) -> CodeAttempt {
        CodeAttempt {
            message: self.message,
        }
    }

    /// Counts a code without the store. A challenge that was taken up by its id could be taken up
    /// again and again, each time with nothing counted yet, so it waits for the store.
    fn count_here(&self, error: StoreError) -> Result<CodeAttempt, Error> {
        if !self.identity.is_own {
            return Err(self.context.store_error(error));
        }
        let here = &self.identity.wrong_codes;
        let counted = here.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |wrong_codes| {
            (wrong_codes < MOST_WRONG_CODES).then_some(wrong_codes + 1)
        });
        match counted {
            Ok(_) => Ok(self.code_attempt()),
            Err(_) => Err(too_many_wrong_codes().of(self.context.system())),
        }
    }

    /// A count that cannot be given back stays: that is the safe side.
    async fn give_back(&self, code_attempt: &CodeAttempt) {
        let fewer = |wrong_codes: u32| wrong_codes.checked_sub(1);
        let here = &self.identity.wrong_codes;
        let _ = here.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer);
        let mut handle = self.clone();
        for _ in 0..TRIES {
            let Ok(ObservedVersion::Record {
                version,
                wrong_codes,
            }) = handle.look().await
            else {
                return;
            };
            if handle.message != code_attempt.message {
                return;
            }
            let wrong_codes = wrong_codes.saturating_sub(1);
            let Ok(record) = handle.to_record(wrong_codes) else {
                return;
            };
            let (store, key) = (handle.context.store(), &handle.identity.key);
            let written = store.compare_and_swap(key, version, record, handle.time_left(), None);
            match handle.context.store_step(written).await {
                Err(StoreError::Conflict) => {}
                Ok(_) => return here.store(wrong_codes, Ordering::SeqCst),
                Err(_) => return,
            }
        }
    }
}

//! Codes that may be wrong, counted before they are sent.

use std::sync::atomic::Ordering;

use super::destination::TRIES;
use super::open::{Open, Seen, is_outage};
use super::outcome::was_not_judged;
use super::record::Step;
use super::refusals::{contended, too_many_wrong_codes};
use crate::error::Error;
use crate::session::StoreError;

/// How many wrong codes a message is good for.
const MOST_WRONG_CODES: u32 = 5;

/// A code that is counted and may be sent.
#[must_use = "a code that was not judged is given back"]
pub(crate) struct Guess {
    message: u64,
}

impl<S: Step> Open<S> {
    /// Counts a code in the store, so that all instances together send no more than five. Takes
    /// over a newer key first.
    ///
    /// While the store fails, the process that sent the message counts for itself: the user has the
    /// code, and it is good only for a short time.
    pub(crate) async fn begin_guess(&mut self) -> Result<Guess, Error> {
        for _ in 0..TRIES {
            let seen = self.look().await?;
            self.check_time()?;
            let (over, wrong_codes) = match seen {
                Seen::Record {
                    version,
                    wrong_codes,
                } => (Some(version), wrong_codes),
                Seen::Unsaved => (None, self.identity.wrong_codes.load(Ordering::SeqCst)),
                Seen::Down(error) => {
                    tracing::warn!(challenge = %self.identity.key, %error, "a code is counted here alone");
                    return self.count_here(error);
                }
            };
            self.check_newest().await?;
            if wrong_codes >= MOST_WRONG_CODES {
                return Err(too_many_wrong_codes().of(self.host.system()));
            }
            let record = self.to_record(wrong_codes + 1);
            let record = record.map_err(|error| self.host.store_error(error))?;
            let (store, key) = (self.host.store(), &self.identity.key);
            let time_left = self.time_left();
            let written = match over {
                Some(version) => store.compare_and_swap(key, version, record, time_left, None),
                None => store.create(key, record, time_left),
            };
            match self.host.step(written).await {
                Ok(_) => {
                    self.identity.stored.store(true, Ordering::SeqCst);
                    let here = &self.identity.wrong_codes;
                    here.store(wrong_codes + 1, Ordering::SeqCst);
                    return Ok(self.guess());
                }
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) if is_outage(&error) => return self.count_here(error),
                Err(error) => return Err(self.host.store_error(error)),
            }
        }
        Err(contended().of(self.host.system()))
    }

    /// Gives the code back if `answer` shows that it was not judged.
    pub(crate) async fn judged<T>(
        &self,
        guess: Guess,
        answer: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(error) = &answer
            && was_not_judged(error)
        {
            self.give_back(&guess).await;
        }
        answer
    }

    fn guess(&self) -> Guess {
        Guess {
            message: self.message,
        }
    }

    /// Counts a code without the store. A challenge that was taken up by its id could be taken up
    /// again and again, each time with nothing counted yet, so it waits for the store.
    fn count_here(&self, error: StoreError) -> Result<Guess, Error> {
        if !self.identity.is_own {
            return Err(self.host.store_error(error));
        }
        let here = &self.identity.wrong_codes;
        let counted = here.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |wrong_codes| {
            (wrong_codes < MOST_WRONG_CODES).then_some(wrong_codes + 1)
        });
        match counted {
            Ok(_) => Ok(self.guess()),
            Err(_) => Err(too_many_wrong_codes().of(self.host.system())),
        }
    }

    /// A count that cannot be given back stays: that is the safe side.
    async fn give_back(&self, guess: &Guess) {
        let fewer = |wrong_codes: u32| wrong_codes.checked_sub(1);
        let here = &self.identity.wrong_codes;
        let _ = here.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer);
        let mut handle = self.clone();
        for _ in 0..TRIES {
            let Ok(Seen::Record {
                version,
                wrong_codes,
            }) = handle.look().await
            else {
                return;
            };
            if handle.message != guess.message {
                return;
            }
            let wrong_codes = wrong_codes.saturating_sub(1);
            let Ok(record) = handle.to_record(wrong_codes) else {
                return;
            };
            let (store, key) = (handle.host.store(), &handle.identity.key);
            let written = store.compare_and_swap(key, version, record, handle.time_left(), None);
            match handle.host.step(written).await {
                Err(StoreError::Conflict) => {}
                Ok(_) => return here.store(wrong_codes, Ordering::SeqCst),
                Err(_) => return,
            }
        }
    }
}

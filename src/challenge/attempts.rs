//! Trying a code: it is counted before it is sent.

use std::sync::atomic::Ordering;

use futures_util::future;
use http::StatusCode;

use super::active::{ActiveChallenge, ObservedVersion, is_outage};
use super::destination::{self, MAX_CONFLICTS};
use super::errors::{contended, superseded, too_many_wrong_codes};
use super::record::Step;
use super::resend::Recipient;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::typed_text::{typed_code, typed_digits};

/// Normalizes a code that a user typed ([`typed_code`]), and checks it.
///
/// Codes of messages and authenticators consist of letters and digits. Anything else is a typing or
/// pasting mistake, which must not cost an attempt.
pub(crate) fn check_code(system: System, code: &Secret) -> Result<Secret, Error> {
    let code = typed_code(code);
    let text = code.expose();
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(code)
    } else {
        Err(Error::invalid("code", "must be the letters and digits of the message").of(system))
    }
}

/// The code of a second factor as it is sent: the digits of an authenticator, or a recovery code byte
/// for byte.
pub(crate) fn check_second_factor(system: System, code: Secret) -> Result<Secret, Error> {
    if typed_digits(&code).is_some() {
        return check_code(system, &code);
    }
    let text = code.expose();
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if text.len() <= 64 && text.split('-').all(is_word) {
        return Ok(code);
    }
    let right = "must be the digits of the authenticator or a recovery code";
    Err(Error::invalid("code", right).of(system))
}

/// Whether the server certainly did not check the code. A system that refuses a path or a host, or in
/// published words a signature, an application or a tenant, has not looked at the code.
fn is_unchecked(error: &Error) -> bool {
    match error.status() {
        None => error.delivery() == Delivery::NotSent,
        // Some systems refuse a wrong code by the words that they have for a token.
        Some(StatusCode::UNAUTHORIZED) if error.kind() == ErrorKind::Unavailable => false,
        Some(_) => error.is_unprocessed(),
    }
}

/// A code that was counted and may be sent.
#[must_use = "an attempt that the server did not check is given back"]
struct CodeAttempt {
    message: u64,
}

impl<S: Step> ActiveChallenge<S> {
    /// Sends a code of the newest message to `recipient`, once. The code is counted before, and the
    /// attempt is given back only if the server certainly did not check it.
    ///
    /// Fails before anything is sent if the challenge is finished or has expired, another challenge
    /// has replaced it, or too many codes were wrong.
    pub(crate) async fn try_code<T>(
        &mut self,
        recipient: impl Recipient<S>,
        send: impl AsyncFnOnce(&mut S) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let attempt = self.begin_attempt(recipient).await?;
        let response = send(&mut self.step).await;
        if let Err(error) = &response
            && is_unchecked(error)
        {
            self.give_back(&attempt).await;
        }
        response
    }

    /// Counts a code in the store, so that all instances together send no more than allowed; adopts a
    /// newer step first.
    ///
    /// While the store fails, the instance that sent the message counts by itself: the user has the
    /// code, which is valid only for a short time.
    async fn begin_attempt(&mut self, recipient: impl Recipient<S>) -> Result<CodeAttempt, Error> {
        for _ in 0..MAX_CONFLICTS {
            let limit = recipient.limit(&mut self.step).unwrap_or_default();
            let limit = limit.map(|limit| limit.destination.clone());
            let destination = limit.or_else(|| self.destination.clone());
            let newest = async {
                match &destination {
                    Some(destination) => destination::load(&self.context, destination).await,
                    None => Ok(None),
                }
            };
            let (record, newest) = future::join(self.load(), newest).await;
            let observed = self.observe(record)?;
            self.check_time()?;
            let message = match recipient.limit(&mut self.step)? {
                // The newer step has another destination.
                Some(limit) if Some(&limit.destination) != destination.as_ref() => continue,
                Some(limit) => limit.message,
                None => self.message,
            };
            let (over, wrong_codes) = match observed {
                ObservedVersion::Stored {
                    version,
                    wrong_codes,
                } => (Some(version), wrong_codes),
                ObservedVersion::NotYetStored => {
                    (None, self.identity.wrong_codes.load(Ordering::SeqCst))
                }
                ObservedVersion::Unavailable(error) => {
                    tracing::warn!(challenge = %self.identity.key, %error, "counting a code in memory only");
                    return self.count_in_memory(error);
                }
            };
            match newest {
                Ok(Some((newest, _))) if newest.supersedes(&self.identity.name, message) => {
                    return Err(superseded().of(self.system()));
                }
                Err(error) if !is_outage(&error) => return Err(self.context.store_error(error)),
                Ok(_) | Err(_) => {}
            }
            if wrong_codes >= self.context.max_wrong_codes() {
                return Err(self.too_many_wrong_codes());
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
                    let local = &self.identity.wrong_codes;
                    local.store(wrong_codes + 1, Ordering::SeqCst);
                    return Ok(self.attempt());
                }
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) if is_outage(&error) => return self.count_in_memory(error),
                Err(error) => return Err(self.context.store_error(error)),
            }
        }
        Err(contended().of(self.system()))
    }

    fn attempt(&self) -> CodeAttempt {
        CodeAttempt {
            message: self.message,
        }
    }

    /// Counts a code without the store. A resumed challenge waits for the store: it could be
    /// resumed any number of times, each time with a count of zero.
    fn count_in_memory(&self, error: StoreError) -> Result<CodeAttempt, Error> {
        if !self.identity.is_created_here {
            return Err(self.context.store_error(error));
        }
        let (local, max) = (&self.identity.wrong_codes, self.context.max_wrong_codes());
        let counted = local.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |wrong_codes| {
            (wrong_codes < max).then_some(wrong_codes + 1)
        });
        match counted {
            Ok(_) => Ok(self.attempt()),
            Err(_) => Err(self.too_many_wrong_codes()),
        }
    }

    /// The error carries the wait until another code may be requested.
    fn too_many_wrong_codes(&self) -> Error {
        let error = too_many_wrong_codes().of(self.system());
        self.timer.on_error(error)
    }

    /// Reduces the count. If that fails, the count stays, which is the safe side.
    async fn give_back(&self, attempt: &CodeAttempt) {
        let fewer = |wrong_codes: u32| wrong_codes.checked_sub(1);
        let local = &self.identity.wrong_codes;
        let _ = local.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer);
        let mut handle = self.clone();
        for _ in 0..MAX_CONFLICTS {
            let Ok(ObservedVersion::Stored {
                version,
                wrong_codes,
            }) = handle.reload().await
            else {
                return;
            };
            if handle.message != attempt.message {
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
                Ok(_) => return local.store(wrong_codes, Ordering::SeqCst),
                Err(_) => return,
            }
        }
    }
}

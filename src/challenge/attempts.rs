//! Trying a code: it is counted before it is sent.

use std::sync::atomic::Ordering;

use futures_util::future;
use http::StatusCode;

use tokio::sync::OwnedMutexGuard;

use super::active::{ActiveChallenge, CopiedRecord, ObservedVersion, is_outage};
use super::conflicts::Conflicts;
use super::destination;
use super::errors::wrong_code;
use super::errors::{
    attempt_in_flight, contended, finished, not_yet_saved, superseded, too_many_wrong_codes,
};
use super::grant::{KeptClaim, Tried};
use super::kept::CodeSeal;
use super::record::{Step, WrongCodes};
use super::resend::Recipient;
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::{Caller, SignOut};
use crate::store::{StoreError, Version};
use crate::telemetry::ChallengeProgress;
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

/// Whether the server certainly did not check the code: nothing was sent, or the system said so in its
/// own words. A page of a gateway says nothing about what the server behind it has done. A system that
/// refuses a path or a host, or in published words a signature, an application or a tenant, has not
/// looked at the code.
fn is_unchecked(error: &Error) -> bool {
    match error.status() {
        None => error.delivery() == Delivery::NotSent,
        // Some systems refuse a wrong code by the words that they have for a token.
        Some(StatusCode::UNAUTHORIZED) if error.kind() == ErrorKind::Unavailable => false,
        Some(_) if error.kind() == ErrorKind::Misconfigured => error.is_unprocessed(),
        Some(_) => error.is_unprocessed() && error.has_api_error(),
    }
}

/// A code that was counted and may be sent.
#[must_use = "an attempt that the server did not check is given back"]
struct CodeAttempt {
    message: u64,
    code: &'static str,
    /// Whether the record has the count, and not only this instance.
    is_stored: bool,
    /// Whether the challenge allows no other code after this one.
    is_last: bool,
}

/// What the record says about a code that is to be tried.
enum Begun {
    Counted(CodeAttempt),
    /// The code was accepted before, and its session is kept.
    Kept(KeptClaim, Secret),
    /// A session is kept for another code: the code was counted, and is not sent.
    Wrong,
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
        let _lock = self.lock_attempts().await?;
        match self.begin_attempt(recipient, None).await? {
            Begun::Counted(attempt) => self.send_counted(&attempt, send).await,
            Begun::Kept(..) | Begun::Wrong => Err(finished().of(self.system())),
        }
    }

    /// [`try_code`](Self::try_code) for a code that may sign the user in: `resume` resumes a session
    /// that the same code was granted before, which is claimed and ends the challenge. `operation` is that
    /// by which `send` sends the code.
    pub(crate) async fn try_sign_in_code<T, X: SignOut>(
        &mut self,
        caller: &Caller,
        recipient: impl Recipient<S>,
        code: &Secret,
        operation: &'static str,
        resume: impl AsyncFnOnce(&Secret) -> Result<X, Error>,
        send: impl AsyncFnOnce(&mut S) -> Result<T, Error>,
    ) -> Result<Tried<T, X>, Error> {
        let tried = self.try_code_to_claim(caller, recipient, code, operation, resume, send);
        match tried.await? {
            Tried::Response(response) => Ok(Tried::Response(response)),
            Tried::Kept((session, claim)) => {
                self.claim_session(caller, claim, &session, None).await?;
                Ok(Tried::Kept(session))
            }
        }
    }

    /// [`try_sign_in_code`](Self::try_sign_in_code) where other codes may remain: the session is still to
    /// be claimed by [`claim_session`](Self::claim_session).
    pub(crate) async fn try_code_to_claim<T, X: SignOut>(
        &mut self,
        caller: &Caller,
        recipient: impl Recipient<S>,
        code: &Secret,
        operation: &'static str,
        resume: impl AsyncFnOnce(&Secret) -> Result<X, Error>,
        send: impl AsyncFnOnce(&mut S) -> Result<T, Error>,
    ) -> Result<Tried<T, (X, KeptClaim)>, Error> {
        caller.hold(self.lock_attempts().await?);
        let seal = CodeSeal::of(self.id(), recipient.code(), code);
        match self.begin_attempt(recipient, Some(seal)).await? {
            Begun::Counted(attempt) => {
                let response = self.send_counted(&attempt, send).await;
                response.map(Tried::Response)
            }
            Begun::Kept(claim, session) => match resume(&session).await {
                Ok(session) => Ok(Tried::Kept((session, claim))),
                // The instance that kept it has not saved it yet, or has just signed it out.
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    Err(not_yet_saved().of(self.system()))
                }
                Err(error) => Err(error),
            },
            Begun::Wrong => Err(wrong_code().at(self.system(), operation)),
        }
    }

    /// Waits for another attempt in this instance, whose session may be the one that is asked for.
    async fn lock_attempts(&self) -> Result<OwnedMutexGuard<()>, Error> {
        let locked = self.context.lock_attempts(self.identity.key).await;
        locked.ok_or_else(|| attempt_in_flight().of(self.system()))
    }

    async fn send_counted<T>(
        &mut self,
        attempt: &CodeAttempt,
        send: impl AsyncFnOnce(&mut S) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let response = send(&mut self.step).await;
        match &response {
            Ok(_) => self.report(ChallengeProgress::Confirmed),
            Err(error) if is_unchecked(error) => self.give_back(attempt).await,
            Err(error) => {
                self.report_failed(error.kind() == ErrorKind::Rejected, attempt.is_last);
            }
        }
        response
    }

    /// Reports a code that was counted for good.
    fn report_failed(&self, is_wrong: bool, is_last: bool) {
        if is_wrong {
            self.report(ChallengeProgress::WrongCode);
        }
        if is_last {
            self.report(ChallengeProgress::Locked);
        }
    }

    /// Counts a code in the store, so that all instances together send no more than allowed; adopts a
    /// newer step first. `seal` is that of a code for which a session may be kept.
    ///
    /// While the store fails, the instance that sent the message counts by itself: the user has the
    /// code, which is valid only for a short time.
    async fn begin_attempt(
        &mut self,
        recipient: impl Recipient<S>,
        seal: Option<CodeSeal>,
    ) -> Result<Begun, Error> {
        let code = recipient.code();
        if let Some(begun) = self.count_in_known_record(recipient).await? {
            return Ok(begun);
        }
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
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
            let now = self.context.clock().now();
            let kept = self.kept.clone().filter(|kept| kept.is_open(now));
            let kept = kept.filter(|kept| kept.is_of(code)).zip(seal.as_ref());
            if let (
                Some((kept, seal)),
                ObservedVersion::Stored {
                    version,
                    wrong_codes,
                },
            ) = (&kept, &observed)
                && wrong_codes.of(code) < self.context.max_wrong_codes()
                && kept.is_for(seal)
                && let Some(session) = seal.session_of(kept)
            {
                let claim =
                    KeptClaim::new(*version, wrong_codes.clone(), (*seal).clone(), kept.clone());
                return Ok(Begun::Kept(claim, session));
            }
            // The right code is spent, so that no other is sent.
            let is_wrong = kept.is_some();
            let message = match recipient.limit(&mut self.step) {
                Err(_) if is_wrong => Some(self.message),
                Err(error) => return Err(error),
                // The newer step has another destination.
                Ok(Some(limit)) if Some(&limit.destination) != destination.as_ref() => continue,
                Ok(Some(limit)) => limit.message,
                Ok(None) => Some(self.message),
            };
            let (over, counts) = match observed {
                ObservedVersion::Stored {
                    version,
                    wrong_codes,
                } => (Some(version), wrong_codes),
                ObservedVersion::NotYetStored => (None, self.identity.wrong_codes().clone()),
                ObservedVersion::Unavailable(error) => {
                    tracing::warn!(challenge = %self.identity.key, %error, "counting a code in memory only");
                    return self.count_in_memory(code, error);
                }
            };
            match newest {
                Ok(found) => {
                    let newer = found
                        .is_some_and(|found| found.record.supersedes(&self.identity.name, message));
                    if newer {
                        return Err(superseded().of(self.system()));
                    }
                }
                Err(error) if !is_outage(&error) => return Err(self.context.store_error(error)),
                Err(_) => {}
            }
            if counts.of(code) >= self.context.max_wrong_codes() {
                return Err(self.too_many_wrong_codes());
            }
            let mut next = counts.clone();
            next.set(code, counts.of(code) + 1);
            match self.write_counts(over, next.clone()).await {
                Ok(version) => {
                    self.counted(version, next);
                    let attempt = self.attempt(code);
                    if is_wrong {
                        self.report_failed(true, attempt.is_last);
                        return Ok(Begun::Wrong);
                    }
                    return Ok(Begun::Counted(attempt));
                }
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) if is_outage(&error) => return self.count_in_memory(code, error),
                Err(error) => return Err(self.context.store_error(error)),
            }
        }
        Err(contended().of(self.system()))
    }

    /// Counts a code over the version of the record that this handle is a copy of, and looks for a newer
    /// challenge at the same time. `None` if the record has changed, or more has to be decided first.
    async fn count_in_known_record(
        &mut self,
        recipient: impl Recipient<S>,
    ) -> Result<Option<Begun>, Error> {
        let code = recipient.code();
        let Ok(limit) = recipient.limit(&mut self.step) else {
            return Ok(None);
        };
        let limit = limit.map(|limit| (limit.destination.clone(), limit.message));
        let destination = limit.or_else(|| Some((self.destination.clone()?, Some(self.message))));
        let copied = self.copied.clone().filter(|_| self.kept.is_none());
        let Some(CopiedRecord {
            version,
            wrong_codes,
        }) = copied
        else {
            return Ok(None);
        };
        let mut next = wrong_codes.max(&self.identity.wrong_codes());
        let count = next.of(code);
        if self.time_left().is_zero() || count >= self.context.max_wrong_codes() {
            return Ok(None);
        }
        next.set(code, count + 1);
        let newest = async {
            match &destination {
                Some((destination, _)) => destination::load(&self.context, destination).await,
                None => Ok(None),
            }
        };
        let counted = self.write_counts(Some(version), next.clone());
        let (counted, newest) = future::join(counted, newest).await;
        match counted {
            Ok(version) => self.counted(version, next),
            Err(error) if is_outage(&error) && error.is_failure() => {
                return self.count_in_memory(code, error).map(Some);
            }
            Err(_) => {
                self.copied = None;
                return Ok(None);
            }
        }
        let attempt = self.attempt(code);
        let refused = match (newest, &destination) {
            (Ok(Some(found)), Some((_, message)))
                if found.record.supersedes(&self.identity.name, *message) =>
            {
                superseded().of(self.system())
            }
            (Err(error), _) if !is_outage(&error) => self.context.store_error(error),
            _ => return Ok(Some(Begun::Counted(attempt))),
        };
        self.give_back(&attempt).await;
        Err(refused)
    }

    async fn write_counts(
        &self,
        over: Option<Version>,
        wrong_codes: WrongCodes,
    ) -> Result<Version, StoreError> {
        let record = self.to_record(wrong_codes)?;
        self.write_record(over, record, self.time_left()).await
    }

    /// The record has these wrong codes now.
    fn counted(&mut self, version: Version, wrong_codes: WrongCodes) {
        self.identity.stored.store(true, Ordering::SeqCst);
        self.identity.wrong_codes().clone_from(&wrong_codes);
        self.copied = Some(CopiedRecord {
            version,
            wrong_codes,
        });
    }

    /// The attempt that has just been counted.
    fn attempt(&self, code: &'static str) -> CodeAttempt {
        let counted = self.identity.wrong_codes().of(code);
        CodeAttempt {
            message: self.message,
            code,
            is_stored: true,
            is_last: counted >= self.context.max_wrong_codes(),
        }
    }

    /// Counts a code without the store. A resumed challenge waits for the store: it could be
    /// resumed any number of times, each time with a count of zero.
    fn count_in_memory(&self, code: &'static str, error: StoreError) -> Result<Begun, Error> {
        if !self.identity.is_created_here {
            return Err(self.context.store_error(error));
        }
        let is_counted = {
            let mut counts = self.identity.wrong_codes();
            let count = counts.of(code);
            let is_allowed = count < self.context.max_wrong_codes();
            if is_allowed {
                counts.set(code, count + 1);
            }
            is_allowed
        };
        if !is_counted {
            return Err(self.too_many_wrong_codes());
        }
        Ok(Begun::Counted(CodeAttempt {
            is_stored: false,
            ..self.attempt(code)
        }))
    }

    /// The error carries the wait until another code may be requested.
    fn too_many_wrong_codes(&self) -> Error {
        let error = too_many_wrong_codes().of(self.system());
        self.timer.on_error(error)
    }

    /// Reduces the count. If that fails, the count stays, which is the safe side.
    async fn give_back(&mut self, attempt: &CodeAttempt) {
        let code = attempt.code;
        let fewer = |counts: &mut WrongCodes| {
            let count = counts.of(code).saturating_sub(1);
            counts.set(code, count);
        };
        fewer(&mut self.identity.wrong_codes());
        if !attempt.is_stored {
            return;
        }
        let mut handle = self.clone();
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let Ok(ObservedVersion::Stored {
                version,
                mut wrong_codes,
            }) = handle.reload().await
            else {
                return;
            };
            if handle.message != attempt.message {
                return;
            }
            fewer(&mut wrong_codes);
            match handle
                .write_counts(Some(version), wrong_codes.clone())
                .await
            {
                Err(StoreError::Conflict) => {}
                Ok(version) => {
                    self.counted(version, wrong_codes);
                    return;
                }
                Err(_) => return,
            }
        }
    }
}

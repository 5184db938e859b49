//! An unfinished sign-in in memory, and its record in the store.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::destination;
use super::errors::{advanced, expired, finished, not_found, wrong_audience};
use super::kept::Kept;
use super::record::{self, RecordHeader, SOLE_CODE, Step, WrongCodes};
use super::resend_timer::ResendTimer;
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::SessionContext;
use crate::store::{Record, StoreError, StoreKey, Version};
use crate::telemetry::ChallengeProgress;

/// What a store returns for the key of a challenge.
pub(super) type Loaded = Result<Option<(Record, Version)>, StoreError>;

/// A handle of a challenge. Its state is as new as its last use; it is reloaded from the store
/// before a key is sent.
#[derive(Clone)]
pub(crate) struct ActiveChallenge<S> {
    pub(super) context: Arc<SessionContext>,
    pub(super) identity: Arc<Identity>,
    /// The normalised destination of the messages; `None` if the step sends none, or if it keeps a
    /// [`MessageLimit`](super::MessageLimit) for each of several destinations.
    pub(super) destination: Option<String>,
    pub(crate) step: S,
    /// The number of the message that the keys of `step` came with.
    pub(super) message: u64,
    /// The number of the newest message that this handle knows to have been requested.
    pub(super) known: u64,
    /// The wrong codes of the record when it was last loaded, of the sole code.
    pub(super) seen_wrong_codes: u32,
    /// The record of which this handle is a copy, unless the handle has changed since.
    pub(super) copied: Option<CopiedRecord>,
    /// The session that the record kept when it was last loaded.
    pub(super) kept: Option<Box<Kept>>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) timer: ResendTimer,
}

/// What all handles of one challenge in this instance share.
pub(super) struct Identity {
    pub(super) id: Secret,
    pub(super) key: StoreKey,
    /// The key in hex, by which the records of destinations name the challenge.
    pub(super) name: String,
    /// Whether the challenge was created by this instance, and not resumed by its id.
    pub(super) is_created_here: bool,
    /// Whether a record was ever written or loaded.
    pub(super) stored: AtomicBool,
    pub(super) finished: AtomicBool,
    /// Wrong codes as counted by this instance, which apply while the store fails.
    wrong_codes: Mutex<WrongCodes>,
    /// Counts the states that were saved, so that a retry does not save an outdated one.
    pub(super) saves: AtomicU64,
}

impl Identity {
    fn new(context: &SessionContext, id: Secret, stored: bool) -> Self {
        let key = StoreKey::of_challenge(context.system(), &id);
        Self {
            name: crate::hex::encode(key.as_bytes()),
            id,
            key,
            is_created_here: !stored,
            stored: AtomicBool::new(stored),
            finished: AtomicBool::new(false),
            wrong_codes: Mutex::default(),
            saves: AtomicU64::new(0),
        }
    }

    pub(super) fn random(context: &SessionContext) -> Result<Self, Error> {
        Ok(Self::new(context, context.random_id()?, false))
    }

    pub(super) fn wrong_codes(&self) -> MutexGuard<'_, WrongCodes> {
        let counts = self.wrong_codes.lock();
        counts.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stored record as of the last load.
pub(super) enum ObservedVersion {
    Stored {
        version: Version,
        wrong_codes: WrongCodes,
    },
    NotYetStored,
    Unavailable(StoreError),
}

/// A stored record whose other members a handle has.
#[derive(Clone)]
pub(super) struct CopiedRecord {
    pub(super) version: Version,
    pub(super) wrong_codes: WrongCodes,
}

/// Whether a later retry may succeed. It will not for a record that cannot be read.
pub(super) fn is_outage(error: &StoreError) -> bool {
    !matches!(error, StoreError::Unreadable)
}

pub(super) fn after(now: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    let duration = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(duration)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl<S: Step> ActiveChallenge<S> {
    pub(crate) fn id(&self) -> &Secret {
        &self.identity.id
    }

    pub(crate) fn context(&self) -> Arc<SessionContext> {
        Arc::clone(&self.context)
    }

    pub(crate) fn system(&self) -> System {
        self.context.system()
    }

    pub(super) fn report(&self, progress: ChallengeProgress) {
        let key = &self.identity.key;
        self.context.report_progress(key, S::KIND, progress);
    }

    /// Reports the messages that the user gets with the step.
    pub(super) fn report_messages(&self) {
        for _ in 0..self.step.messages() {
            self.report(ChallengeProgress::MessageSent);
        }
    }

    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// How many codes may still be tried, as far as this instance knows.
    pub(crate) fn tries_left(&self) -> u32 {
        let counted = self.identity.wrong_codes().of(SOLE_CODE);
        let max = self.context.max_wrong_codes();
        max.saturating_sub(counted.max(self.seen_wrong_codes))
    }

    pub(crate) fn timer(&self) -> &ResendTimer {
        &self.timer
    }

    pub(super) fn to_record(&self, wrong_codes: WrongCodes) -> Result<Record, StoreError> {
        let header = RecordHeader {
            audience: self.context.audience().to_owned(),
            kind: S::KIND.to_owned(),
            destination: self.destination.clone(),
            message: self.message,
            wrong_codes,
            expires_at: self.expires_at,
            kept: self.kept.clone(),
        };
        if header.is_finished() {
            return record::write_end(&header);
        }
        record::write(&header, &self.step)
    }

    pub(super) fn time_left(&self) -> Duration {
        let left = self.expires_at - self.context.clock().now();
        left.to_std().unwrap_or_default()
    }

    /// Starts the time to live of the step.
    pub(super) fn restart_time_to_live(&mut self) {
        let time_to_live = self.step.time_to_live(self.context.skewed_clock());
        self.expires_at = after(self.context.clock().now(), time_to_live);
    }

    /// Fails if the step has expired.
    pub(super) fn check_time(&self) -> Result<(), Error> {
        if self.time_left().is_zero() {
            return Err(expired().of(self.system()));
        }
        Ok(())
    }

    /// Fails if the challenge is finished or has expired; adopts a newer step from the store. An
    /// outage of the store is ignored.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.reload().await?;
        self.check_time()
    }

    /// Loads the record and adopts a newer step.
    pub(super) async fn reload(&mut self) -> Result<ObservedVersion, Error> {
        let loaded = self.load().await;
        self.observe(loaded)
    }

    pub(super) async fn load(&self) -> Loaded {
        self.context.load_record(&self.identity.key).await
    }

    /// Writes a record over the version `over`, or creates it.
    pub(super) async fn write_record(
        &self,
        over: Option<Version>,
        record: Record,
        time_to_live: Duration,
    ) -> Result<Version, StoreError> {
        let key = &self.identity.key;
        let written = self
            .context
            .put_record(key, over, record, time_to_live, None);
        written.await
    }

    /// Adopts a newer step from a loaded record.
    pub(super) fn observe(&mut self, loaded: Loaded) -> Result<ObservedVersion, Error> {
        let found = match loaded {
            Ok(found) => found,
            Err(error) if is_outage(&error) => return Ok(ObservedVersion::Unavailable(error)),
            Err(error) => return Err(self.context.store_error(error)),
        };
        let Some((record, version)) = found else {
            return if self.identity.stored.load(Ordering::SeqCst) {
                Err(finished().of(self.system()))
            } else {
                Ok(ObservedVersion::NotYetStored)
            };
        };
        let context = Arc::clone(&self.context);
        let unreadable = |error| context.store_error(error);
        let header = record::read_header(&record).map_err(unreadable)?;
        if header.is_finished() {
            return Err(finished().of(self.system()));
        }
        if header.kind != S::KIND {
            return Err(advanced().of(self.system()));
        }
        // A message of this handle may not be saved yet.
        let is_copied = header.message >= self.message;
        let wrong_codes = self.adopt(&record, header).map_err(unreadable)?;
        self.copied = is_copied.then(|| CopiedRecord {
            version,
            wrong_codes: wrong_codes.clone(),
        });
        Ok(ObservedVersion::Stored {
            version,
            wrong_codes,
        })
    }

    /// Adopts a newer step from a record with `header`, and returns the wrong codes.
    pub(super) fn adopt(
        &mut self,
        record: &Record,
        header: RecordHeader,
    ) -> Result<WrongCodes, StoreError> {
        let local = self.identity.wrong_codes().clone();
        self.kept = header.kept;
        // Codes that were counted by this instance alone, during an outage, still count.
        let mut wrong_codes = header.wrong_codes.clone().max(&local);
        if header.message > self.message {
            wrong_codes = header.wrong_codes;
            self.identity.wrong_codes().clone_from(&wrong_codes);
            self.step = record::read_step(record)?;
            self.message = header.message;
            self.known = self.known.max(header.message);
            self.expires_at = header.expires_at;
        } else if header.message < self.message {
            // The newer message of this handle is not saved yet, so its codes count here alone.
            wrong_codes = local;
        }
        self.seen_wrong_codes = wrong_codes.of(SOLE_CODE);
        Ok(wrong_codes)
    }
}

/// Whether a challenge is finished, as far as its record says.
fn is_ended(found: &Option<(Record, Version)>) -> bool {
    let Some((record, _)) = found else {
        return true;
    };
    record::read_header(record).is_ok_and(|header| header.is_finished())
}

/// A challenge that was loaded by its id.
pub(crate) struct StoredChallenge {
    context: Arc<SessionContext>,
    id: Secret,
    header: RecordHeader,
    record: Record,
    version: Version,
}

impl StoredChallenge {
    pub(crate) async fn load(context: &Arc<SessionContext>, id: &Secret) -> Result<Self, Error> {
        let system = context.system();
        let key = StoreKey::of_challenge(system, id);
        let load = async || {
            let loaded = context.load_record(&key).await;
            loaded.map_err(|error| context.store_error(error))
        };
        let mut found = load().await?;
        // An attempt that is about to end may keep its session in the place of the record.
        if is_ended(&found) && context.attempt_ended(&key).await {
            found = load().await?;
        }
        let Some((record, version)) = found else {
            return Err(not_found().of(system));
        };
        let header = record::read_header(&record).map_err(|error| context.store_error(error))?;
        if header.is_finished() {
            return Err(not_found().of(system));
        }
        if header.audience != context.audience() {
            return Err(wrong_audience().of(system));
        }
        if header.expires_at <= context.clock().now() {
            return Err(not_found().of(system));
        }
        Ok(Self {
            context: context.clone(),
            id: id.clone(),
            header,
            record,
            version,
        })
    }

    /// Whether the challenge is at the step `S`.
    pub(crate) fn is_at<S: Step>(&self) -> bool {
        self.header.kind == S::KIND
    }

    /// Resumes the challenge, which must be at the step `S`.
    pub(crate) async fn resume<S: Step>(self) -> Result<ActiveChallenge<S>, Error> {
        let Self {
            context,
            id,
            header,
            record,
            version,
        } = self;
        if header.kind != S::KIND {
            return Err(not_found().of(context.system()));
        }
        let store_error = |error| context.store_error(error);
        let step = record::read_step(&record).map_err(store_error)?;
        let mut timer = ResendTimer::start(context.clock(), Duration::ZERO);
        if let Some(destination) = &header.destination {
            let found = destination::load(&context, destination).await;
            if let Some(found) = found.map_err(store_error)? {
                timer = found.record.timer(&context);
            }
        }
        Ok(ActiveChallenge {
            identity: Arc::new(Identity::new(&context, id, true)),
            context,
            destination: header.destination,
            step,
            message: header.message,
            known: header.message,
            seen_wrong_codes: header.wrong_codes.of(SOLE_CODE),
            copied: Some(CopiedRecord {
                version,
                wrong_codes: header.wrong_codes,
            }),
            kept: header.kept,
            expires_at: header.expires_at,
            timer,
        })
    }
}

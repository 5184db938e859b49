//! An open challenge: an unfinished sign-in in this process, and its record in the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::destination;
use super::errors::{expired, finished, gone_on, no_such_challenge, of_another_place, superseded};
use super::record::{self, RecordHeader, Step};
use super::resend_timer::ResendTimer;
use crate::error::{Error, ErrorKind, System};
use crate::random;
use crate::secret::Secret;
use crate::session::SessionContext;
use crate::store::{Record, StoreError, StoreKey, Version};

/// A challenge as one caller holds it. What it keeps is as new as its last use; before a key is
/// sent, the store is asked for a newer one.
#[derive(Clone)]
pub(crate) struct ActiveChallenge<S> {
    pub(super) context: Arc<SessionContext>,
    pub(super) identity: Arc<Identity>,
    /// Where messages go, normalised; none for a step that sends none.
    pub(super) destination: Option<String>,
    pub(crate) step: S,
    /// The number of the message that the keys of `step` came with.
    pub(super) message: u64,
    /// The newest message that this handle knows to have been asked for.
    pub(super) known: u64,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) timer: ResendTimer,
}

/// What all handles of one challenge in this process share.
pub(super) struct Identity {
    pub(super) id: Secret,
    pub(super) key: StoreKey,
    /// The key in hex, by which destinations name the challenge.
    pub(super) name: String,
    /// Whether the challenge was made here, and not taken up by its id.
    pub(super) is_own: bool,
    /// Whether there ever was a record.
    pub(super) stored: AtomicBool,
    pub(super) finished: AtomicBool,
    /// Wrong codes as far as this process knows: what counts while the store fails.
    pub(super) wrong_codes: AtomicU32,
    /// Counts the states that were saved, so that an older one is not saved later on.
    pub(super) saves: AtomicU64,
}

impl Identity {
    pub(super) fn new(context: &SessionContext, id: Secret, stored: bool) -> Self {
        let key = StoreKey::of_challenge(context.system(), &id);
        Self {
            name: crate::hex::encode(key.as_bytes()),
            id,
            key,
            is_own: !stored,
            stored: AtomicBool::new(stored),
            finished: AtomicBool::new(false),
            wrong_codes: AtomicU32::new(0),
            saves: AtomicU64::new(0),
        }
    }

    pub(super) fn random(context: &SessionContext) -> Result<Self, Error> {
        let id = random::id().map(Secret::from).map_err(|error| {
            Error::new(ErrorKind::TryLater, "this machine gives no random numbers")
                .of(context.system())
                .with_source(error)
        })?;
        Ok(Self::new(context, id, false))
    }
}

/// What the store says about a challenge.
pub(super) enum ObservedVersion {
    /// Its record, with the codes that were wrong.
    Record { version: Version, wrong_codes: u32 },
    /// It was not saved yet.
    Unsaved,
    /// Nothing: it failed.
    Down(StoreError),
}

/// Whether a store may do better later. One that holds what it cannot read will not.
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

    pub(crate) fn system(&self) -> System {
        self.context.system()
    }

    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    pub(crate) fn timer(&self) -> &ResendTimer {
        &self.timer
    }

    pub(super) fn head(&self, wrong_codes: u32) -> RecordHeader {
        RecordHeader {
            audience: self.context.audience().to_owned(),
            kind: S::KIND.to_owned(),
            destination: self.destination.clone(),
            message: self.message,
            wrong_codes,
            expires_at: self.expires_at,
        }
    }

    pub(super) fn to_record(&self, wrong_codes: u32) -> Result<Record, StoreError> {
        record::write(&self.head(wrong_codes), &self.step)
    }

    pub(super) fn time_left(&self) -> Duration {
        let left = self.expires_at - self.context.clock().now();
        left.to_std().unwrap_or_default()
    }

    pub(super) fn destination_key(&self) -> Option<StoreKey> {
        let destination = self.destination.as_deref()?;
        Some(StoreKey::of_destination(
            self.context.audience(),
            destination,
        ))
    }

    /// Fails if the time of the step is over.
    pub(super) fn check_time(&self) -> Result<(), Error> {
        if self.time_left().is_zero() {
            return Err(expired().of(self.context.system()));
        }
        Ok(())
    }

    /// Takes over what is newer in the store.
    pub(super) async fn look(&mut self) -> Result<ObservedVersion, Error> {
        let system = self.context.system();
        let loaded = self
            .context
            .store_step(self.context.store().load(&self.identity.key));
        let found = match loaded.await {
            Ok(found) => found,
            Err(error) if is_outage(&error) => return Ok(ObservedVersion::Down(error)),
            Err(error) => return Err(self.context.store_error(error)),
        };
        let Some((record, version)) = found else {
            let stored = self.identity.stored.load(Ordering::SeqCst);
            return if stored {
                Err(finished().of(system))
            } else {
                Ok(ObservedVersion::Unsaved)
            };
        };
        let read = |error| self.context.store_error(error);
        let head = record::head_of(&record).map_err(read)?;
        if head.kind != S::KIND {
            return Err(gone_on().of(system));
        }
        let here = &self.identity.wrong_codes;
        // Those that were counted here alone, while the store failed, count on.
        let mut wrong_codes = head.wrong_codes.max(here.load(Ordering::SeqCst));
        if head.message > self.message {
            wrong_codes = head.wrong_codes;
            here.store(wrong_codes, Ordering::SeqCst);
            self.step = record::step_of(&record).map_err(read)?;
            self.message = head.message;
            self.known = self.known.max(head.message);
            self.expires_at = head.expires_at;
        } else if head.message < self.message {
            // What is newer here could not be saved yet, and its code was never guessed elsewhere.
            wrong_codes = here.load(Ordering::SeqCst);
        }
        Ok(ObservedVersion::Record {
            version,
            wrong_codes,
        })
    }

    /// Fails if the challenge is finished or over, and takes over what is newer in the store. A
    /// store that fails now does not say so.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.look().await?;
        self.check_time()
    }

    /// Fails if another challenge has a newer message for the same destination. A store that fails
    /// now does not say so.
    pub(super) async fn check_newest(&self) -> Result<(), Error> {
        let Some(key) = self.destination_key() else {
            return Ok(());
        };
        let name = &self.identity.name;
        let looked = destination::is_superseded(&self.context, &key, name, self.message);
        match looked.await {
            Ok(true) => Err(superseded().of(self.context.system())),
            Ok(false) => Ok(()),
            Err(error) if is_outage(&error) => Ok(()),
            Err(error) => Err(self.context.store_error(error)),
        }
    }
}

/// A stored challenge that was found by its id.
pub(crate) struct StoredChallenge {
    context: Arc<SessionContext>,
    id: Secret,
    head: RecordHeader,
    record: Record,
}

impl StoredChallenge {
    /// Looks for the challenge with this id.
    pub(crate) async fn by_id(context: &Arc<SessionContext>, id: &Secret) -> Result<Self, Error> {
        let system = context.system();
        let key = StoreKey::of_challenge(system, id);
        let loaded = context.store_step(context.store().load(&key)).await;
        let found = loaded.map_err(|error| context.store_error(error))?;
        let Some((record, _)) = found else {
            return Err(no_such_challenge().of(system));
        };
        let head = record::head_of(&record).map_err(|error| context.store_error(error))?;
        if head.audience != context.audience() {
            return Err(of_another_place().of(system));
        }
        if head.expires_at <= context.clock().now() {
            return Err(no_such_challenge().of(system));
        }
        Ok(Self {
            context: context.clone(),
            id: id.clone(),
            head,
            record,
        })
    }

    /// Whether it waits for this step.
    pub(crate) fn is<S: Step>(&self) -> bool {
        self.head.kind == S::KIND
    }

    /// The challenge, which must wait for this step.
    pub(crate) async fn open<S: Step>(self) -> Result<ActiveChallenge<S>, Error> {
        let context = self.context;
        if self.head.kind != S::KIND {
            return Err(no_such_challenge().of(context.system()));
        }
        let step = record::step_of(&self.record).map_err(|error| context.store_error(error))?;
        let identity = Identity::new(&context, self.id, true);
        let mut open = ActiveChallenge {
            timer: ResendTimer::start(context.clock(), Duration::ZERO),
            context,
            identity: Arc::new(identity),
            destination: self.head.destination,
            step,
            message: self.head.message,
            known: self.head.message,
            expires_at: self.head.expires_at,
        };
        if let Some(key) = open.destination_key() {
            let timer = destination::timer(&open.context, &key).await;
            let timer = timer.map_err(|error| open.context.store_error(error))?;
            if let Some(timer) = timer {
                open.timer = timer;
            }
        }
        Ok(open)
    }
}

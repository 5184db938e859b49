//! The state of a session in this instance.

use std::num::{NonZeroI64, NonZeroU32};
use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

#[cfg(feature = "fynd")]
use super::cookie_jar::CookieJar;
use super::credential::{Credential, TokenFingerprint};
use super::lineage::Lineage;
use super::outcomes::RefreshReceiver;
use super::record::{RefreshRecord, SessionRecord, UserHints};
use crate::end_reason::EndReason;
use crate::pipeline::{CredentialGeneration, Settings};
use crate::random;
use crate::skewed_clock::SkewedClock;
use crate::store::{Fence, Record, Version};

/// A token that expires sooner than this is not sent: it could expire on the way. For a token with
/// a short life it is a tenth of that life.
const EXPIRY_LEEWAY: Duration = Duration::from_secs(5);

/// How long a credential is new. Within that time a rejection may be a replica's that does not have it
/// yet.
const NEW_FOR: TimeDelta = TimeDelta::seconds(10);

/// Upper bound for how long before its expiry a token is refreshed.
const MAX_REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// How long after its creation here a session whose record is missing was lost by the store, and not
/// ended: its end would have left a marker.
const LOST_WITHIN: Duration = Duration::from_secs(10);

/// How long no further save is started after those in the background were given up.
const SAVE_PAUSE: Duration = Duration::from_secs(30);

/// What one instance knows of a session.
pub(super) struct State {
    pub(super) credential: Credential,
    /// When the credential was received, by this machine's clock.
    pub(super) received_at: Millis,
    /// Counts the credentials that the session has had in this instance.
    pub(super) generation: CredentialGeneration,
    /// The version of the stored record that the credential was read from or written to; `None`
    /// before the first write.
    pub(super) version: Option<Version>,
    /// The writes that led to that record.
    pub(super) lineage: Lineage,
    /// When this instance stored the session for the first time, if it created the session.
    pub(super) created_at: Option<Uptime>,
    /// When the session ends, however much it is used, in seconds of Unix time.
    ends_at: Option<NonZeroI64>,
    /// Why the session has ended.
    pub(super) ended: Option<EndReason>,
    /// When the record was last seen in the store, by this machine's clock.
    pub(super) validated_at: Millis,
    /// Whether the store lacks the newest credential.
    pub(super) unsaved: bool,
    /// Whether a background task retries the save.
    pub(super) is_saving_later: bool,
    /// Whether this instance stored the credential first: after a sign-in, an import or a refresh. Otherwise
    /// another instance may have replaced it again.
    pub(super) is_own: bool,
    /// Whether the server has rejected the credential.
    pub(super) rejected: bool,
    /// Why the server has refused to refresh the credential, even if that is not stored.
    pub(super) refused: Option<EndReason>,
    /// When the record was last written, as far as this instance knows.
    pub(super) written_at: Millis,
    /// Whether the store lacks the language.
    pub(super) has_new_language: bool,
    /// From 0 to 1: sessions that were created together are refreshed at different times.
    refresh_jitter: f32,
    refresh_state: Option<Box<RefreshState>>,
    extras: Option<Box<Extras>>,
}

/// The part of the state that most sessions of tokens do not have. GoodCity's have the phone.
#[derive(Default)]
struct Extras {
    user: UserHints,
    /// The cookies in the store, to tell which have changed here since.
    #[cfg(feature = "fynd")]
    stored_jar: Option<CookieJar>,
}

/// A time by this machine's clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Millis(i64);

impl Millis {
    pub(super) fn get(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Millis {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_millis())
    }
}

/// A time since the client was built, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Uptime(NonZeroU32);

impl Uptime {
    pub(super) fn of(uptime: Duration) -> Self {
        let seconds = u32::try_from(uptime.as_secs()).unwrap_or(u32::MAX);
        Self(NonZeroU32::MIN.saturating_add(seconds))
    }

    /// How long ago it was, to the second.
    fn elapsed(self, now: Self) -> Duration {
        Duration::from_secs(now.0.get().saturating_sub(self.0.get()).into())
    }
}

/// The part of the state that only exists during a refresh or after a failure: an idle session
/// needs no memory for it.
#[derive(Default)]
pub(super) struct RefreshState {
    /// The refresh that is running.
    pub(super) running: Option<RefreshReceiver>,
    /// Whether the exchange has been sent, so that its response must be awaited.
    pub(super) exchanging: bool,
    /// New credential that is being saved and not used yet.
    pub(super) pending: Option<Credential>,
    /// What is stored about the refresh of the credential.
    pub(super) record: RefreshRecord,
    /// The refresh token that this instance itself has marked as sent.
    pub(super) marked: Option<TokenFingerprint>,
    /// The refresh token that was exchanged for the credential, until that is saved.
    pub(super) replaced: Option<TokenFingerprint>,
    /// A credential that a record of another branch has replaced: used if the server refuses to
    /// refresh the one in that record.
    pub(super) alternative: Option<Credential>,
    /// When the saves in the background were given up.
    pub(super) save_abandoned_at: Option<Instant>,
    /// The lease that is kept until the newest credential is saved.
    pub(super) kept_lease: Option<Fence>,
    /// Until when the lease is certain to be held.
    pub(super) lease_end: Option<Instant>,
    /// How many refreshes have failed in a row.
    pub(super) failures: u32,
    /// No refresh before this time.
    pub(super) backoff_until: Option<Instant>,
    /// No early refresh before this time.
    pub(super) no_early_refresh_before: Option<DateTime<Utc>>,
    /// When a revalidation last failed.
    pub(super) revalidation_failed_at: Option<Instant>,
    /// The calls that the server rejected in unknown words, with no success in between.
    pub(super) rejected_calls: UnknownRejections,
    /// The refreshes that the server refused in unknown words.
    pub(super) refused_refreshes: UnknownRejections,
    /// When the server first refused the refresh in words that count if they come again.
    pub(super) refused_at: Option<DateTime<Utc>>,
    /// No refresh before this time, by this machine's clock: the server has just refused one.
    pub(super) no_refresh_before: Option<DateTime<Utc>>,
    /// The operations that the server refused with a credential that had just been refreshed, and when:
    /// another refresh would not help them.
    pub(super) refused_operations: Vec<RefusedOperation>,
}

/// An operation that the server refused with a credential that had just been refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RefusedOperation {
    pub(super) operation: u64,
    pub(super) generation: CredentialGeneration,
    pub(super) at: DateTime<Utc>,
}

/// Rejections in words that the description does not have, and which end a session only if they last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UnknownRejections {
    count: u32,
    first: Option<DateTime<Utc>>,
}

impl UnknownRejections {
    /// Counts one; tells whether they have lasted long enough to end the session.
    pub(super) fn count(&mut self, now: DateTime<Utc>, settings: &Settings) -> bool {
        let first = *self.first.get_or_insert(now);
        self.count = self.count.saturating_add(1);
        let lasted = (now - first).to_std().unwrap_or_default();
        self.count >= settings.max_unknown_rejections && lasted >= settings.unknown_rejection_period
    }
}

static UNKNOWN: UserHints = UserHints {
    login_hint: None,
    language: None,
};
static IDLE: LazyLock<RefreshState> = LazyLock::new(RefreshState::default);

impl RefreshState {
    fn is_idle(&self) -> bool {
        let Self {
            running: None,
            exchanging: false,
            pending: None,
            record,
            marked: None,
            replaced: None,
            alternative: None,
            save_abandoned_at: None,
            kept_lease: None,
            lease_end: None,
            failures: 0,
            backoff_until: None,
            no_early_refresh_before: None,
            revalidation_failed_at: None,
            rejected_calls,
            refused_refreshes,
            refused_at: None,
            no_refresh_before: None,
            refused_operations,
        } = self
        else {
            return false;
        };
        *record == IDLE.record
            && *rejected_calls == UnknownRejections::default()
            && *refused_refreshes == UnknownRejections::default()
            && refused_operations.is_empty()
    }
}

impl State {
    /// The state of a session whose record has this version, or is not stored yet.
    pub(super) fn new(record: SessionRecord, version: Option<Version>, time: &SkewedClock) -> Self {
        let written_at = record.written_at();
        let received_at = record.received_at();
        #[cfg(feature = "fynd")]
        let stored_jar = match &record.credential {
            Credential::Cookies(jar) if version.is_some() => Some(jar.clone()),
            _ => None,
        };
        let extras = Extras {
            user: record.user,
            #[cfg(feature = "fynd")]
            stored_jar,
        };
        let mut state = Self {
            credential: record.credential,
            received_at: received_at.into(),
            generation: CredentialGeneration(0),
            // A record that may not be stored is no ancestor of the one that will be.
            lineage: if version.is_some() {
                record.lineage
            } else {
                Lineage::default()
            },
            version,
            created_at: None,
            ends_at: None,
            ended: None,
            validated_at: time.local_now().into(),
            unsaved: false,
            is_saving_later: false,
            is_own: false,
            rejected: false,
            refused: None,
            written_at: written_at.into(),
            has_new_language: false,
            refresh_jitter: refresh_jitter(),
            refresh_state: None,
            extras: extras.is_used().then(|| Box::new(extras)),
        };
        state.set_ends_at(record.ends_at);
        state.update_refresh(|refresh_state| refresh_state.record = record.refresh);
        state
    }

    /// What is known of the user. Calls are sent with the language unless the caller sets another.
    pub(super) fn user(&self) -> &UserHints {
        self.extras
            .as_deref()
            .map_or(&UNKNOWN, |extras| &extras.user)
    }

    pub(super) fn set_language(&mut self, language: Option<String>) {
        if language != self.user().language {
            self.extras.get_or_insert_default().user.language = language;
        }
    }

    /// The cookies in the store.
    #[cfg(feature = "fynd")]
    pub(super) fn stored_jar(&self) -> Option<&CookieJar> {
        self.extras.as_deref()?.stored_jar.as_ref()
    }

    #[cfg(feature = "fynd")]
    pub(super) fn set_stored_jar(&mut self, jar: CookieJar) {
        self.extras.get_or_insert_default().stored_jar = Some(jar);
    }

    /// When the session ends, however much it is used, in seconds of Unix time.
    pub(super) fn ends_at(&self) -> Option<i64> {
        self.ends_at.map(NonZeroI64::get)
    }

    pub(super) fn set_ends_at(&mut self, end: Option<i64>) {
        // 0 cannot be represented, and a second earlier is as long past.
        self.ends_at = end.and_then(|end| NonZeroI64::new(if end == 0 { -1 } else { end }));
    }

    pub(super) fn refresh_state(&self) -> &RefreshState {
        self.refresh_state.as_deref().unwrap_or(&IDLE)
    }

    /// Whether the session is live and stored, and nothing has failed or is running.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.refresh_state.is_none()
            && self.version.is_some()
            && self.ended.is_none()
            && !self.unsaved
            && !self.rejected
            && self.refused.is_none()
    }

    /// Changes the refresh state, and drops it once it is idle.
    pub(super) fn update_refresh<T>(&mut self, change: impl FnOnce(&mut RefreshState) -> T) -> T {
        let refresh_state = self.refresh_state.get_or_insert_default();
        let changed = change(refresh_state);
        if refresh_state.is_idle() {
            self.refresh_state = None;
        }
        changed
    }

    /// Replaces the credential; earlier refusals were about the former one.
    /// `received_at` is the time by this machine's clock.
    pub(super) fn set_credential(&mut self, credential: Credential, received_at: DateTime<Utc>) {
        self.credential = credential;
        self.received_at = received_at.into();
        self.generation.0 += 1;
        self.rejected = false;
        self.refused = None;
        self.update_refresh(|refresh_state| {
            refresh_state.record = RefreshRecord::default();
            refresh_state.marked = None;
            refresh_state.replaced = None;
            refresh_state.alternative = None;
            refresh_state.no_early_refresh_before = None;
            refresh_state.rejected_calls = UnknownRejections::default();
            refresh_state.refused_refreshes = UnknownRejections::default();
            refresh_state.refused_at = None;
            refresh_state.no_refresh_before = None;
        });
        self.refresh_jitter = refresh_jitter();
    }

    /// Keeps the text of this credential in the record that it was written to, if a store in memory holds
    /// that.
    pub(super) fn share(&mut self, credential: &Credential, record: &Record) {
        if self.credential == *credential {
            self.credential.share(record);
        } else if self.refresh_state().pending.as_ref() == Some(credential) {
            self.update_refresh(|refresh_state| {
                if let Some(pending) = &mut refresh_state.pending {
                    pending.share(record);
                }
            });
        }
    }

    /// Keeps a credential that was replaced, in case the server refuses the one that replaced it.
    pub(super) fn keep_as_alternative(&mut self, credential: Credential) {
        if credential.fingerprint().is_some() && credential != self.credential {
            self.update_refresh(|refresh_state| refresh_state.alternative = Some(credential));
        }
    }

    /// Uses the alternative to a credential that the server has refused; returns whether there was
    /// one.
    pub(super) fn use_alternative(&mut self, now: DateTime<Utc>) -> bool {
        let alternative = self.update_refresh(|refresh_state| refresh_state.alternative.take());
        let Some(alternative) = alternative else {
            return false;
        };
        // It is no new credential.
        self.set_credential(alternative, now - NEW_FOR);
        true
    }

    /// The newest credential and what is to be stored about its refresh. A pending credential
    /// counts.
    pub(super) fn newest(&self) -> (Credential, RefreshRecord) {
        let refresh_state = self.refresh_state();
        match &refresh_state.pending {
            Some(pending) => (pending.clone(), RefreshRecord::default()),
            None => (self.credential.clone(), refresh_state.record.clone()),
        }
    }

    /// Whether the server refuses to refresh the credential.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some() || self.refresh_state().record.refused
    }

    /// The refresh that is running, unless its task is gone.
    pub(super) fn running_refresh(&self) -> Option<RefreshReceiver> {
        let running = self.refresh_state().running.as_ref()?;
        running.has_changed().is_ok().then(|| running.clone())
    }

    /// Whether the language or cookies have changed since the store last had them.
    pub(super) fn has_unsaved_changes(&self) -> bool {
        #[cfg(feature = "fynd")]
        if let Credential::Cookies(jar) = &self.credential {
            return self.has_new_language || self.stored_jar() != Some(jar);
        }
        self.has_new_language
    }

    /// Records that the store lacks a change; returns whether a save must be started for it.
    #[cfg(any(feature = "goodcity", feature = "fynd"))]
    pub(super) fn must_save(&mut self) -> bool {
        // A save that is already running or due includes the change.
        !std::mem::replace(&mut self.unsaved, true)
    }

    /// Whether the session has reached its absolute timeout. `now` is the local time.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ends_at().is_some_and(|end| end <= now.timestamp())
    }

    /// Whether the credential could expire on the way to the server.
    pub(super) fn is_stale(&self, now: DateTime<Utc>, time: &SkewedClock) -> bool {
        self.expires_within(now, time, EXPIRY_LEEWAY, 10)
    }

    /// Whether a credential that is still valid should be refreshed now.
    pub(super) fn is_due_for_early_refresh(
        &self,
        now: DateTime<Utc>,
        time: &SkewedClock,
        before: Duration,
    ) -> bool {
        let not_before = self.refresh_state().no_early_refresh_before;
        if not_before.is_some_and(|then| now < then) {
            return false;
        }
        let before = before.min(MAX_REFRESH_BEFORE_EXPIRY);
        let before = before.mul_f64(1.0 + f64::from(self.refresh_jitter) / 4.0);
        self.expires_within(now, time, before, 4)
    }

    /// Whether the credential was received so recently that not all of the server may know it.
    pub(super) fn is_new(&self, local_now: DateTime<Utc>) -> bool {
        let age = local_now - self.received_at.get();
        age >= TimeDelta::zero() && age < NEW_FOR
    }

    /// Whether the credential expires within the time `left`, or within `1 / part` of its life if that
    /// is shorter.
    fn expires_within(
        &self,
        now: DateTime<Utc>,
        time: &SkewedClock,
        left: Duration,
        part: i32,
    ) -> bool {
        let Some(end) = self.credential.expires_at(time) else {
            return false;
        };
        // Whole seconds are exact enough for nearly every call, and cheaper.
        let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
        if end.timestamp().saturating_sub(now.timestamp()) > seconds.saturating_add(1) {
            return false;
        }
        let left = TimeDelta::from_std(left).unwrap_or(TimeDelta::MAX);
        let life = (end - time.at(self.received_at.get())).max(TimeDelta::zero());
        end - now <= left.min(life / part)
    }

    /// Whether this instance stored the session so recently that a missing record was lost.
    pub(super) fn is_newly_created(&self, now: Uptime) -> bool {
        let created_at = self.created_at.filter(|_| self.ended.is_none());
        created_at.is_some_and(|then| then.elapsed(now) < LOST_WITHIN)
    }

    /// Whether a save that was given up must be tried again, because the session is used.
    pub(super) fn must_resume_saving(&self) -> bool {
        let abandoned_at = self.refresh_state().save_abandoned_at;
        self.unsaved
            && !self.is_saving_later
            && self.ended.is_none()
            && abandoned_at.is_some_and(|then| then.elapsed() >= SAVE_PAUSE)
    }

    /// Whether the record must be read again, or saved, before the credential is used.
    pub(super) fn needs_revalidation(&self, now: DateTime<Utc>, after: Duration) -> bool {
        if self.version.is_none() || self.ended.is_some() || self.unsaved {
            return self.must_resume_saving();
        }
        // After a clock was set back the age is unknown.
        let age = (now - self.validated_at.get()).to_std();
        !age.is_ok_and(|age| age < after)
    }
}

impl Extras {
    fn is_used(&self) -> bool {
        #[cfg(feature = "fynd")]
        if self.stored_jar.is_some() {
            return true;
        }
        self.user != UNKNOWN
    }
}

/// Exact enough for a jitter.
#[allow(clippy::cast_possible_truncation)]
fn refresh_jitter() -> f32 {
    random::fraction() as f32
}

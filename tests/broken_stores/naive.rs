//! A store written as plainly as can be, with a switch for each mistake that one can make.

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use vestibule::BoxFuture;
use vestibule::session::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

macro_rules! faults {
    ($($fault:ident),* $(,)?) => {
        /// What the store does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($fault),* }

        pub const FAULTS: &[Fault] = &[$(Fault::$fault),*];
    };
}

faults![
    LoadsAnotherVersion,
    LoadsGhosts,
    TakesEmptyForNothing,
    KeepsTextOnly,
    CutsLongRecords,
    ConfusesKeys,
    CreatesOverRecords,
    ChecksThenCreates,
    SwapsKeepTheBody,
    SwapsAnyVersion,
    SwapsNewerVersions,
    SwapsWithoutRecord,
    ChecksThenSwaps,
    KeepsDeletedRecords,
    DeletesWithErrors,
    VersionsStandStill,
    VersionsStartAnew,
    RecordsStay,
    RecordsGoEarly,
    SwapsKeepTheTime,
    ExpiredRecordsBlock,
    ZeroIsForEver,
    LongTimesPanic,
    LeasesStay,
    LeasesGoEarly,
    ExtendsNothing,
    ExtendsWhatIsOver,
    ExtendsForAnybody,
    ReleasesForAnybody,
    ReleasesNothing,
    ReleasesWithErrors,
    LeasesForAll,
    ChecksThenLeases,
    LeasesNeedRecords,
    LeasesTouchRecords,
    FencesStartAnew,
    DeletionsForgetFences,
    DeletionsEndLeases,
    IgnoresFences,
    RefusesFences,
    WantsFences,
    WantsRunningLeases,
    FencesExcuseVersions,
    LooksAtVersionsFirst,
    TakesNewerFences,
    TakesFencesBeforeLeases,
    TakesFencesOfOtherKeys,
];

#[derive(Default)]
struct State {
    records: HashMap<StoreKey, (Vec<u8>, u64, Instant)>,
    leases: HashMap<StoreKey, (u64, Instant)>,
    last: u64,
}

pub struct Naive {
    fault: Option<Fault>,
    state: Mutex<State>,
}

impl Naive {
    pub fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            state: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn key(&self, key: &StoreKey) -> StoreKey {
        let mut bytes = *key.as_bytes();
        if self.has(Fault::ConfusesKeys) {
            bytes[8..].fill(0);
        }
        StoreKey::new(bytes)
    }

    fn end(&self, time_to_live: Duration, early: Fault) -> Instant {
        let year = Duration::from_secs(365 * 24 * 3600);
        assert!(!self.has(Fault::LongTimesPanic) || time_to_live < 100 * year);
        let time_to_live = match time_to_live {
            Duration::ZERO if self.has(Fault::ZeroIsForEver) => year,
            short if self.has(early) => short / 4,
            other => other.min(year),
        };
        Instant::now() + time_to_live
    }

    fn body(&self, record: &Record) -> Vec<u8> {
        let mut body = record.expose().to_vec();
        if self.has(Fault::KeepsTextOnly) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        if self.has(Fault::CutsLongRecords) {
            body.truncate(65_535);
        }
        body
    }

    fn is_over(&self, end: Instant, stays: Fault) -> bool {
        end <= Instant::now() && !self.has(stays)
    }

    fn version(&self, state: &State, key: &StoreKey) -> Option<u64> {
        let (_, version, end) = state.records.get(key)?;
        (!self.is_over(*end, Fault::RecordsStay)).then_some(*version)
    }

    fn running(&self, state: &State, key: &StoreKey) -> Option<u64> {
        let (fence, end) = state.leases.get(key)?;
        (!self.is_over(*end, Fault::LeasesStay)).then_some(*fence)
    }

    fn put(&self, state: &mut State, key: StoreKey, body: Vec<u8>, end: Instant) -> Version {
        state.last += 1;
        let mut version = state.last;
        let before = state.records.get(&key).map(|(_, version, _)| *version);
        if self.has(Fault::VersionsStandStill) {
            version = before.unwrap_or(version);
        }
        if self.has(Fault::VersionsStartAnew) {
            version = self.version(state, &key).unwrap_or(0) + 1;
        }
        state.records.insert(key, (body, version, end));
        Version(version)
    }

    fn check_create(&self, state: &State, key: &StoreKey) -> Result<(), StoreError> {
        let there = match self.has(Fault::ExpiredRecordsBlock) {
            true => state.records.contains_key(key),
            false => self.version(state, key).is_some(),
        };
        match there && !self.has(Fault::CreatesOverRecords) {
            true => Err(StoreError::Exists),
            false => Ok(()),
        }
    }

    fn check_fence(&self, state: &State, key: &StoreKey, fence: Fence) -> bool {
        let newest = match self.has(Fault::TakesFencesOfOtherKeys) {
            true => state.leases.values().map(|(fence, _)| *fence).max(),
            false => state.leases.get(key).map(|(fence, _)| *fence),
        };
        let newest = match self.has(Fault::WantsRunningLeases) {
            true => self.running(state, key),
            false => newest,
        };
        match newest {
            _ if self.has(Fault::IgnoresFences) => true,
            _ if self.has(Fault::RefusesFences) => false,
            None => self.has(Fault::TakesFencesBeforeLeases),
            Some(newest) if self.has(Fault::TakesNewerFences) => fence.0 >= newest,
            Some(newest) => fence.0 == newest,
        }
    }

    fn check_swap(
        &self,
        state: &State,
        key: &StoreKey,
        expected: Version,
        fence: Option<Fence>,
    ) -> Result<(), StoreError> {
        let right_fence = match fence {
            Some(fence) => self.check_fence(state, key, fence),
            None => !self.has(Fault::WantsFences) || self.running(state, key).is_none(),
        };
        let right_version = match self.version(state, key) {
            None => self.has(Fault::SwapsWithoutRecord),
            Some(_) if self.has(Fault::SwapsAnyVersion) => true,
            Some(_) if self.has(Fault::FencesExcuseVersions) && fence.is_some() => true,
            Some(version) if self.has(Fault::SwapsNewerVersions) => expected.0 >= version,
            Some(version) => version == expected.0,
        };
        match (right_fence, right_version) {
            (false, false) if self.has(Fault::LooksAtVersionsFirst) => Err(StoreError::Conflict),
            (false, _) => Err(StoreError::LeaseLost),
            (true, false) => Err(StoreError::Conflict),
            (true, true) => Ok(()),
        }
    }

    /// Checks under the lock and lets go of it before anything depends on that, if that is the
    /// mistake.
    async fn check_first(
        &self,
        fault: Fault,
        check: impl Fn(&State) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.has(fault) {
            check(&self.state.lock().unwrap())?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(io::ErrorKind::NotFound)
}

impl SessionStore for Naive {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let state = self.state.lock().unwrap();
            let Some(version) = self.version(&state, &key) else {
                let ghost = (Record::new(Vec::new()), Version(0));
                return Ok(self.has(Fault::LoadsGhosts).then_some(ghost));
            };
            let body = state.records[&key].0.clone();
            if body.is_empty() && self.has(Fault::TakesEmptyForNothing) {
                return Ok(None);
            }
            let wrong = u64::from(self.has(Fault::LoadsAnotherVersion));
            Ok(Some((Record::new(body), Version(version + wrong))))
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let check = |state: &State| self.check_create(state, &key);
            self.check_first(Fault::ChecksThenCreates, check).await?;
            let end = self.end(time_to_live, Fault::RecordsGoEarly);
            let mut state = self.state.lock().unwrap();
            if !self.has(Fault::ChecksThenCreates) {
                check(&state)?;
            }
            Ok(self.put(&mut state, key, self.body(&record), end))
        })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let check = |state: &State| self.check_swap(state, &key, expected, fence);
            self.check_first(Fault::ChecksThenSwaps, check).await?;
            let mut end = self.end(time_to_live, Fault::RecordsGoEarly);
            let mut body = self.body(&record);
            let mut state = self.state.lock().unwrap();
            if !self.has(Fault::ChecksThenSwaps) {
                check(&state)?;
            }
            if let Some((old, _, old_end)) = state.records.get(&key) {
                if self.has(Fault::SwapsKeepTheBody) {
                    body.clone_from(old);
                }
                if self.has(Fault::SwapsKeepTheTime) {
                    end = *old_end;
                }
            }
            Ok(self.put(&mut state, key, body, end))
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let mut state = self.state.lock().unwrap();
            if self.version(&state, &key).is_none() && self.has(Fault::DeletesWithErrors) {
                return Err(unavailable());
            }
            if self.has(Fault::DeletionsEndLeases) || self.has(Fault::DeletionsForgetFences) {
                state.leases.remove(&key);
            }
            if !self.has(Fault::KeepsDeletedRecords) {
                state.records.remove(&key);
            }
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let check = |state: &State| match self.running(state, &key).is_some()
                && !self.has(Fault::LeasesForAll)
            {
                true => Err(StoreError::LeaseLost),
                false => Ok(()),
            };
            let checked = self.check_first(Fault::ChecksThenLeases, check).await;
            let end = self.end(time_to_live, Fault::LeasesGoEarly);
            let mut state = self.state.lock().unwrap();
            let atomic = !self.has(Fault::ChecksThenLeases);
            if checked.is_err() || (atomic && check(&state).is_err()) {
                return Ok(None);
            }
            if self.has(Fault::LeasesNeedRecords) && self.version(&state, &key).is_none() {
                return Err(unavailable());
            }
            state.last += 1;
            let last = state.last;
            if self.has(Fault::LeasesTouchRecords)
                && let Some((_, version, _)) = state.records.get_mut(&key)
            {
                *version = last;
            }
            let fence = match self.has(Fault::FencesStartAnew) {
                true => 1,
                false if self.has(Fault::DeletionsForgetFences) => {
                    state.leases.get(&key).map_or(1, |(fence, _)| fence + 1)
                }
                false => last,
            };
            state.leases.insert(key, (fence, end));
            Ok(Some(Fence(fence)))
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let new = self.end(time_to_live, Fault::LeasesGoEarly);
            let mut state = self.state.lock().unwrap();
            let runs = self.running(&state, &key).is_some();
            let Some((newest, end)) = state.leases.get_mut(&key) else {
                return Err(StoreError::LeaseLost);
            };
            let ours = *newest == fence.0 || self.has(Fault::ExtendsForAnybody);
            if !ours || !(runs || self.has(Fault::ExtendsWhatIsOver)) {
                return Err(StoreError::LeaseLost);
            }
            if !self.has(Fault::ExtendsNothing) {
                *end = new;
            }
            Ok(())
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let mut state = self.state.lock().unwrap();
            let running = self.running(&state, &key);
            if running != Some(fence.0) && self.has(Fault::ReleasesWithErrors) {
                return Err(StoreError::LeaseLost);
            }
            let ours = running == Some(fence.0) || self.has(Fault::ReleasesForAnybody);
            if ours
                && !self.has(Fault::ReleasesNothing)
                && let Some((_, end)) = state.leases.get_mut(&key)
            {
                *end = Instant::now();
            }
            Ok(())
        })
    }
}

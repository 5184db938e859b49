//! A minimal store with a switch for each fault.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;
use vestibule::store::{Fence, Record, StoreError, StoreKey, Version};

use super::fault::Fault;

#[derive(Default)]
pub struct State {
    pub records: HashMap<StoreKey, (Vec<u8>, u64, Instant)>,
    pub leases: HashMap<StoreKey, (u64, Instant)>,
    pub last: u64,
}

pub struct FaultyStore {
    fault: Option<Fault>,
    pub state: Mutex<State>,
}

impl FaultyStore {
    pub fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            state: Mutex::default(),
        }
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    pub fn key(&self, key: &StoreKey) -> StoreKey {
        let mut bytes = *key.as_bytes();
        if self.has(Fault::ConfusesKeys) {
            bytes[8..].fill(0);
        }
        StoreKey::new(bytes)
    }

    pub fn end(&self, time_to_live: Duration, early: Fault) -> Instant {
        let year = Duration::from_secs(365 * 24 * 3600);
        assert!(!self.has(Fault::LongTimesPanic) || time_to_live < 100 * year);
        let time_to_live = match time_to_live {
            Duration::ZERO if self.has(Fault::ZeroNeverExpires) => year,
            short if self.has(early) => short / 4,
            other => other.min(year),
        };
        Instant::now() + time_to_live
    }

    pub fn body(&self, record: &Record) -> Vec<u8> {
        let mut body = record.expose().to_vec();
        if self.has(Fault::KeepsTextOnly) {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        if self.has(Fault::CutsLongRecords) {
            body.truncate(65_535);
        }
        body
    }

    pub fn is_expired(&self, end: Instant, stays: Fault) -> bool {
        end <= Instant::now() && !self.has(stays)
    }

    pub fn version(&self, state: &State, key: &StoreKey) -> Option<u64> {
        let (_, version, end) = state.records.get(key)?;
        (!self.is_expired(*end, Fault::RecordsStay)).then_some(*version)
    }

    pub fn running(&self, state: &State, key: &StoreKey) -> Option<u64> {
        let (fence, end) = state.leases.get(key)?;
        (!self.is_expired(*end, Fault::LeasesStay)).then_some(*fence)
    }

    pub fn put(&self, state: &mut State, key: StoreKey, body: Vec<u8>, end: Instant) -> Version {
        state.last += 1;
        let mut version = state.last;
        let before = state.records.get(&key).map(|(_, version, _)| *version);
        if self.has(Fault::VersionsStandStill) {
            version = before.unwrap_or(version);
        }
        if self.has(Fault::VersionsRestart) {
            version = self.version(state, &key).unwrap_or(0) + 1;
        }
        state.records.insert(key, (body, version, end));
        Version(version)
    }

    pub fn check_create(&self, state: &State, key: &StoreKey) -> Result<(), StoreError> {
        let there = match self.has(Fault::ExpiredRecordsBlock) {
            true => state.records.contains_key(key),
            false => self.version(state, key).is_some(),
        };
        match there && !self.has(Fault::CreatesOverRecords) {
            true => Err(StoreError::Exists),
            false => Ok(()),
        }
    }

    pub fn check_fence(&self, state: &State, key: &StoreKey, fence: Fence) -> bool {
        let newest = match self.has(Fault::AcceptsFencesOfOtherKeys) {
            true => state.leases.values().map(|(fence, _)| *fence).max(),
            false => state.leases.get(key).map(|(fence, _)| *fence),
        };
        let newest = match self.has(Fault::RequiresRunningLeases) {
            true => self.running(state, key),
            false => newest,
        };
        match newest {
            _ if self.has(Fault::IgnoresFences) => true,
            _ if self.has(Fault::RefusesFences) => false,
            None => self.has(Fault::AcceptsFencesBeforeLeases),
            Some(newest) if self.has(Fault::AcceptsNewerFences) => fence.0 >= newest,
            Some(newest) => fence.0 == newest,
        }
    }

    pub fn check_swap(
        &self,
        state: &State,
        key: &StoreKey,
        expected: Version,
        fence: Option<Fence>,
    ) -> Result<(), StoreError> {
        let right_fence = match fence {
            Some(fence) => self.check_fence(state, key, fence),
            None => !self.has(Fault::RequiresFences) || self.running(state, key).is_none(),
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

    /// With this fault, checks under the lock and releases it before the write that depends on the
    /// check.
    pub async fn check_first(
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

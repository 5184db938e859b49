//! The operations of the faulty store.

use std::io;
use std::time::Duration;

use tokio::time::Instant;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use super::fault::Fault;
use super::faulty_store::{FaultyStore, State};

fn unavailable() -> StoreError {
    StoreError::Unavailable(io::ErrorKind::NotFound)
}

impl SessionStore for FaultyStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let key = self.key(key);
            let state = self.state.lock().unwrap();
            let Some(version) = self.version(&state, &key) else {
                let phantom = (Record::new(Vec::new()), Version(0));
                return Ok(self.has(Fault::LoadsNonexistentRecords).then_some(phantom));
            };
            let body = state.records[&key].0.clone();
            if body.is_empty() && self.has(Fault::TreatsEmptyAsMissing) {
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
            let end = self.end(time_to_live, Fault::RecordsExpireEarly);
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
            let mut end = self.end(time_to_live, Fault::RecordsExpireEarly);
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
            let end = self.end(time_to_live, Fault::LeasesExpireEarly);
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
            let fence = match self.has(Fault::FencesRestart) {
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
            let new = self.end(time_to_live, Fault::LeasesExpireEarly);
            let mut state = self.state.lock().unwrap();
            let runs = self.running(&state, &key).is_some();
            let Some((newest, end)) = state.leases.get_mut(&key) else {
                return Err(StoreError::LeaseLost);
            };
            let ours = *newest == fence.0 || self.has(Fault::ExtendsForAll);
            if !ours || !(runs || self.has(Fault::ExtendsExpiredLeases)) {
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
            let ours = running == Some(fence.0) || self.has(Fault::ReleasesForAll);
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

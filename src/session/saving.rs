//! Writing a session's credential over its stored record.

use std::time::Duration;

use super::core::Core;
use super::material::Material;
use super::store::StoreError;
use crate::error::Error;

/// How often saving is tried again in the background.
const TRIES: u32 = 8;

/// Whether a credential reached the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Stored,
    /// The record is gone: the session was ended elsewhere.
    Gone,
}

impl Core {
    /// Writes what `material` gives; asks it again whenever somebody else wrote in between, so
    /// that the newest credential of this process always wins.
    pub(super) async fn save(
        &self,
        material: impl Fn() -> Material + Send,
    ) -> Result<Saved, Error> {
        let store = &self.host.store;
        loop {
            let record = material().to_record(self.host.system.name())?;
            let version = self.lock().version;
            let written = store
                .compare_and_swap(&self.key, version, record, self.host.time_to_live())
                .await;
            match written {
                Ok(version) => {
                    self.lock().version = version;
                    return Ok(Saved::Stored);
                }
                Err(StoreError::Conflict) => {
                    let loaded = store.load(&self.key).await;
                    match loaded.map_err(|error| self.host.store_failed(error))? {
                        Some((_, version)) => self.lock().version = version,
                        None => return Ok(Saved::Gone),
                    }
                }
                Err(error) => return Err(self.host.store_failed(error)),
            }
        }
    }

    /// Saves what is in memory, for as long as a store that failed may come back.
    pub(super) async fn save_again(&self) {
        for attempt in 0..TRIES {
            let backoff = Duration::from_millis(100 << attempt);
            self.host.clock.sleep(backoff).await;
            let ended = self.ended().is_some();
            if ended || self.save(|| self.lock().material.clone()).await.is_ok() {
                return;
            }
        }
        tracing::error!(session = %self.key, "renewed tokens could not be saved");
    }
}

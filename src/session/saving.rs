//! Writing a session's credential over its stored record.

use std::time::Duration;

use super::core::{Core, State};
use super::material::Material;
use super::store::StoreError;
use crate::error::Error;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Whether a credential reached the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Stored,
    /// The record is gone: the session was ended elsewhere.
    Gone,
}

/// The newest credential: one that is about to replace the present one counts already.
fn newest(state: &State) -> Material {
    state.next.as_ref().unwrap_or(&state.material).clone()
}

impl Core {
    /// Writes the newest credential. One save runs at a time, and what it writes is read together
    /// with the version that it replaces, so that an older credential never follows a newer one.
    pub(super) async fn save(&self) -> Result<Saved, Error> {
        let _turn = self.saving.lock().await;
        loop {
            let (material, version) = {
                let state = self.lock();
                (newest(&state), state.version)
            };
            let record = self.host.to_record(&material)?;
            let time_to_live = self.host.time_to_live();
            let store = &self.host.store;
            let written = match version {
                Some(version) => {
                    let write =
                        store.compare_and_swap(&self.key, version, record, time_to_live, None);
                    self.host.bounded(write).await
                }
                None => {
                    let write = store.create(&self.key, record, time_to_live);
                    self.host.bounded(write).await
                }
            };
            match written {
                Ok(version) => {
                    self.lock().version = Some(version);
                    return Ok(Saved::Stored);
                }
                Err(StoreError::Conflict | StoreError::Exists) => {
                    let loaded = self.host.bounded(store.load(&self.key)).await;
                    match loaded.map_err(|error| self.host.store_failed(error))? {
                        Some((_, version)) => self.lock().version = Some(version),
                        None => return Ok(Saved::Gone),
                    }
                }
                Err(error) => return Err(self.host.store_failed(error)),
            }
        }
    }

    /// Saves in the background what could not be saved, until it is or the session has ended.
    pub(super) fn save_later(&self) {
        let Some(core) = self.me.upgrade() else {
            return;
        };
        let running = self.host.exchanges.count();
        tokio::spawn(async move {
            let mut backoff = FIRST_BACKOFF;
            loop {
                core.host.time.sleep(backoff).await;
                if core.ended().is_some() {
                    break;
                }
                match core.save().await {
                    Ok(Saved::Stored) => break,
                    Ok(Saved::Gone) => {
                        core.ended_elsewhere();
                        break;
                    }
                    Err(error) => tracing::warn!(session = %core.key, %error, "still not saved"),
                }
                backoff = backoff.saturating_mul(2).min(LONGEST_BACKOFF);
            }
            drop(running);
        });
    }

    pub(super) fn ended_elsewhere(&self) {
        self.mark_ended("it was ended elsewhere");
    }

    /// Deletes the record in the background until that has worked; answers how the first try went.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        let Some(core) = self.me.upgrade() else {
            return Ok(());
        };
        let running = self.host.exchanges.count();
        let (tell, first) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut backoff = FIRST_BACKOFF;
            loop {
                let deleted = core.host.bounded(core.host.store.delete(&core.key)).await;
                let done = deleted.is_ok();
                if let Some(tell) = tell.take() {
                    let _ = tell.send(deleted);
                }
                if done {
                    break;
                }
                core.host.time.sleep(backoff).await;
                backoff = backoff.saturating_mul(2).min(LONGEST_BACKOFF);
            }
            drop(running);
        });
        match first.await {
            Ok(Err(error)) => Err(self.host.store_failed(error)),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

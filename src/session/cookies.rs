//! The cookies of a session, saved whenever a server changes them.

use http::HeaderMap;

use super::core::Core;
use super::material::Material;
use super::store::StoreError;
use crate::error::Error;

impl Core {
    /// Merges new cookies and saves the jar if that changed it, in a task that nobody can drop.
    pub(super) async fn keep_cookies(&self, headers: &HeaderMap) -> Result<(), Error> {
        let (core, running) = {
            let mut state = self.lock();
            let Material::Cookies(jar) = &mut state.material else {
                return Ok(());
            };
            if !jar.merge(headers, self.host.clock.now()) {
                return Ok(());
            }
            (self.me.upgrade(), self.host.exchanges.begin())
        };
        let Some(core) = core else { return Ok(()) };
        let saved = tokio::spawn(async move {
            let saved = core.save_cookies().await;
            drop(running);
            saved
        });
        saved.await.unwrap_or(Ok(()))
    }

    async fn save_cookies(&self) -> Result<(), Error> {
        loop {
            let (record, version) = {
                let state = self.lock();
                (
                    state.material.to_record(self.host.system.name())?,
                    state.version,
                )
            };
            let time_to_live = self.host.time_to_live();
            let store = &self.host.store;
            match store
                .compare_and_swap(&self.key, version, record, time_to_live)
                .await
            {
                Ok(version) => {
                    self.lock().version = version;
                    return Ok(());
                }
                Err(StoreError::Conflict) => {
                    let loaded = store.load(&self.key).await;
                    match loaded.map_err(|error| self.host.store_failed(error))? {
                        Some((_, version)) => self.lock().version = version,
                        None => return Ok(()),
                    }
                }
                Err(error) => return Err(self.host.store_failed(error)),
            }
        }
    }
}

//! The cookies of a session, saved whenever a server changes them.

use http::HeaderMap;

use super::core::Core;
use super::material::Material;
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
            let saved = core.save(|| core.lock().material.clone()).await;
            drop(running);
            saved
        });
        match saved.await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }
}

//! The cookies of a session, saved whenever a server changes them.

use http::HeaderMap;

use super::core::Core;
use super::material::Material;
use super::saving::Saved;

impl Core {
    /// Merges new cookies and saves the jar if that changed it, in a task that nobody can drop. A
    /// store that fails costs nobody an answer: saving goes on in the background.
    pub(super) async fn keep_cookies(&self, headers: &HeaderMap) {
        {
            let mut state = self.lock();
            let Material::Cookies(jar) = &mut state.material else {
                return;
            };
            if !jar.merge(headers, self.host.time.now()) {
                return;
            }
            state.stamp.0 += 1;
        }
        let Some(core) = self.me.upgrade() else {
            return;
        };
        let running = self.host.exchanges.count();
        let saving = tokio::spawn(async move {
            match core.save().await {
                Ok(Saved::Stored | Saved::Overtaken) => {}
                Ok(Saved::Gone) => core.ended_elsewhere(),
                Err(error) => {
                    tracing::warn!(session = %core.key, %error, "new cookies are not saved yet");
                    core.save_later();
                }
            }
            drop(running);
        });
        let _ = saving.await;
    }
}

//! The cookies of a session, saved whenever a server changes them.

use http::HeaderMap;
use tokio::time::timeout;

use super::core::Core;
use super::host::STORE_TIMEOUT;
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
            // Whoever saves already takes these along.
            if std::mem::replace(&mut state.unsaved, true) {
                return;
            }
        }
        let Some(core) = self.me.upgrade() else {
            return;
        };
        let running = self.host.exchanges.count();
        let saving = tokio::spawn(async move {
            loop {
                match core.save().await {
                    Ok(Saved::Stored | Saved::Overtaken) if core.lock().unsaved => {}
                    Ok(Saved::Stored | Saved::Overtaken) => break,
                    Ok(Saved::Gone) => break core.ended_elsewhere(),
                    Err(error) => {
                        tracing::warn!(session = %core.key, %error, "new cookies are not saved yet");
                        break core.save_later();
                    }
                }
            }
            drop(running);
        });
        let _ = timeout(STORE_TIMEOUT, saving).await;
    }
}

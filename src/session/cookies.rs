//! The cookies of a session, saved whenever a server changes them.

use http::HeaderMap;
use tokio::time::timeout;

use super::context::STORE_TIMEOUT;
use super::credential::Credential;
use super::entry::SessionEntry;
use super::write_back::SaveOutcome;

impl SessionEntry {
    /// Merges new cookies and saves the jar if that changed it, in a task that nobody can drop. A
    /// store that fails costs nobody an answer: saving goes on in the background.
    pub(super) async fn keep_cookies(&self, headers: &HeaderMap) {
        {
            let mut state = self.lock();
            let Credential::Cookies(jar) = &mut state.credential else {
                return;
            };
            if !jar.merge(headers, self.context.time.now()) {
                return;
            }
            state.generation.0 += 1;
            // Whoever saves already takes these along.
            if std::mem::replace(&mut state.unsaved, true) {
                return;
            }
        }
        let Some(entry) = self.me.upgrade() else {
            return;
        };
        let running = self.context.in_flight_tasks.count();
        let saving = tokio::spawn(async move {
            loop {
                match entry.save().await {
                    Ok(SaveOutcome::Stored | SaveOutcome::Overtaken) if entry.lock().unsaved => {}
                    Ok(SaveOutcome::Stored | SaveOutcome::Overtaken) => break,
                    Ok(SaveOutcome::Gone) => break entry.ended_elsewhere(),
                    Err(error) => {
                        tracing::warn!(session = %entry.key, %error, "new cookies are not saved yet");
                        break entry.save_later();
                    }
                }
            }
            drop(running);
        });
        let _ = timeout(STORE_TIMEOUT, saving).await;
    }
}

//! Counts the exchanges that are under way, so that a shutdown can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// The running exchanges of one client.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlightTasks(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    running: AtomicUsize,
    closed: AtomicBool,
    changed: Notify,
}

/// Held while an exchange runs and its result is saved.
#[derive(Debug)]
pub(crate) struct TaskGuard(Arc<Counter>);

impl InFlightTasks {
    /// Counts work that must be finished whenever it began, such as saving.
    pub(crate) fn count(&self) -> TaskGuard {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        TaskGuard(self.0.clone())
    }

    /// Announces an exchange; nothing after a shutdown began.
    pub(crate) fn begin(&self) -> Option<TaskGuard> {
        let running = self.count();
        (!self.0.closed.load(Ordering::SeqCst)).then_some(running)
    }

    /// Begins no more, and waits until all that run are done; answers how many were left.
    pub(crate) async fn close(&self, deadline: Duration) -> usize {
        self.0.closed.store(true, Ordering::SeqCst);
        let finished = async {
            loop {
                let changed = self.0.changed.notified();
                if self.0.running.load(Ordering::SeqCst) == 0 {
                    return;
                }
                changed.await;
            }
        };
        match timeout(deadline, finished).await {
            Ok(()) => 0,
            Err(_) => self.0.running.load(Ordering::SeqCst),
        }
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

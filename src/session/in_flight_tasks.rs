//! Tracks background tasks, so that a shutdown can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// The refreshes and saves of one client that are in flight.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlightTasks(Arc<Counter>);

#[derive(Debug, Default)]
struct Counter {
    running: AtomicUsize,
    closed: AtomicBool,
    changed: Notify,
}

/// Held by a task until it is done.
#[derive(Debug)]
pub(crate) struct TaskGuard(Arc<Counter>);

impl InFlightTasks {
    /// Tracks a task that must finish even if a shutdown has begun, such as a save.
    pub(super) fn track(&self) -> TaskGuard {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        TaskGuard(self.0.clone())
    }

    /// Tracks a task that must not start once a shutdown has begun, such as a refresh.
    pub(super) fn track_unless_closed(&self) -> Option<TaskGuard> {
        let guard = self.track();
        (!self.0.closed.load(Ordering::SeqCst)).then_some(guard)
    }

    /// Admits no more refreshes and waits until all tasks are done; returns how many are left at
    /// the deadline.
    pub(super) async fn close(&self, deadline: Duration) -> usize {
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

//! One point in time that all attempts of a call share.

use std::time::Duration;

use tokio::time::Instant;

/// When a call began and when it must be over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    start: Instant,
    end: Instant,
}

impl Deadline {
    pub(crate) fn after(duration: Duration) -> Self {
        let start = Instant::now();
        // A deadline past what the clock can tell is a year away.
        let end = start
            .checked_add(duration)
            .unwrap_or_else(|| start + Duration::from_secs(365 * 24 * 3600));
        Self { start, end }
    }

    /// The end of an attempt that begins `now` and may take `timeout`.
    pub(crate) fn within(&self, now: Instant, timeout: Duration) -> Instant {
        now.checked_add(timeout)
            .map_or(self.end, |end| end.min(self.end))
    }

    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// Whether there is time left after waiting for `wait`.
    pub(crate) fn leaves_room_for(&self, wait: Duration) -> bool {
        Instant::now()
            .checked_add(wait)
            .is_some_and(|then| then < self.end)
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

//! The deadline of a call, shared by all its attempts.

use std::time::Duration;

use tokio::time::Instant;

/// The start of a call and the time at which it must have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    start: Instant,
    end: Instant,
}

impl Deadline {
    pub(crate) fn after(duration: Duration) -> Self {
        let start = Instant::now();
        // A duration that overflows the clock becomes a year.
        let end = start
            .checked_add(duration)
            .unwrap_or_else(|| start + Duration::from_secs(365 * 24 * 3600));
        Self { start, end }
    }

    /// The end of an attempt that starts `now` with this timeout, at most the deadline.
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

    /// Whether time remains after a wait of this length.
    pub(crate) fn leaves_room_for(&self, wait: Duration) -> bool {
        Instant::now()
            .checked_add(wait)
            .is_some_and(|then| then < self.end)
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

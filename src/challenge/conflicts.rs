//! The bound of retries after concurrent updates of one record.

use std::time::Duration;

use crate::random;
use crate::session::SessionContext;

/// How often an update is tried, so that no operation takes more than 20 steps of the store.
const MAX_TRIES: u32 = 4;

/// Upper bound for the first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Bounds the tries of one update, and separates those of several instances by random pauses.
pub(super) struct Conflicts {
    tries: u32,
}

impl Conflicts {
    pub(super) fn new() -> Self {
        Self { tries: 0 }
    }

    /// Waits before every try but the first; returns whether there is another one.
    pub(super) async fn next(&mut self, context: &SessionContext) -> bool {
        if self.tries >= MAX_TRIES {
            return false;
        }
        if self.tries > 0 {
            let pause = FIRST_PAUSE.saturating_mul(1 << (self.tries - 1));
            let pause = pause.mul_f64(random::fraction());
            context.clock().sleep(pause).await;
        }
        self.tries += 1;
        true
    }
}

//! What a session has while it is renewed or something has failed, and most of the time has not.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::core::State;
use super::joining::Watched;
use super::material::{Mark, Material, Renewal};
use super::store::Fence;

/// Kept apart from the rest of the state, so that a session that is only held does not take up room
/// for it.
#[derive(Default)]
pub(super) struct Passing {
    /// New tokens that are being saved and not used yet.
    pub(super) next: Option<Material>,
    /// What is stored about the renewal of the material.
    pub(super) renewal: Renewal,
    /// The lease that is kept until the store has the newest credential.
    pub(super) kept_lease: Option<Fence>,
    /// Until when a lease that is held here runs for certain.
    pub(super) lease_end: Option<Instant>,
    /// The refresh token that the present one was bought with here, while that is not saved.
    pub(super) replaced: Option<Mark>,
    /// No early renewal before this time.
    pub(super) not_early_before: Option<DateTime<Utc>>,
    /// No renewal at all before this time, and how many have failed in a row.
    pub(super) cool_until: Option<Instant>,
    pub(super) failures: u32,
    /// Whether a refresh token is with the server, whose answer must be waited for.
    pub(super) presenting: bool,
    /// When a look at the record failed last.
    pub(super) look_failed_at: Option<Instant>,
    pub(super) exchange: Option<Watched>,
}

static NOTHING: LazyLock<Passing> = LazyLock::new(Passing::default);

impl Passing {
    fn is_over(&self) -> bool {
        let Self {
            next: None,
            renewal,
            kept_lease: None,
            lease_end: None,
            replaced: None,
            not_early_before: None,
            cool_until: None,
            failures: 0,
            presenting: false,
            look_failed_at: None,
            exchange: None,
        } = self
        else {
            return false;
        };
        *renewal == NOTHING.renewal
    }
}

impl State {
    pub(super) fn passing(&self) -> &Passing {
        self.passing.as_deref().unwrap_or(&NOTHING)
    }

    /// Changes what is passing, and lets go of it when it is over.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Passing) -> T) -> T {
        let passing = self.passing.get_or_insert_default();
        let changed = change(passing);
        if passing.is_over() {
            self.passing = None;
        }
        changed
    }
}

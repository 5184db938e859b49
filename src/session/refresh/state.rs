//! What a session has while it is renewed or something has failed, and most of the time has not.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::super::credential::{Credential, Renewal, TokenFingerprint};
use super::super::entry::State;
use super::single_flight::RefreshReceiver;
use crate::store::Fence;

/// Kept apart from the rest of the state, so that a session that is only held does not take up room
/// for it.
#[derive(Default)]
pub(in crate::session) struct RefreshState {
    /// New tokens that are being saved and not used yet.
    pub(in crate::session) next: Option<Credential>,
    /// What is stored about the renewal of the material.
    pub(in crate::session) renewal: Renewal,
    /// The lease that is kept until the store has the newest credential.
    pub(in crate::session) kept_lease: Option<Fence>,
    /// Until when a lease that is held here runs for certain.
    pub(in crate::session) lease_end: Option<Instant>,
    /// The refresh token that the present one was bought with here, while that is not saved.
    pub(in crate::session) replaced: Option<TokenFingerprint>,
    /// No early renewal before this time.
    pub(in crate::session) not_early_before: Option<DateTime<Utc>>,
    /// No renewal at all before this time, and how many have failed in a row.
    pub(in crate::session) cool_until: Option<Instant>,
    pub(in crate::session) failures: u32,
    /// Whether a refresh token is with the server, whose answer must be waited for.
    pub(in crate::session) presenting: bool,
    /// When a look at the record failed last.
    pub(in crate::session) look_failed_at: Option<Instant>,
    pub(in crate::session) exchange: Option<RefreshReceiver>,
}

static NOTHING: LazyLock<RefreshState> = LazyLock::new(RefreshState::default);

impl RefreshState {
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
    pub(in crate::session) fn refresh_state(&self) -> &RefreshState {
        self.refresh_state.as_deref().unwrap_or(&NOTHING)
    }

    /// Changes what is passing, and lets go of it when it is over.
    pub(in crate::session) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut RefreshState) -> T,
    ) -> T {
        let refresh_state = self.refresh_state.get_or_insert_default();
        let changed = change(refresh_state);
        if refresh_state.is_over() {
            self.refresh_state = None;
        }
        changed
    }
}

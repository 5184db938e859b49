//! Challenges that belong to a session or to a sign-in that lacks its second factor, and can be
//! resumed by that owner only.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::active::{ActiveChallenge, StoredChallenge};
use super::errors::not_owner;
use super::record::Step;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::{Session, SessionContext};
use crate::skewed_clock::SkewedClock;
use crate::store::StoreKey;

/// The owner of a challenge: the key of its record, because a record must not contain the id of
/// another.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner(String);

impl Owner {
    /// A session, and the user for whom it acts if that is another.
    pub(crate) fn session(
        context: &SessionContext,
        session: &Session,
        acts_for: Option<&str>,
    ) -> Self {
        let Self(name) = Self::of(&StoreKey::of(context.system(), session.id()));
        match acts_for {
            Some(user) => Self(format!("{name} {}", user.to_ascii_lowercase())),
            None => Self(name),
        }
    }

    pub(crate) fn challenge<S: Step>(challenge: &ActiveChallenge<S>) -> Self {
        Self::of(&StoreKey::of_challenge(challenge.system(), challenge.id()))
    }

    fn of(key: &StoreKey) -> Self {
        Self(crate::hex::encode(key.as_bytes()))
    }
}

/// A step with its owner.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "S: Step")]
pub(crate) struct OwnerBound<S> {
    owner: Owner,
    pub(crate) step: S,
}

impl<S: Step> OwnerBound<S> {
    pub(crate) fn new(owner: Owner, step: S) -> Self {
        Self { owner, step }
    }
}

impl<S: Step> Step for OwnerBound<S> {
    const KIND: &'static str = S::KIND;

    fn time_to_live(&self, clock: &SkewedClock) -> Duration {
        self.step.time_to_live(clock)
    }

    fn messages(&self) -> usize {
        self.step.messages()
    }

    fn discard_keys(&mut self, error: &Error) -> bool {
        self.step.discard_keys(error)
    }
}

impl<S: Step> ActiveChallenge<OwnerBound<S>> {
    /// Resumes a challenge of `owner`.
    pub(crate) async fn resume_owned(
        owner: &Owner,
        context: &Arc<SessionContext>,
        id: &Secret,
    ) -> Result<Self, Error> {
        let found = StoredChallenge::load(context, id).await?;
        if !found.is_at::<OwnerBound<S>>() {
            return Err(not_owner().of(context.system()));
        }
        let challenge: Self = found.resume().await?;
        if challenge.step.owner != *owner {
            return Err(not_owner().of(context.system()));
        }
        Ok(challenge)
    }
}

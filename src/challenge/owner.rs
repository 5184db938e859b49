//! Challenges that belong to somebody who is known already: a session, or a sign-in that lacks its
//! second factor. They are open to that one alone.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::active::{ActiveChallenge, StoredChallenge};
use super::errors::of_somebody_else;
use super::record::Step;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::{Session, SessionContext};
use crate::skewed_clock::SkewedClock;
use crate::store::StoreKey;

/// To whom a challenge belongs: the key of a record, for no id stands in another record.
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

    pub(crate) fn challenge<S: Step>(open: &ActiveChallenge<S>) -> Self {
        Self::of(&StoreKey::of_challenge(open.system(), open.id()))
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

    fn time_to_live(&self, time: &SkewedClock) -> Duration {
        self.step.time_to_live(time)
    }
}

impl<S: Step> ActiveChallenge<OwnerBound<S>> {
    /// Takes the challenge up for the one to whom it belongs.
    pub(crate) async fn owned_by(
        owner: &Owner,
        context: &Arc<SessionContext>,
        id: &Secret,
    ) -> Result<Self, Error> {
        let found = StoredChallenge::by_id(context, id).await?;
        if !found.is::<OwnerBound<S>>() {
            return Err(of_somebody_else().of(context.system()));
        }
        let open: Self = found.open().await?;
        if open.step.owner != *owner {
            return Err(of_somebody_else().of(context.system()));
        }
        Ok(open)
    }
}

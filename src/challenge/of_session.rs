//! Challenges of a user who is signed in already: they are open to the same session alone.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::open::{Found, Open};
use super::record::Step;
use super::refusals::of_another_session;
use crate::error::Error;
use crate::secret::Secret;
use crate::server_time::ServerTime;
use crate::session::{Host, Session, StoreKey};

/// A step with the session that it belongs to.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "S: Step")]
pub(crate) struct OfSession<S> {
    /// The key of the session in hex: its id stands in no record.
    session: String,
    pub(crate) step: S,
}

impl<S: Step> OfSession<S> {
    pub(crate) fn new(host: &Host, session: &Session, step: S) -> Self {
        Self {
            session: name(host, session),
            step,
        }
    }
}

impl<S: Step> Step for OfSession<S> {
    const KIND: &'static str = S::KIND;

    fn time_to_live(&self, time: &ServerTime) -> Duration {
        self.step.time_to_live(time)
    }
}

impl<S: Step> Open<OfSession<S>> {
    /// Takes the challenge up for the session that it belongs to.
    pub(crate) async fn of_session(
        host: &Arc<Host>,
        session: &Session,
        id: &Secret,
    ) -> Result<Self, Error> {
        let found = Found::by_id(host, id).await?;
        if !found.is::<OfSession<S>>() {
            return Err(of_another_session().of(host.system()));
        }
        let open: Self = found.open().await?;
        if open.step.session != name(host, session) {
            return Err(of_another_session().of(host.system()));
        }
        Ok(open)
    }
}

fn name(host: &Host, session: &Session) -> String {
    let key = StoreKey::of(host.system(), session.id());
    crate::hex::encode(key.as_bytes())
}

//! The progress in the web sessions of tower-sessions.

use http::request::Parts;
use tower_sessions_core::Session;

use super::progress::{ProgressStore, SignInProgress, WebSessionId};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::store::{BASE, StoreError};

/// Keeps the [`SignInProgress`] in the web sessions of tower-sessions, under the key `vestibule.SYSTEM`. The
/// router needs its `SessionManagerLayer`; without it, requests fail with [`ErrorKind::Misconfigured`].
///
/// tower-sessions writes a changed web session after the handler, unless the status of the response is 5xx. A
/// web session whose id changes is deleted under the former id at once. So a handler should respond with
/// success after [`Progress::update`](super::Progress::update), and call other services before it or in
/// another request.
#[derive(Clone, Copy, Debug, Default)]
pub struct TowerSessions;

impl ProgressStore for TowerSessions {
    fn load<'a>(
        &'a self,
        request: &'a Parts,
        system: System,
    ) -> BoxFuture<'a, Result<SignInProgress, Error>> {
        Box::pin(async move {
            let web_session = web_session(request)?;
            let stored = web_session.get_value(&key(system)).await.map_err(failed)?;
            // A value of another version of this crate counts as no progress.
            let progress = stored.and_then(|value| serde_json::from_value(value).ok());
            Ok(progress.unwrap_or_default())
        })
    }

    fn save<'a>(
        &'a self,
        request: &'a Parts,
        system: System,
        progress: &'a SignInProgress,
        id: WebSessionId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let web_session = web_session(request)?;
            let key = key(system);
            match progress {
                SignInProgress::NotStarted => web_session.remove_value(&key).await.map(drop),
                _ => web_session.insert(&key, progress).await,
            }
            .map_err(failed)?;
            if id == WebSessionId::Keep {
                return Ok(());
            }
            // A web session that is left empty is removed, with its cookie.
            web_session.remove_value(BASE).await.map_err(failed)?;
            web_session.cycle_id().await.map_err(failed)
        })
    }
}

fn key(system: System) -> String {
    format!("vestibule.{system}")
}

/// The web session that the layer has put into the request.
fn web_session(request: &Parts) -> Result<&Session, Error> {
    let missing = "the request has no web session: add the `SessionManagerLayer` of tower-sessions to \
                   the router, after its routes";
    let web_session = request.extensions.get::<Session>();
    web_session
        .ok_or_else(|| Error::new(ErrorKind::Misconfigured, missing).with_class("web_session"))
}

/// The error of tower-sessions may quote what the web session holds, so its text is not kept.
fn failed(_: tower_sessions_core::session::Error) -> Error {
    StoreError::Unavailable(std::io::ErrorKind::Other).into()
}

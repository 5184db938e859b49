//! The application state and the router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use tower_sessions::SessionManagerLayer;
use tower_sessions::cookie::SameSite;
use vestibule::axum::{ProgressStore, TowerSessions};
use vestibule::store::{SessionStore, WebSessionStore};
use vestibule::{Clock, Error, SystemClock};

use crate::demo::Mocks;
use crate::settings::{Servers, Settings};
use crate::systems::Systems;
use crate::{routes, same_origin, security_headers, store};

/// The size limit of a form.
const MAX_BODY_BYTES: usize = 16 * 1024;

pub struct App {
    pub systems: Systems,
    /// The web sessions of the browsers.
    pub web_sessions: WebSessionStore,
    /// Finds the progress of a sign-in in them.
    pub progress: Arc<dyn ProgressStore>,
    pub https: bool,
    /// The clock of the clients.
    pub clock: Arc<dyn Clock>,
    /// Mock servers, if the settings name no server.
    pub mocks: Option<Mocks>,
}

impl App {
    /// Opens the store and builds the clients; starts mocks if the settings name no server.
    ///
    /// # Errors
    ///
    /// A message that names the invalid setting or the failure of the store.
    pub async fn start(settings: &Settings) -> Result<Arc<Self>, String> {
        let store = store::open(settings.redis.as_ref()).await?;
        if !settings.servers.is_empty() {
            let made = Self::new(
                &settings.servers,
                &store,
                Arc::new(SystemClock),
                settings.https,
            );
            return made.map(Arc::new).map_err(|error| error.to_string());
        }
        let mocks = Mocks::start().await.map_err(|error| error.to_string())?;
        let app = Self::new(&mocks.servers(), &store, mocks.clock(), settings.https);
        let mut app = app.map_err(|error| error.to_string())?;
        app.mocks = Some(mocks);
        Ok(Arc::new(app))
    }

    fn new(
        servers: &Servers,
        store: &Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        https: bool,
    ) -> Result<Self, Error> {
        Ok(Self {
            systems: Systems::new(servers, store, &clock)?,
            web_sessions: WebSessionStore::new(store.clone()),
            progress: Arc::new(TowerSessions),
            https,
            clock,
            mocks: None,
        })
    }

    /// The router of all pages. Every request passes the origin check, and every response gets the
    /// security headers.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = routes::all();
        if self.mocks.is_some() {
            router = router.merge(routes::demo());
        }
        router
            .layer(self.web_session_layer())
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn(same_origin::check))
            .layer(map_response(security_headers::add))
            .with_state(self.clone())
    }

    /// The cookie ends with the browser. `__Host-` binds it to this host; browsers accept the prefix over
    /// https only.
    fn web_session_layer(&self) -> SessionManagerLayer<WebSessionStore> {
        let name = match self.https {
            true => "__Host-browser",
            false => "browser",
        };
        SessionManagerLayer::new(self.web_sessions.clone())
            .with_name(name)
            .with_same_site(SameSite::Lax)
            .with_secure(self.https)
    }

    /// Waits until the clients have finished their running refreshes.
    pub async fn shutdown(&self) {
        for error in self.systems.shutdown(Duration::from_secs(10)).await {
            tracing::error!(%error, "a client did not finish in time");
        }
    }
}

//! What all requests share, and the way from a request to its handler.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use vestibule::store::SessionStore;
use vestibule::{Clock, Error, SystemClock};

use crate::browser::Browsers;
use crate::demo::Mocks;
use crate::settings::{Servers, Settings};
use crate::systems::Systems;
use crate::{routes, same_origin, security_headers, store};

/// No form of this page is longer.
const LONGEST_BODY: usize = 16 * 1024;

pub struct App {
    pub systems: Systems,
    pub browsers: Browsers,
    pub https: bool,
    /// The time in which the clients live.
    pub clock: Arc<dyn Clock>,
    /// The servers, where none was named.
    pub mocks: Option<Mocks>,
}

impl App {
    /// Opens the store and makes the clients; without servers in the settings, starts mocks.
    ///
    /// # Errors
    ///
    /// Which setting is wrong, or why the store cannot be used.
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
        let mocks = Mocks::start().await;
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
            browsers: Browsers::new(store.clone()),
            https,
            clock,
            mocks: None,
        })
    }

    /// The whole web page. Every request comes past the check of its origin, and every answer
    /// leaves with the security headers.
    pub fn router(self: &Arc<Self>) -> Router {
        let mut router = routes::all();
        if self.mocks.is_some() {
            router = router.merge(routes::demo());
        }
        router
            .layer(DefaultBodyLimit::max(LONGEST_BODY))
            .layer(from_fn(same_origin::check))
            .layer(map_response(security_headers::add))
            .with_state(self.clone())
    }

    /// Lets the clients finish what must not be lost.
    pub async fn shutdown(&self) {
        for error in self.systems.shutdown(Duration::from_secs(10)).await {
            tracing::error!(%error, "a client did not finish in time");
        }
    }
}

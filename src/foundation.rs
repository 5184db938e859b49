//! What the builders of all four clients share: where the server is, how long things may take,
//! where sessions live.

use std::sync::Arc;

use http::{HeaderMap, header};

use crate::clock::Clock;
use crate::error::{Error, System};
use crate::pipeline::{BaseUrl, Road, Settings, SystemRules, Transport, language_header};
use crate::session::{Host, MemoryStore, SessionStore};

/// The shared part of a client's builder.
pub(crate) struct Foundation {
    pub(crate) base_url: String,
    pub(crate) allow_plain_http: bool,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) store: Option<Arc<dyn SessionStore>>,
    pub(crate) language: Option<String>,
    /// What tells sessions of one server apart besides the base URL, such as an application.
    pub(crate) audience: String,
}

impl Foundation {
    pub(crate) fn new(base_url: String) -> Self {
        Self {
            base_url,
            allow_plain_http: false,
            settings: Settings::default(),
            clock: Clock::system(),
            store: None,
            language: None,
            audience: String::new(),
        }
    }

    /// The checked base URL.
    pub(crate) fn base(&self) -> Result<BaseUrl, Error> {
        BaseUrl::parse(&self.base_url, self.allow_plain_http)
    }

    /// The headers of every request that do not depend on the system.
    pub(crate) fn standing_headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        if let Some(language) = &self.language {
            headers.insert(header::ACCEPT_LANGUAGE, language_header(language)?);
        }
        Ok(headers)
    }

    /// The road and the home of the sessions of one client.
    pub(crate) fn build(
        self,
        base: BaseUrl,
        rules: Box<dyn SystemRules>,
    ) -> Result<(Arc<Road>, Arc<Host>), Error> {
        let system = rules.system();
        let transport = Transport::new(&self.settings, &base).map_err(|error| error.of(system))?;
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        let audience = format!("{system} {} {}", base.url(), self.audience);
        let host = Host::new(
            system,
            audience,
            store,
            self.clock.clone(),
            self.settings.clone(),
        );
        let road = Arc::new(Road {
            base,
            rules,
            settings: self.settings,
            clock: self.clock,
            transport,
        });
        Ok((road, host))
    }
}

/// Names the system in the error of a builder.
pub(crate) fn of_system<T>(system: System, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| error.of(system))
}

/// The setters that every client builder has; the builder keeps a `foundation`.
macro_rules! foundation_setters {
    () => {
        /// Allows plain `http` to a host that is not loopback. Tokens and codes then travel
        /// readable: for a private network behind a TLS proxy only.
        pub fn allow_plain_http(mut self) -> Self {
            self.foundation.allow_plain_http = true;
            self
        }

        /// Times and bounds.
        pub fn settings(mut self, settings: $crate::Settings) -> Self {
            self.foundation.settings = settings;
            self
        }

        /// The clock; the system's by default.
        pub fn clock(mut self, clock: $crate::Clock) -> Self {
            self.foundation.clock = clock;
            self
        }

        /// Where sessions live; memory by default.
        pub fn store(mut self, store: ::std::sync::Arc<dyn $crate::session::SessionStore>) -> Self {
            self.foundation.store = Some(store);
            self
        }

        /// The language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`).
        pub fn accept_language(mut self, language: impl ::std::convert::Into<String>) -> Self {
            self.foundation.language = Some(language.into());
            self
        }
    };
}

pub(crate) use foundation_setters;

//! What the builders of all four clients share: where the server is, how long things may take,
//! where sessions live.

use std::sync::Arc;

use http::{HeaderMap, header};
use tokio::time::Instant;

use crate::clock::SharedClock;
use crate::error::{Error, System};
use crate::pipeline::{
    BaseUrl, Pipeline, RetryBudget, Settings, SystemRules, Transport, language_header,
};
use crate::session::SessionContext;
use crate::skewed_clock::SkewedClock;
use crate::store::{MemoryStore, SessionStore};
use crate::telemetry::{Observer, Telemetry};

/// The shared part of a client's builder.
pub(crate) struct ClientConfig {
    pub(crate) base_url: String,
    pub(crate) allow_plain_http: bool,
    pub(crate) settings: Settings,
    pub(crate) clock: SharedClock,
    pub(crate) store: Option<Arc<dyn SessionStore>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) http_client: Option<reqwest::Client>,
    pub(crate) language: Option<String>,
    /// What tells sessions of one server apart besides the base URL, such as an application.
    pub(crate) audience: String,
}

impl ClientConfig {
    pub(crate) fn new(base_url: String) -> Self {
        Self {
            base_url,
            allow_plain_http: false,
            settings: Settings::default(),
            clock: SharedClock::default(),
            store: None,
            observer: None,
            http_client: None,
            language: None,
            audience: String::new(),
        }
    }

    /// The checked base URL.
    pub(crate) fn base(&self) -> Result<BaseUrl, Error> {
        BaseUrl::parse(&self.base_url, self.allow_plain_http)
    }

    /// The headers of every request that do not depend on the system.
    pub(crate) fn default_headers(&self) -> Result<HeaderMap, Error> {
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
    ) -> Result<(Arc<Pipeline>, Arc<SessionContext>), Error> {
        let system = rules.system();
        let transport = Transport::new(&self.settings, &base, self.http_client);
        let transport = transport.map_err(|error| error.of(system))?;
        let time = SkewedClock::new(self.clock, self.settings.max_clock_correction);
        let telemetry = Telemetry::to(self.observer);
        let context = SessionContext::new(
            system,
            format!("{system} {} {}", base.url(), self.audience),
            self.store.unwrap_or_else(|| Arc::new(MemoryStore::new())),
            time.clone(),
            telemetry.clone(),
            self.settings.clone(),
        );
        let pipeline = Arc::new(Pipeline {
            base,
            rules,
            budget: RetryBudget::new(self.settings.retry_budget),
            start: Instant::now(),
            settings: self.settings,
            time,
            telemetry,
            transport,
        });
        Ok((pipeline, context))
    }
}

/// Names the system in the error of a builder.
pub(crate) fn of_system<T>(system: System, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| error.of(system))
}

/// The setters that every client builder has; the builder keeps a `client_config`.
macro_rules! client_config_setters {
    () => {
        /// Allows plain `http` to a host that is not loopback. Tokens and codes then travel
        /// readable: for a private network behind a TLS proxy only.
        pub fn allow_plain_http(mut self) -> Self {
            self.client_config.allow_plain_http = true;
            self
        }

        /// Times and bounds.
        pub fn settings(mut self, settings: $crate::Settings) -> Self {
            self.client_config.settings = settings;
            self
        }

        /// When a request that may be repeated is; the same as [`Settings::retry`]
        /// (which [`settings`](Self::settings) replaces).
        ///
        /// [`Settings::retry`]: $crate::Settings::retry
        pub fn retry(mut self, policy: impl $crate::RetryPolicy) -> Self {
            self.client_config.settings.retry = ::std::sync::Arc::new(policy);
            self
        }

        /// The deadline of a call over all its attempts; the same as [`Settings::deadline`]
        /// (which [`settings`](Self::settings) replaces).
        ///
        /// [`Settings::deadline`]: $crate::Settings::deadline
        pub fn deadline(mut self, deadline: ::std::time::Duration) -> Self {
            self.client_config.settings.deadline = deadline;
            self
        }

        /// Sees every event of the client, for metrics.
        pub fn observer(mut self, observer: impl $crate::Observer) -> Self {
            self.client_config.observer = Some(::std::sync::Arc::new(observer));
            self
        }

        /// An HTTP client of the caller's, for a proxy, a private certificate authority or a
        /// shared pool. Its connections, TLS and proxies are then its own business, and so is
        /// `connect_timeout`. All other bounds still hold.
        /// [`Settings::http_client_builder`]($crate::Settings::http_client_builder) gives one to
        /// begin with.
        ///
        /// It must follow no redirects (`redirect::Policy::none()`), because credentials would
        /// travel with them: an answer that came by one is an error. It must keep no cookies
        /// (no `cookie_store`), because each session has a jar of its own; must not repeat
        /// requests by a `retry` of its own; and should verify certificates and log no bytes
        /// (no `connection_verbose`).
        pub fn http_client(mut self, client: $crate::reqwest::Client) -> Self {
            self.client_config.http_client = Some(client);
            self
        }

        /// The clock; the system's by default.
        pub fn clock(mut self, clock: impl $crate::Clock) -> Self {
            self.client_config.clock = $crate::clock::SharedClock::new(clock);
            self
        }

        /// Where sessions live; memory by default.
        pub fn store(mut self, store: ::std::sync::Arc<dyn $crate::store::SessionStore>) -> Self {
            self.client_config.store = Some(store);
            self
        }

        /// The language of messages, as in `Accept-Language` (`de`, `en-GB`, `zh-tw`).
        pub fn accept_language(mut self, language: impl ::std::convert::Into<String>) -> Self {
            self.client_config.language = Some(language.into());
            self
        }
    };
}

pub(crate) use client_config_setters;

//! The configuration that the builders of all four clients share.

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

/// The part of a client's configuration that does not depend on the system.
pub(crate) struct ClientConfig {
    pub(crate) system: System,
    pub(crate) base_url: String,
    pub(crate) allow_plain_http: bool,
    pub(crate) settings: Settings,
    pub(crate) clock: SharedClock,
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) http_client: Option<reqwest::Client>,
    pub(crate) language: Option<String>,
    /// Separates the sessions of clients that share a base URL, such as those of two applications.
    pub(crate) audience: String,
}

impl ClientConfig {
    pub(crate) fn new(system: System, base_url: impl Into<String>) -> Self {
        Self {
            system,
            base_url: base_url.into(),
            allow_plain_http: false,
            settings: Settings::default(),
            clock: SharedClock::default(),
            store: Arc::new(MemoryStore::new()),
            observer: None,
            http_client: None,
            language: None,
            audience: String::new(),
        }
    }

    /// Builds the pipeline and the session context of a client.
    ///
    /// `system_rules` checks the settings of the system and makes its rules from the base URL and
    /// the default headers. Every error names the system.
    pub(crate) fn build<R: SystemRules + 'static>(
        self,
        system_rules: impl FnOnce(BaseUrl, HeaderMap) -> Result<(BaseUrl, R), Error>,
    ) -> Result<(Arc<Pipeline>, Arc<SessionContext>), Error> {
        let system = self.system;
        let rules = self
            .checked()
            .and_then(|(base, headers)| system_rules(base, headers));
        rules
            .and_then(|(base, rules)| self.connect(base, Box::new(rules)))
            .map_err(|error| error.of(system))
    }

    /// The base URL, and the headers of every request that do not depend on the system.
    fn checked(&self) -> Result<(BaseUrl, HeaderMap), Error> {
        let base = BaseUrl::parse(&self.base_url, self.allow_plain_http)?;
        let mut headers = HeaderMap::new();
        if let Some(language) = &self.language {
            headers.insert(header::ACCEPT_LANGUAGE, language_header(language)?);
        }
        Ok((base, headers))
    }

    fn connect(
        self,
        base: BaseUrl,
        rules: Box<dyn SystemRules>,
    ) -> Result<(Arc<Pipeline>, Arc<SessionContext>), Error> {
        let transport = Transport::new(&self.settings, &base, self.http_client)?;
        let time = SkewedClock::new(self.clock, self.settings.max_clock_correction);
        let telemetry = Telemetry::to(self.observer);
        let context = SessionContext::new(
            self.system,
            format!("{} {} {}", self.system, base.url(), self.audience),
            self.store,
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

/// Checks a tenant, which becomes a segment of every path.
pub(crate) fn check_tenant(tenant: &str) -> Result<(), Error> {
    let well_formed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if tenant.is_empty() || !tenant.bytes().all(well_formed) {
        let right = "must be given: letters, digits, `_` and `-`";
        return Err(Error::invalid("tenant", right));
    }
    Ok(())
}

/// The setters that every client builder has, for its field `config`. A trait would have to be
/// imported by the user; this way each builder's page shows them with their documentation.
macro_rules! client_config_setters {
    () => {
        /// Allows `http` as the scheme of the base URL for hosts other than loopback. Tokens and
        /// codes are then sent unencrypted: only for a private network behind a TLS proxy.
        pub fn allow_plain_http(mut self) -> Self {
            self.config.allow_plain_http = true;
            self
        }

        /// Sets the timeouts and limits of the client.
        pub fn settings(mut self, settings: $crate::Settings) -> Self {
            self.config.settings = settings;
            self
        }

        /// Sets the policy that decides when a retryable request is sent again: the same as
        /// [`Settings::retry`](crate::Settings::retry). A later [`settings`](Self::settings)
        /// replaces it.
        pub fn retry(mut self, policy: impl $crate::RetryPolicy) -> Self {
            self.config.settings.retry = ::std::sync::Arc::new(policy);
            self
        }

        /// Sets the deadline of each call, over all its attempts: the same as
        /// [`Settings::deadline`](crate::Settings::deadline). A later
        /// [`settings`](Self::settings) replaces it.
        pub fn deadline(mut self, deadline: ::std::time::Duration) -> Self {
            self.config.settings.deadline = deadline;
            self
        }

        /// Sets the observer that receives every event of the client, for metrics.
        pub fn observer(mut self, observer: impl $crate::Observer) -> Self {
            self.config.observer = Some(::std::sync::Arc::new(observer));
            self
        }

        /// Sets a custom HTTP client, for a proxy, a private certificate authority or a shared
        /// pool. Its connections, TLS, proxies and `connect_timeout` are then configured by the
        /// caller; all other limits still hold.
        /// [`Settings::http_client_builder`](crate::Settings::http_client_builder) gives a builder
        /// to start from.
        ///
        /// It must follow no redirects (`redirect::Policy::none()`), because they would carry the
        /// credentials: a response after a redirect is an error. It must keep no cookies (no
        /// `cookie_store`), because each session has its own jar, and must not retry requests
        /// itself (no `retry`). It should verify certificates and log no bytes (no
        /// `connection_verbose`).
        pub fn http_client(mut self, client: $crate::reqwest::Client) -> Self {
            self.config.http_client = Some(client);
            self
        }

        /// Sets the clock; [`SystemClock`](crate::SystemClock) by default.
        pub fn clock(mut self, clock: impl $crate::Clock) -> Self {
            self.config.clock = $crate::clock::SharedClock::new(clock);
            self
        }

        /// Sets the store of sessions and challenges; the memory of this client by default.
        /// Several clients share one as an `Arc`.
        pub fn store(mut self, store: impl $crate::store::SessionStore) -> Self {
            self.config.store = ::std::sync::Arc::new(store);
            self
        }

        /// Sets the language of messages, sent as `Accept-Language` (`de`, `en-GB`, `zh-tw`).
        pub fn accept_language(mut self, language: impl ::std::convert::Into<String>) -> Self {
            self.config.language = Some(language.into());
            self
        }
    };
}

pub(crate) use client_config_setters;

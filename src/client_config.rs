//! The configuration that the builders of all four clients share.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use tokio::time::Instant;
use url::Url;

use crate::clock::SharedClock;
use crate::error::{Error, System};
use crate::pipeline::{
    AttemptHeaders, BaseUrl, ConnectionSettings, Pipeline, ProxyChoice, RetryBudget, RetryPolicy,
    Settings, SystemRules, Transport, language_header,
};
use crate::secret::{NO_STRAY_SPACE, Secret};
use crate::session::{SessionContext, SessionRegistry};
use crate::skewed_clock::SkewedClock;
use crate::store::{IndexKeys, MemoryStore, SessionStore};
use crate::telemetry::{Observer, Telemetry};

/// The part of a client's configuration that does not depend on the system.
pub(crate) struct ClientConfig {
    pub(crate) system: System,
    pub(crate) base_url: String,
    pub(crate) allow_plain_http: bool,
    pub(crate) settings: Settings,
    /// Takes precedence over `settings`, as does `retry`.
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
    pub(crate) connections: ConnectionSettings,
    pub(crate) clock: SharedClock,
    pub(crate) store: Arc<dyn SessionStore>,
    /// Takes precedence over those of the store.
    pub(crate) index_keys: Option<IndexKeys>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) attempt_headers: Option<AttemptHeaders>,
    pub(crate) http_client: Option<reqwest::Client>,
    pub(crate) language: Option<String>,
    /// Separates the sessions of clients that share a base URL, such as those of two applications.
    pub(crate) audience: String,
}

/// What every client consists of.
pub(crate) type ClientParts = (Arc<Pipeline>, Arc<SessionContext>, Arc<SessionRegistry>);

impl ClientConfig {
    pub(crate) fn new(system: System, base_url: impl Into<String>) -> Self {
        Self {
            system,
            base_url: base_url.into(),
            allow_plain_http: false,
            settings: Settings::default(),
            deadline: None,
            retry: None,
            connections: ConnectionSettings::default(),
            clock: SharedClock::default(),
            store: Arc::new(MemoryStore::new()),
            index_keys: None,
            observer: None,
            attempt_headers: None,
            http_client: None,
            language: None,
            audience: String::new(),
        }
    }

    /// Builds what every client consists of.
    ///
    /// `system_rules` checks the settings of the system and makes its rules from the base URL and
    /// the default headers. Every error names the system.
    pub(crate) fn build<R: SystemRules + 'static>(
        self,
        system_rules: impl FnOnce(BaseUrl, HeaderMap) -> Result<(BaseUrl, R), Error>,
    ) -> Result<ClientParts, Error> {
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
        // With the feature, reqwest asks for gzip and decodes it. Without this header a server may
        // send any coding.
        if cfg!(not(feature = "gzip")) {
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
        }
        Ok((base, headers))
    }

    fn connect(self, base: BaseUrl, rules: Box<dyn SystemRules>) -> Result<ClientParts, Error> {
        if let (Some(field), Some(_)) = (self.connections.any_set(), &self.http_client) {
            let right = "does not apply to an `http_client`: set it on that client";
            return Err(Error::invalid(field, right));
        }
        let mut settings = self.settings;
        settings.deadline = self.deadline.unwrap_or(settings.deadline);
        settings.retry = self.retry.unwrap_or(settings.retry);
        settings.connections = self.connections;
        if let (true, ProxyChoice::Environment) =
            (self.allow_plain_http, &settings.connections.proxy)
        {
            settings.connections.proxy = ProxyChoice::None;
        }
        let transport = Transport::new(&settings, &base, self.http_client)?;
        // The HTTP client has its own copy of the key and the password.
        settings.connections = ConnectionSettings::default();
        let time = SkewedClock::new(self.clock, settings.max_clock_correction);
        let telemetry = Telemetry::to(self.observer);
        let context = SessionContext::new(
            self.system,
            audience(self.system, base.url(), &self.audience),
            self.store,
            time.clone(),
            telemetry.clone(),
            settings.clone(),
            self.index_keys,
        );
        let pipeline = Arc::new(Pipeline {
            base,
            rules,
            budget: RetryBudget::new(settings.retry_budget),
            start: Instant::now(),
            settings,
            time,
            telemetry,
            transport,
            attempt_headers: self.attempt_headers,
        });
        let sessions = SessionRegistry::new(context.clone());
        Ok((pipeline, context, sessions))
    }
}

/// Where sessions and challenges of a client are valid. A base URL with a slash at its end is the same
/// server.
fn audience(system: System, base: &Url, application: &str) -> String {
    let base = base.as_str().trim_end_matches('/');
    format!("{system} {base} {application}")
}

/// Checks a key or token of the system, which is often read from a file that ends in a line break.
pub(crate) fn check_key(field: &'static str, key: &Secret) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::invalid(field, "must not be empty"));
    }
    if key.has_stray_space() {
        return Err(Error::invalid(field, NO_STRAY_SPACE));
    }
    Ok(())
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
        /// Sets whether the base URL may have the scheme `http` for hosts other than loopback, which
        /// always may. Tokens and codes are then sent unencrypted: only for a private network behind
        /// a TLS proxy. With `true` the default HTTP client does not use the proxy that environment
        /// variables name; [`proxy`](Self::proxy) sets one.
        pub fn allow_plain_http(mut self, allow: bool) -> Self {
            self.config.allow_plain_http = allow;
            self
        }

        /// Trusts the certificates of a PEM text, one or more, in addition to the platform's: those
        /// of a private certificate authority. Several calls add up.
        ///
        /// `build` fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming
        /// `root_certificate` if the text has no certificate or a malformed one. Needs the feature
        /// `rustls` or `native-tls`.
        ///
        /// ```no_run
        /// # fn with(builder: vestibule::goodcity::ClientBuilder) -> Result<(), Box<dyn std::error::Error>> {
        /// let builder = builder.root_certificate(std::fs::read("ca.pem")?);
        /// # Ok(())
        /// # }
        /// ```
        pub fn root_certificate(mut self, pem: impl ::std::convert::Into<Vec<u8>>) -> Self {
            self.config.connections.root_certificates.push(pem.into());
            self
        }

        /// Sets the certificate by which the client authenticates to the server (mutual TLS): a PEM
        /// text with the certificate, the intermediate ones, and the unencrypted private key. With
        /// the feature `native-tls` alone the key must be in PKCS #8.
        ///
        /// `build` fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming
        /// `client_identity` if a part is missing or malformed, or if the key is that of another
        /// certificate. Needs the feature `rustls` or `native-tls`.
        ///
        /// ```no_run
        /// # fn with(builder: vestibule::goodcity::ClientBuilder) -> Result<(), Box<dyn std::error::Error>> {
        /// let builder = builder.client_identity(std::fs::read_to_string("client.pem")?);
        /// # Ok(())
        /// # }
        /// ```
        pub fn client_identity(mut self, pem: impl ::std::convert::Into<$crate::Secret>) -> Self {
            self.config.connections.client_identity = Some(pem.into());
            self
        }

        /// Sets the proxy of all connections, also of those to loopback: an `http` or `https` URL,
        /// with user and password where the proxy requires them
        /// (`http://user:password@proxy.example.com:3128`). To an `https` server the proxy gets a
        /// `CONNECT` request and sees only encrypted bytes.
        ///
        /// Without this, connections use the proxy that the environment variables `HTTPS_PROXY`,
        /// `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, except to loopback or with
        /// [`allow_plain_http`](Self::allow_plain_http). Of `proxy` and [`no_proxy`](Self::no_proxy)
        /// the last call applies.
        ///
        /// `build` fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming
        /// `proxy` if it is no such URL.
        pub fn proxy(mut self, url: impl ::std::convert::Into<$crate::Secret>) -> Self {
            self.config.connections.proxy = $crate::pipeline::ProxyChoice::At(url.into());
            self
        }

        /// Uses no proxy, not even one that environment variables name.
        pub fn no_proxy(mut self) -> Self {
            self.config.connections.proxy = $crate::pipeline::ProxyChoice::None;
            self
        }

        /// Sets how long an idle connection is kept open; 90 s by default. Where a load balancer
        /// closes idle connections earlier, a shorter time avoids requests on closed ones.
        pub fn pool_idle_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.config.connections.pool_idle_timeout = Some(timeout);
            self
        }

        /// Sets the product that `User-Agent` begins with, such as `my-back-end/1.0`; that of this
        /// crate follows.
        ///
        /// `build` fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming
        /// `user_agent` if it is empty, has a space at either end, or is not visible ASCII.
        pub fn user_agent(mut self, product: impl ::std::convert::Into<String>) -> Self {
            self.config.connections.user_agent = Some(product.into());
            self
        }

        /// Sets the timeouts and limits of the client. [`retry`](Self::retry) and
        /// [`deadline`](Self::deadline) of this builder take precedence, in any order; a second call
        /// replaces the first.
        pub fn settings(mut self, settings: $crate::Settings) -> Self {
            self.config.settings = settings;
            self
        }

        /// Sets the policy that decides when a retryable request is sent again. It takes precedence
        /// over [`Settings::retry`](crate::Settings::retry).
        pub fn retry(mut self, policy: impl $crate::RetryPolicy) -> Self {
            self.config.retry = Some(::std::sync::Arc::new(policy));
            self
        }

        /// Sets the deadline of each call, over all its attempts. It takes precedence over
        /// [`Settings::deadline`](crate::Settings::deadline).
        pub fn deadline(mut self, deadline: ::std::time::Duration) -> Self {
            self.config.deadline = Some(deadline);
            self
        }

        /// Sets the observer that receives every event of the client, for metrics.
        pub fn observer(mut self, observer: impl $crate::Observer) -> Self {
            self.config.observer = Some(::std::sync::Arc::new(observer));
            self
        }

        /// Sets a hook that adds headers to each attempt of each call, such as `traceparent`, before the
        /// attempt is signed and sent. It is called within the span of the attempt, so that
        /// `tracing::Span::current()` is that span; the package `examples/opentelemetry` puts its
        /// context on the wire. It must be fast and must not block. If it panics, it adds nothing.
        ///
        /// A header that the call has by [`CallOptions::header`](crate::CallOptions::header) is kept.
        /// Headers that the client sets itself are refused by name, as in options: the call fails with
        /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the header, before the
        /// attempt is sent. The hook gets no URL and no body, and nothing logs its values.
        ///
        /// ```
        /// # fn with(builder: vestibule::goodcity::ClientBuilder) {
        /// use vestibule::http::HeaderValue;
        ///
        /// let builder = builder.attempt_headers(|attempt, headers| {
        ///     headers.insert("x-attempt", HeaderValue::from(attempt.attempt));
        /// });
        /// # }
        /// ```
        pub fn attempt_headers(
            mut self,
            hook: impl Fn(&$crate::AttemptInfo<'_>, &mut ::http::HeaderMap) + Send + Sync + 'static,
        ) -> Self {
            self.config.attempt_headers = Some($crate::pipeline::AttemptHeaders::new(hook));
            self
        }

        /// Sets a custom HTTP client, for example to share a pool or to resolve names differently.
        /// Its connections, TLS, proxies and `connect_timeout` are then configured by the caller; all
        /// other limits still hold.
        /// [`Settings::http_client_builder`](crate::Settings::http_client_builder) gives a builder
        /// to start from.
        ///
        /// [`root_certificate`](Self::root_certificate),
        /// [`client_identity`](Self::client_identity), [`proxy`](Self::proxy),
        /// [`no_proxy`](Self::no_proxy), [`pool_idle_timeout`](Self::pool_idle_timeout) and
        /// [`user_agent`](Self::user_agent) cannot change a client that is already built: `build`
        /// fails with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the one that
        /// is set beside it.
        ///
        /// It must follow no redirects (`redirect::Policy::none()`), because they would carry the
        /// credentials: a response after a redirect is an error. It must keep no cookies (no
        /// `cookie_store`), because each session has its own jar, and must not retry requests
        /// itself (`retry(reqwest::retry::never())`, because by default reqwest sends a request again
        /// that an HTTP/2 server refused). It should verify certificates and log no bytes (no
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

        /// Sets the keys by which the records of phones and mailboxes are found in the store, for a
        /// store that does not seal; see [`IndexKey`](crate::store::IndexKey). They take precedence
        /// over those that the store derives from its sealing keys. All instances need the same.
        pub fn index_keys(mut self, keys: $crate::store::IndexKeys) -> Self {
            self.config.index_keys = Some(keys);
            self
        }

        /// Sets the language of messages, sent as `Accept-Language` (`de`, `en-GB`, `zh-tw`).
        pub fn language(mut self, language: impl ::std::convert::Into<String>) -> Self {
            self.config.language = Some(language.into());
            self
        }
    };
}

pub(crate) use client_config_setters;

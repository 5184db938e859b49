//! The HTTP client that a road makes for itself, and that a caller may begin with.

use std::time::Duration;

use super::Settings;
use super::base_url::BaseUrl;
use crate::error::{Error, ErrorKind};

/// How long a connection may be silent before an HTTP/2 ping, and how long the answer to that.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

impl Settings {
    /// The HTTP client that clients make for themselves, for a caller who wants to change it: to add
    /// a proxy, say, and give it to `http_client` of a client's builder.
    ///
    /// It has the connect timeout and the bounds of these settings, follows no redirects and, with the
    /// feature `rustls`, does TLS by ring with the platform's certificates. What is set on it about
    /// certificates has no effect then; for others give it a whole configuration by reqwest's
    /// `tls_backend_preconfigured`.
    ///
    /// A bare `reqwest::Client::builder()` has no TLS with that feature alone: its `build` panics,
    /// unless reqwest is given a TLS backend by a feature of your own.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use vestibule::{Settings, reqwest::Proxy};
    ///
    /// let http = Settings::default().http_client_builder()?;
    /// let http = http.proxy(Proxy::all("http://proxy.example.com:3128")?).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if this machine has no certificates that TLS could start with.
    pub fn http_client_builder(&self) -> Result<reqwest::ClientBuilder, Error> {
        with_tls(plain(self), false)
    }
}

/// The client for one server: this machine is reached without a proxy.
pub(super) fn for_server(settings: &Settings, base: &BaseUrl) -> Result<reqwest::Client, Error> {
    let mut client = plain(settings);
    if base.is_loopback() {
        client = client.no_proxy();
    }
    with_tls(client, base.is_plain_http())?
        .build()
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "the HTTP client cannot start"))
}

fn plain(settings: &Settings) -> reqwest::ClientBuilder {
    let header_bytes = u32::try_from(settings.max_header_bytes).unwrap_or(u32::MAX);
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(settings.max_in_flight)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_max_header_list_size(header_bytes)
        .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
}

/// rustls with ring: it builds in half the time of aws-lc-rs and asks for no more than a C
/// compiler.
#[cfg(feature = "rustls")]
fn with_tls(
    client: reqwest::ClientBuilder,
    plain_http: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    use std::sync::Arc;

    let failed = |_| Error::new(ErrorKind::InvalidInput, "TLS cannot start on this machine");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // A machine without certificates can still talk plain http to its loopback, and to read them
    // takes longer than all the rest.
    let mut config = if plain_http {
        config
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    } else {
        let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(failed)?;
        config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(client.tls_backend_preconfigured(config))
}

#[cfg(not(feature = "rustls"))]
fn with_tls(
    client: reqwest::ClientBuilder,
    _plain_http: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    Ok(client)
}

//! The default HTTP client, and a builder for custom ones.

use std::time::Duration;

use super::base_url::BaseUrl;
use super::options::Settings;
use crate::error::{Error, ErrorKind};

/// The idle time after which an HTTP/2 connection is pinged, and the timeout of that ping.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

impl Settings {
    /// Returns a builder of the HTTP client that clients use by default, to customise it and pass the
    /// result to `http_client` of a client's builder.
    ///
    /// It has the connect timeout and the limits of these settings, follows no redirects and, with
    /// the feature `rustls`, uses rustls with ring and the platform's certificates. reqwest's methods
    /// for certificates have no effect then; for other certificates pass a whole rustls configuration
    /// to `tls_backend_preconfigured`.
    ///
    /// A plain `reqwest::Client::builder()` has no TLS with that feature alone, and its `build`
    /// panics unless your crate enables a TLS backend of reqwest.
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
    /// [`ErrorKind::InvalidInput`] if the platform has no usable certificates.
    pub fn http_client_builder(&self) -> Result<reqwest::ClientBuilder, Error> {
        with_tls(plain(self), false)
    }
}

/// Builds the client for one server. Loopback is reached without a proxy.
pub(super) fn for_server(settings: &Settings, base: &BaseUrl) -> Result<reqwest::Client, Error> {
    let mut client = plain(settings);
    if base.is_loopback() {
        client = client.no_proxy();
    }
    with_tls(client, base.is_plain_http())?
        .build()
        .map_err(|_| Error::new(ErrorKind::InvalidInput, "could not build the HTTP client"))
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

/// Uses rustls with ring, which compiles in half the time of aws-lc-rs and needs only a C compiler.
#[cfg(feature = "rustls")]
fn with_tls(
    client: reqwest::ClientBuilder,
    plain_http: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    use std::sync::Arc;

    let failed = |_| Error::new(ErrorKind::InvalidInput, "could not initialise TLS");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // Plain http needs no certificates, and loading them takes longer than everything else here.
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

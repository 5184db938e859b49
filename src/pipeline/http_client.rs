//! The default HTTP client, and a builder for custom ones.

use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::base_url::BaseUrl;
use super::connection_settings::{ConnectionSettings, ProxyChoice};
use super::options::Settings;
use super::tls;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// Upper bounds for how long an HTTP/2 connection with a request is silent before it is pinged, and
/// for how long the server may take to respond to the ping.
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A lower bound for both.
const MIN_PING: Duration = Duration::from_millis(10);

const PRODUCT: &str = concat!("vestibule/", env!("CARGO_PKG_VERSION"));

impl Settings {
    /// Returns a builder of the HTTP client that clients use by default, to customise it and pass the
    /// result to `http_client` of a client's builder. Certificates, a proxy, the idle timeout and
    /// the user agent need no custom client: the client's builder sets them.
    ///
    /// It has the connect timeout and the limits of these settings, follows no redirects, does not
    /// retry, leaves an HTTP/2 connection that is silent within the timeout of an attempt, and, with the
    /// feature `rustls`, uses rustls with ring and the platform's certificates. reqwest's methods
    /// for certificates have no effect then; for other certificates pass a whole rustls configuration
    /// to `tls_backend_preconfigured`.
    ///
    /// A plain `reqwest::Client::builder()` has no TLS with that feature alone, and its `build`
    /// panics unless your crate enables a TLS backend of reqwest; see the
    /// [features](crate::guide::features#your-own-reqwest-client).
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let http = vestibule::Settings::new().http_client_builder()?;
    /// let http = http.resolve("api.example.com", "203.0.113.7:443".parse()?).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the platform has no usable certificates.
    pub fn http_client_builder(&self) -> Result<reqwest::ClientBuilder, Error> {
        tls::with_tls(plain(self), &ConnectionSettings::default(), true)
    }
}

/// Builds the client for one server. Loopback is reached without a proxy of the environment.
pub(super) fn for_server(settings: &Settings, base: &BaseUrl) -> Result<reqwest::Client, Error> {
    let connections = &settings.connections;
    let mut client = plain(settings);
    if let Some(timeout) = connections.pool_idle_timeout {
        client = client.pool_idle_timeout(timeout);
    }
    if let Some(own) = &connections.user_agent {
        client = client.user_agent(user_agent(own)?);
    }
    // What needs TLS.
    let mut encrypted = (!base.is_plain_http()).then_some("base_url");
    match &connections.proxy {
        ProxyChoice::Environment if !base.is_loopback() => {}
        ProxyChoice::Environment | ProxyChoice::None => client = client.no_proxy(),
        ProxyChoice::At(url) => {
            let url = proxy_url(url)?;
            if url.scheme() == "https" {
                encrypted = encrypted.or(Some("proxy"));
            }
            let proxy = reqwest::Proxy::all(url).map_err(|_| invalid_proxy())?;
            client = client.proxy(proxy);
        }
    }
    if let Some(field) = encrypted
        && !tls::IS_AVAILABLE
    {
        return Err(tls::unavailable(field));
    }
    let client = tls::with_tls(client, connections, encrypted.is_some())?;
    client
        .build()
        .map_err(|_| match connections.client_identity {
            // native-tls compares key and certificate only now.
            Some(_) => tls::invalid_identity(),
            None => Error::new(ErrorKind::InvalidInput, "could not build the HTTP client"),
        })
}

fn plain(settings: &Settings) -> reqwest::ClientBuilder {
    let header_bytes = u32::try_from(settings.max_header_bytes).unwrap_or(u32::MAX);
    // An HTTP/2 connection outlives the timeouts of its requests. So that the next attempt does not
    // use a dead one, a ping finds that out within three quarters of an attempt.
    let ping_after = (settings.attempt_timeout / 4).clamp(MIN_PING, PING_AFTER);
    let ping_timeout = (settings.attempt_timeout / 2).clamp(MIN_PING, PING_TIMEOUT);
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // By default reqwest sends a request again that an HTTP/2 server refused: with the same
        // signature, and uncounted. Without retries it does not keep a copy of each request either.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .pool_max_idle_per_host(settings.max_in_flight)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(ping_after)
        .http2_keep_alive_timeout(ping_timeout)
        .http2_max_header_list_size(header_bytes)
        .user_agent(PRODUCT)
}

/// The caller's product, followed by this crate's.
fn user_agent(own: &str) -> Result<HeaderValue, Error> {
    let well_formed = !own.is_empty() && own.trim() == own;
    let whole = format!("{own} {PRODUCT}");
    let is_text = |byte: u8| matches!(byte, b' '..=b'~');
    let value = HeaderValue::from_str(&whole).ok();
    value
        .filter(|_| well_formed && own.bytes().all(is_text))
        .ok_or_else(|| {
            let right = "must be visible ASCII such as `my-back-end/1.0`, without spaces around it";
            Error::invalid("user_agent", right)
        })
}

fn proxy_url(url: &Secret) -> Result<Url, Error> {
    let text = url.expose();
    // The parser would drop them.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|url| {
        is_plain
            && matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(invalid_proxy)
}

fn invalid_proxy() -> Error {
    let right =
        "must be an http or https URL without a path, such as `http://user:password@host:3128`";
    Error::invalid("proxy", right)
}

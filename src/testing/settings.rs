//! How a mock is served.

use std::io;
use std::net::TcpListener;

use url::Url;

use super::clock::TestClock;

/// Where a mock listens, which time it lives in, and which web pages may call it.
///
/// ```
/// use vestibule::testing::{GoodCity, MockSettings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let settings = MockSettings::new().allow_origin("http://localhost:3000")?;
/// let mock = GoodCity::serve(settings).await?;
/// assert!(mock.base_url().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "settings are for `serve`"]
pub struct MockSettings {
    port: u16,
    pub(crate) clock: TestClock,
    pub(crate) origin: Option<AllowedOrigin>,
}

impl MockSettings {
    /// A free port of the loopback, a clock of its own, no web pages.
    pub fn new() -> Self {
        Self::default()
    }

    /// This port of the loopback; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The time of this clock. Mocks and clients may share one.
    pub fn clock(mut self, clock: TestClock) -> Self {
        self.clock = clock;
        self
    }

    /// Lets the scripts of web pages of this origin call the mock, cookies included. `*` is any
    /// origin, and then without cookies.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is neither `*` nor of the form `https://host:port`.
    pub fn allow_origin(mut self, origin: &str) -> io::Result<Self> {
        self.origin = Some(AllowedOrigin::parse(origin)?);
        Ok(self)
    }

    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        TcpListener::bind(("127.0.0.1", self.port))
    }
}

/// Whose web pages may call a mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AllowedOrigin(String);

impl AllowedOrigin {
    fn parse(origin: &str) -> io::Result<Self> {
        let is_origin = Url::parse(origin).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == origin
        });
        if origin == "*" || is_origin {
            return Ok(Self(origin.to_owned()));
        }
        let message = "an origin is `*` or a scheme and a host, such as http://localhost:3000, \
                       without a path";
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// What every answer says to a browser. Credentials and `*` exclude each other.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let exposed = "Date, Retry-After, X-Pagination-TotalPages, X-Pagination-TotalElements, \
                       X-Pagination-Number, X-Pagination-NumberOfElements, X-Pagination-Size, \
                       X-Pagination-First, X-Pagination-Last";
        let mut headers = vec![
            ("access-control-allow-origin", self.0.clone()),
            ("access-control-expose-headers", exposed.to_owned()),
        ];
        if self.0 != "*" {
            headers.push(("access-control-allow-credentials", "true".to_owned()));
            headers.push(("vary", "Origin".to_owned()));
        }
        headers
    }

    /// What a browser is told that asks before it sends the request itself.
    pub(crate) fn preflight_headers(&self, wanted: Option<&str>) -> Vec<(&'static str, String)> {
        let methods = "GET, POST, PUT, PATCH, DELETE";
        let mut headers = vec![("access-control-allow-methods", methods.to_owned())];
        if let Some(wanted) = wanted {
            headers.push(("access-control-allow-headers", wanted.to_owned()));
        }
        headers.push(("access-control-max-age", "600".to_owned()));
        headers
    }
}

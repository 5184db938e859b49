//! The settings of a mock.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};

use url::Url;

use super::clock::TestClock;
use super::control::ControlAccess;

/// The address, the clock, the allowed web origin and the control API of a mock.
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
#[derive(Clone, Debug)]
#[must_use = "settings have no effect until they are passed to `serve`"]
pub struct MockSettings {
    address: IpAddr,
    port: u16,
    pub(crate) clock: TestClock,
    pub(crate) origin: Option<AllowedOrigin>,
    pub(crate) control: Option<ControlAccess>,
}

impl Default for MockSettings {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            clock: TestClock::new(),
            origin: None,
            control: None,
        }
    }
}

impl MockSettings {
    /// A free port of the loopback interface, a new clock, no web origin, no control API.
    pub fn new() -> Self {
        Self::default()
    }

    /// The address to listen on; 127.0.0.1 by default. Other machines reach the mock at an address
    /// beyond the loopback interface, so that requires a [`control`](Self::control) with a token.
    pub fn address(mut self, address: impl Into<IpAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// The port; 0 selects a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The clock. Mocks and clients may share one.
    pub fn clock(mut self, clock: TestClock) -> Self {
        self.clock = clock;
        self
    }

    /// Allows web pages of this origin to call the mock (CORS), with cookies. `*` allows every origin,
    /// without cookies.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is neither `*` nor of the form `https://host:port`.
    pub fn allow_origin(mut self, origin: &str) -> io::Result<Self> {
        self.origin = Some(AllowedOrigin::parse(origin)?);
        Ok(self)
    }

    /// Serves the control API below `/__mock/`, for programs that only know the URL of the mock, and a
    /// page at `/__mock/` that shows the messages, the users and the requests.
    /// `/__mock/openapi.yaml` describes it. Such a mock has a fault proxy in front of it, so that the
    /// control API can inject faults of the network.
    pub fn control(mut self, access: ControlAccess) -> Self {
        self.control = Some(access);
        self
    }

    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let has_token = self.control.as_ref().is_some_and(ControlAccess::has_token);
        if !self.address.is_loopback() && !has_token {
            let message = "an address beyond the loopback interface requires a control token, because \
                           other machines can reach it";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        TcpListener::bind((self.address, self.port))
    }
}

/// The web origin that may call a mock.
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
        let message = "an origin must be `*` or a scheme and a host, such as http://localhost:3000, \
                       without a path";
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// Whether it is this one origin; `*` names none.
    pub(crate) fn is(&self, origin: &str) -> bool {
        self.0 == origin && origin != "*"
    }

    /// The CORS headers of every response. Browsers reject credentials together with `*`.
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

    /// The headers of the response to a preflight request.
    pub(crate) fn preflight_headers(&self, requested: Option<&str>) -> Vec<(&'static str, String)> {
        let methods = "GET, POST, PUT, PATCH, DELETE";
        let mut headers = vec![("access-control-allow-methods", methods.to_owned())];
        if let Some(requested) = requested {
            headers.push(("access-control-allow-headers", requested.to_owned()));
        }
        headers.push(("access-control-max-age", "600".to_owned()));
        headers
    }
}

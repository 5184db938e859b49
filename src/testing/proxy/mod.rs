//! A proxy that injects network faults.

mod connection;
mod fault;
mod message;
mod rules;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

pub use self::fault::Fault;
pub(super) use self::rules::Rules;
pub use self::rules::{FaultRule, ProxiedRequest};

/// A proxy on the loopback interface that forwards requests to a server and injects [`Fault`]s into
/// some of them: resets, stalls, incomplete responses, HTML pages of gateways.
///
/// Pass its [`base_url`](Self::base_url) to a client instead of the server's. Every request uses a new
/// connection.
///
/// ```
/// # #[cfg(feature = "goodcity")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use vestibule::goodcity::Client;
/// use vestibule::testing::{Fault, FaultProxy, FaultRule, GoodCity};
///
/// let mock = GoodCity::start().await;
/// let proxy = FaultProxy::start(mock.base_url()).await?;
/// let client = Client::builder(proxy.base_url()).app_name("app").build()?;
/// proxy.inject(FaultRule::new(Fault::ResetAfterRequest).on("/send_pin").times(1));
/// let error = client.sign_in_with_pin(&"+85261234567".parse()?).await.unwrap_err();
/// assert_eq!(error.delivery(), vestibule::Delivery::Unknown);
/// assert_eq!(proxy.requests().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct FaultProxy {
    authority: String,
    rules: Arc<Rules>,
    accept_task: JoinHandle<()>,
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "testing::FaultProxy({})", self.authority)
    }
}

impl FaultProxy {
    /// Starts a proxy on a free port for a server at `upstream` (plain `http`).
    ///
    /// # Errors
    ///
    /// If there is no free port, or `upstream` is not of the form `http://host:port`.
    pub async fn start(upstream: impl AsRef<str>) -> io::Result<Self> {
        let upstream = upstream.as_ref();
        let upstream = upstream
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/').to_owned())
            .ok_or(io::ErrorKind::InvalidInput)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Self::run(upstream, listener, Arc::default())
    }

    /// Starts a proxy for a mock, with the rules of the mock.
    pub(super) fn start_for(
        upstream: &str,
        listener: TcpListener,
        rules: Arc<Rules>,
    ) -> io::Result<Self> {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        Self::run(upstream, listener, rules)
    }

    fn run(upstream: String, listener: TcpListener, rules: Arc<Rules>) -> io::Result<Self> {
        let authority = reachable(listener.local_addr()?).to_string();
        let shared = rules.clone();
        let accept_task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.count_connection();
                tokio::spawn(connection::serve(stream, upstream.clone(), shared.clone()));
            }
        });
        Ok(Self {
            authority,
            rules,
            accept_task,
        })
    }

    /// The base URL for a client.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The `https` base URL for [`Fault::TlsFailure`]. The proxy does not support TLS, so every other
    /// request to it fails.
    pub fn https_url(&self) -> String {
        format!("https://{}", self.authority)
    }

    /// Adds a rule. The oldest rule that matches a request is applied to it.
    ///
    /// # Panics
    ///
    /// If the rule names an operation that the server does not have. A proxy of
    /// [`start`](Self::start) knows no operations; use `fault_proxy` of a mock instead.
    #[track_caller]
    pub fn inject(&self, rule: FaultRule) {
        self.rules.add(rule);
    }

    /// Removes all rules and recorded requests.
    pub fn reset(&self) {
        self.rules.reset();
    }

    /// The last 10,000 completely received requests, oldest first.
    pub fn requests(&self) -> Vec<ProxiedRequest> {
        self.rules.requests()
    }

    /// The number of connections accepted since the last [`reset`](Self::reset).
    pub fn connections(&self) -> usize {
        self.rules.connections()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accept_task.abort();
    }
}

/// The address at which a client on this machine reaches a listener: one that listens on all addresses
/// also listens on the loopback address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// A reserved port of the loopback interface that refuses every connection.
#[derive(Debug)]
pub struct RefusingPort {
    /// Bound but not listening: connections are refused, and no other socket gets the port.
    _socket: TcpSocket,
    base_url: String,
}

impl RefusingPort {
    /// Reserves a free port.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn take() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(([127, 0, 0, 1], 0).into())?;
        let base_url = format!("http://{}", socket.local_addr()?);
        Ok(Self {
            _socket: socket,
            base_url,
        })
    }

    /// The base URL for a client.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

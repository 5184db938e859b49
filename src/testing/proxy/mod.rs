//! A proxy in front of a server that breaks the wire on demand.

mod fault;
mod message;
mod rules;
mod wire;

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

pub use self::fault::Fault;
use self::rules::Rules;
pub use self::rules::{Arrival, FaultRule};
use crate::pipeline::Operation;

/// A proxy on the loopback that passes requests to a server and does to some of them what networks
/// do: resets, stalls, half answers, pages of gateways.
///
/// Give its [`base_url`](Self::base_url) to a client in place of the server's. Each request gets a
/// connection of its own.
///
/// ```
/// # #[cfg(feature = "goodcity")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use vestibule::goodcity::Client;
/// use vestibule::testing::{Fault, FaultProxy, FaultRule, GoodCity};
///
/// let mock = GoodCity::start().await;
/// let proxy = FaultProxy::start(mock.base_url()).await?;
/// let client = Client::builder(proxy.base_url(), "app").build()?;
/// proxy.inject(FaultRule::new(Fault::ResetAfterRequest).on("/send_pin").times(1));
/// let error = client.send_pin("+85261234567").await.unwrap_err();
/// assert_eq!(error.delivery(), vestibule::Delivery::Unknown);
/// assert_eq!(proxy.arrivals().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct FaultProxy {
    authority: String,
    rules: Arc<Rules>,
    accepting: JoinHandle<()>,
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "testing::FaultProxy({})", self.authority)
    }
}

impl FaultProxy {
    /// Starts a proxy on a free port, in front of a server at `upstream` (plain `http`).
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
        Self::run(upstream, 0, Rules::default()).await
    }

    /// In front of a mock: on this port, with the operations that rules may name, and with the
    /// headers that every answer of the proxy's own carries.
    pub(super) async fn start_for(
        upstream: &str,
        port: u16,
        operations: Vec<&'static Operation>,
        headers: Vec<(&'static str, String)>,
    ) -> io::Result<Self> {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        Self::run(upstream, port, Rules::new(operations, headers)).await
    }

    async fn run(upstream: String, port: u16, rules: Rules) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let authority = listener.local_addr()?.to_string();
        let rules = Arc::new(rules);
        let shared = rules.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.count_connection();
                tokio::spawn(wire::serve(stream, upstream.clone(), shared.clone()));
            }
        });
        Ok(Self {
            authority,
            rules,
            accepting,
        })
    }

    /// The base URL for a client.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The same for [`Fault::TlsFailure`]. The proxy talks no TLS, so nothing else works there.
    pub fn https_url(&self) -> String {
        format!("https://{}", self.authority)
    }

    /// Adds a rule. The oldest one that fits a request is applied to it.
    ///
    /// # Panics
    ///
    /// If it names an operation that the server behind the proxy does not have. What a proxy
    /// of [`start`](Self::start) stands before has no known operations; start it by `fault_proxy` of
    /// a mock.
    #[track_caller]
    pub fn inject(&self, rule: FaultRule) {
        self.rules.add(rule);
    }

    /// Drops all rules and forgets what arrived.
    pub fn reset(&self) {
        self.rules.reset();
    }

    /// The requests that arrived whole, oldest first; the last 10,000 are kept.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.rules.arrivals()
    }

    /// How many connections were accepted since the last reset.
    pub fn connections(&self) -> usize {
        self.rules.connections()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A port of the loopback that is taken and refuses every connection.
#[derive(Debug)]
pub struct RefusingPort {
    /// Bound and never listening: the system refuses, and gives the port to nobody else.
    _socket: TcpSocket,
    base_url: String,
}

impl RefusingPort {
    /// Takes a free port.
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

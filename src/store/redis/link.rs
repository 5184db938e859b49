//! The connection: to one server or to a cluster, made when it is first needed, and made anew when
//! it is lost.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{
    Client, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline,
    ProtocolVersion, RedisError, RedisFuture, RedisResult, ServerErrorKind, TlsCertificates, Value,
};

use super::super::StoreError;
use super::failure::{may_be_stuck, unavailable};
use crate::secret::Secret;

const RETRIES: u32 = 2;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_millis(100);

/// Where Redis is and how it is spoken to.
pub(super) struct Address {
    pub(super) urls: Vec<Secret>,
    pub(super) cluster: bool,
    pub(super) timeout: Duration,
    pub(super) root_certificates: Option<Vec<u8>>,
}

enum Target {
    Server(Box<Client>),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
enum Connection {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

/// A connection that all steps share.
pub(super) struct Link {
    target: Target,
    timeout: Duration,
    /// The connection and how many there were before it.
    current: Mutex<(Connection, u64)>,
}

impl Link {
    pub(super) fn new(address: Address) -> Result<Self, StoreError> {
        let target = address.target().map_err(|error| unavailable(&error))?;
        let connection = target
            .connection(address.timeout)
            .map_err(|error| unavailable(&error))?;
        Ok(Self {
            target,
            timeout: address.timeout,
            current: Mutex::new((connection, 0)),
        })
    }

    /// Sends a command and waits for its answer, but not for ever.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let (mut connection, _) = self.connection();
        self.bounded(ask(&mut connection, command)).await
    }

    /// Runs a script by its digest, or by its text if the server does not know it.
    pub(super) async fn run(&self, by_digest: &Cmd, by_text: &Cmd) -> Result<i64, StoreError> {
        let (mut connection, _) = self.connection();
        let run = async {
            match ask(&mut connection, by_digest).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    by_text.query_async(&mut connection).await
                }
                answered => answered,
            }
        };
        self.bounded(run).await
    }

    async fn bounded<T>(
        &self,
        answer: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StoreError> {
        let (_, generation) = self.connection();
        let Ok(answered) = tokio::time::timeout(self.timeout, answer).await else {
            return Err(StoreError::Unavailable(io::ErrorKind::TimedOut));
        };
        answered.map_err(|error| {
            if may_be_stuck(&error) {
                self.replace(generation);
            }
            unavailable(&error)
        })
    }

    fn connection(&self) -> (Connection, u64) {
        // A pair is replaced as a whole.
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Begins a new connection, unless somebody else has done so since `generation`.
    fn replace(&self, generation: u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1 == generation
            && let Ok(connection) = self.target.connection(self.timeout)
        {
            *current = (connection, generation + 1);
        }
    }
}

impl Address {
    fn target(&self) -> RedisResult<Target> {
        let urls = self
            .urls
            .iter()
            .map(|url| url.expose().into_connection_info());
        let servers = urls.collect::<RedisResult<Vec<_>>>()?;
        if servers.iter().any(is_tls) {
            choose_cryptography();
        }
        let certificates = self.root_certificates.clone().map(|pem| TlsCertificates {
            client_tls: None,
            root_cert: Some(pem),
        });
        if self.cluster {
            let mut builder = ClusterClient::builder(servers)
                .use_protocol(ProtocolVersion::RESP3)
                .tcp_settings(tcp_settings(self.timeout))
                .connection_timeout(self.timeout)
                .response_timeout(self.timeout)
                .retries(RETRIES)
                .min_retry_wait(to_millis(FIRST_DELAY))
                .max_retry_wait(to_millis(LONGEST_DELAY));
            if let Some(certificates) = certificates {
                builder = builder.certs(certificates);
            }
            return builder
                .build()
                .map(|client| Target::Cluster(Box::new(client)));
        }
        let no_server = || RedisError::from((ErrorKind::InvalidClientConfig, "no server is named"));
        let server = servers.into_iter().next().ok_or_else(no_server)?;
        // With the newer protocol the driver notices a lost connection before it is needed.
        let settings = server.redis_settings().clone();
        let server = server
            .set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
            .set_tcp_settings(tcp_settings(self.timeout));
        let client = match certificates {
            Some(certificates) => Client::build_with_tls(server, certificates),
            None => Client::open(server),
        };
        client.map(Box::new).map(Target::Server)
    }
}

impl Target {
    fn connection(&self, timeout: Duration) -> RedisResult<Connection> {
        match self {
            Self::Server(client) => {
                let config = ConnectionManagerConfig::new()
                    .set_number_of_retries(RETRIES as usize)
                    .set_min_delay(FIRST_DELAY)
                    .set_max_delay(LONGEST_DELAY)
                    .set_connection_timeout(Some(timeout))
                    .set_response_timeout(Some(timeout));
                ConnectionManager::new_lazy_with_config(Client::clone(client), config)
                    .map(Connection::Server)
            }
            Self::Cluster(client) => Ok(Connection::Cluster(
                client.get_pending_async_connection_with_config(ClusterConfig::new()),
            )),
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}

/// A connection that was refused carried nothing. The driver says so once more, of its last try,
/// when the server is back long since; so a second try is worth its while.
async fn ask<T: FromRedisValue>(connection: &mut Connection, command: &Cmd) -> RedisResult<T> {
    match command.query_async(connection).await {
        Err(error) if error.is_connection_refusal() => command.query_async(connection).await,
        answered => answered,
    }
}

fn is_tls(server: &ConnectionInfo) -> bool {
    matches!(server.addr(), redis::ConnectionAddr::TcpTls { .. })
}

/// The driver takes the process' cryptography, and panics if the features of all crates leave it
/// open which that is. Whoever has chosen one keeps it.
fn choose_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// A server whose machine is gone answers nothing, not even that: the kernel must notice.
fn tcp_settings(timeout: Duration) -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15));
    let settings = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(timeout);
    #[cfg(not(any(target_os = "android", target_os = "fuchsia", target_os = "linux")))]
    let _ = timeout;
    settings
}

fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

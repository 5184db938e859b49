//! Where Redis is: the URLs and the settings of a connection, and how one is opened.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ClientTlsConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    Pipeline, ProtocolVersion, RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode,
    Value,
};

use super::errors::store_error;
use crate::secret::Secret;
use crate::store::pem::{self, INVALID_ROOTS};
use crate::store::{StoreError, is_loopback};

const RETRIES: u32 = 2;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_millis(100);

/// What the URLs lead to.
pub(super) enum Topology {
    Server,
    Cluster,
    Sentinel { service: String },
}

/// The URLs of Redis and the settings of the connection.
pub(super) struct Address {
    pub(super) urls: Vec<Secret>,
    pub(super) topology: Topology,
    pub(super) allow_plain_tcp: bool,
    pub(super) sentinel_password: Option<Secret>,
    pub(super) root_certificates: Option<Vec<u8>>,
    pub(super) client_identity: Option<Secret>,
}

/// What opens a connection.
pub(super) enum Target {
    Server(Box<Client>),
    Cluster(Box<ClusterClient>),
    /// The Sentinels, one lookup of the primary at a time.
    Sentinel(Box<tokio::sync::Mutex<SentinelClient>>),
    /// The caller has opened it.
    Given,
}

impl Address {
    pub(super) fn new(url: Secret) -> Self {
        Self {
            urls: vec![url],
            topology: Topology::Server,
            allow_plain_tcp: false,
            sentinel_password: None,
            root_certificates: None,
            client_identity: None,
        }
    }

    pub(super) fn target(&self, timeout: Duration) -> Result<Target, StoreError> {
        let servers = self
            .urls
            .iter()
            .map(|url| self.server(url))
            .collect::<Result<Vec<_>, _>>()?;
        if self.sentinel_password.is_some() && !matches!(self.topology, Topology::Sentinel { .. }) {
            return Err(StoreError::InvalidSetting {
                name: "sentinel_password",
                requirement: "needs `sentinel`",
            });
        }
        let certificates = self.certificates()?;
        if servers.iter().any(is_tls) {
            ensure_crypto_provider();
        }
        let target = match &self.topology {
            Topology::Server => server_target(servers, certificates, timeout),
            Topology::Cluster => cluster_target(servers, certificates, timeout),
            Topology::Sentinel { service } => {
                self.sentinel_target(&servers, service, certificates, timeout)
            }
        };
        target.map_err(|error| match (&self.topology, error.kind()) {
            (Topology::Cluster, ErrorKind::InvalidClientConfig) => StoreError::InvalidSetting {
                name: "cluster",
                requirement: "needs URLs with the same user, password, database and scheme",
            },
            _ => store_error(&error),
        })
    }

    fn server(&self, url: &Secret) -> Result<ConnectionInfo, StoreError> {
        let parsed = url.expose().into_connection_info();
        let server = parsed.map_err(|_| StoreError::InvalidSetting {
            name: "url",
            requirement: "must be a URL of Redis, such as `rediss://user:password@host:6379/0`",
        })?;
        let requirement = match (&self.topology, server.addr()) {
            _ if self.allow_plain_tcp || is_tls(&server) => return Ok(server),
            (Topology::Server, ConnectionAddr::Tcp(host, _)) if !is_loopback(host) => {
                "must start with `rediss://`, for TLS, unless the host is loopback or \
                 `allow_plain_tcp` is set"
            }
            (Topology::Server, _) => return Ok(server),
            // These hosts name others, which get the same password.
            (Topology::Cluster | Topology::Sentinel { .. }, _) => {
                "must start with `rediss://`, for TLS, with `cluster` and `sentinel`, unless \
                 `allow_plain_tcp` is set"
            }
        };
        Err(StoreError::InvalidSetting {
            name: "url",
            requirement,
        })
    }

    fn certificates(&self) -> Result<Option<TlsCertificates>, StoreError> {
        if let Some(pem) = &self.root_certificates {
            pem::certificates(pem).ok_or(INVALID_ROOTS)?;
        }
        let client_tls = match &self.client_identity {
            Some(pem) => {
                let pem = pem.expose().as_bytes();
                pem::identity(pem)?;
                // The driver takes from each what it needs.
                Some(ClientTlsConfig {
                    client_cert: pem.to_vec(),
                    client_key: pem.to_vec(),
                })
            }
            None => None,
        };
        let is_set = self.root_certificates.is_some() || client_tls.is_some();
        if is_set && !self.urls.iter().all(is_tls_url) {
            let (name, requirement) = match client_tls {
                Some(_) => (
                    "client_identity",
                    "needs a URL that starts with `rediss://`",
                ),
                None => (
                    "root_certificates",
                    "needs a URL that starts with `rediss://`",
                ),
            };
            return Err(StoreError::InvalidSetting { name, requirement });
        }
        Ok(is_set.then(|| TlsCertificates {
            client_tls,
            root_cert: self.root_certificates.clone(),
        }))
    }

    /// The URLs lead to Sentinels; the user, password and database of the first one are those of the
    /// servers.
    fn sentinel_target(
        &self,
        sentinels: &[ConnectionInfo],
        service: &str,
        certificates: Option<TlsCertificates>,
        timeout: Duration,
    ) -> RedisResult<Target> {
        let addresses = sentinels.iter().map(|sentinel| sentinel.addr().clone());
        let mut builder =
            SentinelClientBuilder::new(addresses, service, SentinelServerType::Master)?
                .set_client_to_redis_protocol(ProtocolVersion::RESP3)
                .set_client_to_redis_tcp_settings(tcp_settings(timeout))
                .set_client_to_sentinel_tcp_settings(tcp_settings(timeout));
        if let Some(server) = sentinels.first() {
            let settings = server.redis_settings();
            builder = builder.set_client_to_redis_db(settings.db());
            if let Some(username) = settings.username() {
                builder = builder.set_client_to_redis_username(username);
            }
            if let Some(password) = settings.password() {
                builder = builder.set_client_to_redis_password(password);
            }
            if is_tls(server) {
                builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            }
        }
        if let Some(password) = &self.sentinel_password {
            builder = builder.set_client_to_sentinel_password(password.expose());
        }
        if let Some(certificates) = certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates);
        }
        let client = tokio::sync::Mutex::new(builder.build()?);
        Ok(Target::Sentinel(Box::new(client)))
    }
}

fn server_target(
    servers: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    timeout: Duration,
) -> RedisResult<Target> {
    let no_server = || RedisError::from((ErrorKind::InvalidClientConfig, "there is no server URL"));
    let server = servers.into_iter().next().ok_or_else(no_server)?;
    // With RESP3 the driver notices a lost connection before it is used.
    let settings = server.redis_settings().clone();
    let server = server
        .set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
        .set_tcp_settings(tcp_settings(timeout));
    let client = match certificates {
        Some(certificates) => Client::build_with_tls(server, certificates),
        None => Client::open(server),
    };
    client.map(Box::new).map(Target::Server)
}

fn cluster_target(
    servers: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    timeout: Duration,
) -> RedisResult<Target> {
    let mut builder = ClusterClient::builder(servers)
        .use_protocol(ProtocolVersion::RESP3)
        .tcp_settings(tcp_settings(timeout))
        .connection_timeout(timeout)
        .response_timeout(timeout)
        .retries(RETRIES)
        .min_retry_wait(to_millis(FIRST_DELAY))
        .max_retry_wait(to_millis(LONGEST_DELAY));
    if let Some(certificates) = certificates {
        builder = builder.certs(certificates);
    }
    builder.build().map(Box::new).map(Target::Cluster)
}

impl Target {
    /// Opens a connection, which connects when it is used; `None` if a primary has to be looked up first, or
    /// the connection is the caller's.
    pub(super) fn connection(&self, timeout: Duration) -> RedisResult<Option<Connection>> {
        match self {
            Self::Server(client) => Connection::to_server(Client::clone(client), timeout).map(Some),
            Self::Cluster(client) => {
                let connection =
                    client.get_pending_async_connection_with_config(ClusterConfig::new());
                Ok(Some(Connection::Cluster(connection)))
            }
            Self::Sentinel(_) | Self::Given => Ok(None),
        }
    }
}

/// An open connection, or one that is opened when it is used.
#[derive(Clone)]
pub(super) enum Connection {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Connection {
    /// A connection that the driver opens again when it is lost.
    pub(super) fn to_server(client: Client, timeout: Duration) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(RETRIES as usize)
            .set_min_delay(FIRST_DELAY)
            .set_max_delay(LONGEST_DELAY)
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        ConnectionManager::new_lazy_with_config(client, config).map(Self::Server)
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

fn is_tls(server: &ConnectionInfo) -> bool {
    matches!(server.addr(), ConnectionAddr::TcpTls { .. })
}

fn is_tls_url(url: &Secret) -> bool {
    let server = url.expose().into_connection_info();
    server.is_ok_and(|server| is_tls(&server))
}

/// Installs a crypto provider unless the process has one: the driver uses that of the process, and
/// panics if the features of all crates do not determine one.
fn ensure_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Keep-alive and user timeout, so that the kernel notices a machine that is gone.
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

pub(super) fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

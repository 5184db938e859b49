//! The connection to one server or a cluster: opened on first use, and opened again when it is
//! lost.

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

use crate::secret::Secret;
use crate::store::StoreError;

const RETRIES: u32 = 2;
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_millis(100);

/// The URLs of Redis and the settings of the connection.
pub(super) struct Address {
    pub(super) urls: Vec<Secret>,
    pub(super) cluster: bool,
    pub(super) timeout: Duration,
    pub(super) root_certificates: Option<Vec<u8>>,
    pub(super) wait_replicas: u32,
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

/// The connection that all steps share.
pub(super) struct SharedConnection {
    target: Target,
    timeout: Duration,
    /// How many replicas must have a write that must survive.
    wait_replicas: u32,
    /// The connection and its generation.
    current: Mutex<(Connection, u64)>,
}

impl SharedConnection {
    pub(super) fn new(address: Address) -> Result<Self, StoreError> {
        let target = address.target().map_err(|error| store_error(&error))?;
        let connection = target
            .connection(address.timeout)
            .map_err(|error| store_error(&error))?;
        Ok(Self {
            target,
            timeout: address.timeout,
            wait_replicas: address.wait_replicas,
            current: Mutex::new((connection, 0)),
        })
    }

    /// Sends a command, with the timeout.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let (mut connection, _) = self.connection();
        self.with_timeout(send_command(&mut connection, command))
            .await
    }

    /// Runs a script by its digest, or by its text if the server does not have it. What it has written
    /// waits for the replicas if it `must_survive`.
    ///
    /// A server that has become a replica has written nothing, so the script is run once more on a new
    /// connection, which may lead to the new primary.
    pub(super) async fn run(
        &self,
        by_digest: &Cmd,
        by_text: &Cmd,
        must_survive: bool,
    ) -> Result<i64, StoreError> {
        let run = async {
            let (mut connection, generation) = self.connection();
            let first = self.run_on(&mut connection, by_digest, by_text, must_survive);
            match first.await {
                Err(error) if has_no_primary(&error) => {
                    self.replace(generation);
                    let (mut connection, _) = self.connection();
                    self.run_on(&mut connection, by_digest, by_text, must_survive)
                        .await
                }
                result => result,
            }
        };
        let (result, replicas) = self.with_timeout(run).await?;
        // Negative results are refusals, which write nothing.
        if must_survive && result >= 0 && replicas < self.wait_replicas {
            return Err(StoreError::TooFewReplicas);
        }
        Ok(result)
    }

    /// Returns the result of the script, and how many replicas have what it has written.
    async fn run_on(
        &self,
        connection: &mut Connection,
        by_digest: &Cmd,
        by_text: &Cmd,
        must_survive: bool,
    ) -> RedisResult<(i64, u32)> {
        if !must_survive || self.wait_replicas == 0 {
            let result = match send_command(connection, by_digest).await {
                Err(error) if is_unknown_script(&error) => by_text.query_async(connection).await,
                result => result,
            };
            return result.map(|result| (result, 0));
        }
        match self.run_and_wait(connection, by_digest).await {
            Err(error) if is_unknown_script(&error) => self.run_and_wait(connection, by_text).await,
            result => result,
        }
    }

    /// Both commands go over one connection, because `WAIT` is about the writes of its own.
    async fn run_and_wait(
        &self,
        connection: &mut Connection,
        command: &Cmd,
    ) -> RedisResult<(i64, u32)> {
        let mut wait = Cmd::new();
        wait.arg("WAIT").arg(self.wait_replicas);
        // A server that does not have the script makes it wait twice.
        wait.arg(to_millis(self.timeout / 3));
        let mut pipeline = Pipeline::with_capacity(2);
        pipeline.add_command(command.clone()).add_command(wait);
        let sent = match connection.req_packed_commands(&pipeline, 0, 2).await {
            Err(error) if error.is_connection_refusal() => {
                connection.req_packed_commands(&pipeline, 0, 2).await
            }
            sent => sent,
        };
        let mut responses = sent?.into_iter();
        let unexpected = || {
            RedisError::from((
                ErrorKind::UnexpectedReturnType,
                "a script returned no number",
            ))
        };
        let result = match responses.next() {
            Some(Value::Int(result)) => result,
            Some(Value::ServerError(error)) => return Err(error.into()),
            _ => return Err(unexpected()),
        };
        // A server that is demoted meanwhile answers with an error, and may have lost the write.
        let replicas = match responses.next() {
            Some(Value::Int(replicas)) => u32::try_from(replicas).unwrap_or_default(),
            _ => 0,
        };
        Ok((result, replicas))
    }

    async fn with_timeout<T>(
        &self,
        response: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StoreError> {
        let (_, generation) = self.connection();
        let Ok(response) = tokio::time::timeout(self.timeout, response).await else {
            return Err(StoreError::Unavailable(io::ErrorKind::TimedOut));
        };
        response.map_err(|error| {
            if needs_new_connection(&error) {
                self.replace(generation);
            }
            match (store_error(&error), &self.target) {
                // The driver follows the nodes of a cluster itself; its last try came too soon.
                (StoreError::Moved, Target::Cluster(_)) => {
                    StoreError::Unavailable(io::ErrorKind::ResourceBusy)
                }
                (error, _) => error,
            }
        })
    }

    fn connection(&self) -> (Connection, u64) {
        // The pair is replaced as a whole, so a panic leaves it consistent.
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// Opens a new connection, unless another step has done so since `generation`.
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
            ensure_crypto_provider();
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
        let no_server =
            || RedisError::from((ErrorKind::InvalidClientConfig, "there is no server URL"));
        let server = servers.into_iter().next().ok_or_else(no_server)?;
        // With RESP3 the driver notices a lost connection before it is used.
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

/// Sends a command, and once more after a refused connection, which carried nothing: the driver
/// reports the refusal of its last try even if the server is back.
async fn send_command<T: FromRedisValue>(
    connection: &mut Connection,
    command: &Cmd,
) -> RedisResult<T> {
    match command.query_async(connection).await {
        Err(error) if error.is_connection_refusal() => command.query_async(connection).await,
        result => result,
    }
}

fn is_tls(server: &ConnectionInfo) -> bool {
    matches!(server.addr(), redis::ConnectionAddr::TcpTls { .. })
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

fn to_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The category of a Redis error, without its text, which quotes addresses and arguments.
fn store_error(error: &RedisError) -> StoreError {
    let kind = match (error.kind(), error.code()) {
        (_, Some("OOM")) => return StoreError::Full,
        (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) | (ErrorKind::AuthenticationFailed, _) => {
            io::ErrorKind::PermissionDenied
        }
        _ if has_no_primary(error) => return StoreError::ReadOnly,
        (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => return StoreError::Loading,
        (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask), _) => {
            return StoreError::Moved;
        }
        (_, Some("NOREPLICAS")) => return StoreError::TooFewReplicas,
        (_, Some("MISCONF")) => return StoreError::NotPersistent,
        (_, Some("BUSY")) => io::ErrorKind::ResourceBusy,
        (ErrorKind::InvalidClientConfig, _) => io::ErrorKind::InvalidInput,
        (ErrorKind::RESP3NotSupported, _) => io::ErrorKind::Unsupported,
        (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => io::ErrorKind::InvalidData,
        _ if error.is_timeout() => io::ErrorKind::TimedOut,
        _ if error.is_connection_refusal() => io::ErrorKind::ConnectionRefused,
        _ if error.is_connection_dropped() => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::Other,
    };
    StoreError::Unavailable(kind)
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the connection leads to a replica.
fn has_no_primary(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
    )
}

/// Whether a new connection may lead to a server that can respond. The driver itself only retries
/// failures of the connection; it may keep an error in the handshake for ever, and stays with a server
/// that was demoted.
fn needs_new_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => false,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::ResponseError
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::BusyLoading
        ),
        _ => !matches!(
            error.code(),
            Some("OOM" | "BUSY" | "MISCONF" | "NOREPLICAS")
        ),
    }
}

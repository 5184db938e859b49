//! The store in Redis or Valkey, for instances on several machines.

mod address;
mod connection;
mod errors;
mod eviction;
mod scripts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::Cmd;
use redis::aio::ConnectionManager;
use redis::cluster_async::ClusterConnection;

use self::address::{Address, Connection, Target, Topology};
use self::connection::SharedConnection;
use self::scripts::{CONFLICT, EXISTS, HELD, LEASE_LOST, Script, Scripts};
use super::{
    Fence, IndexKeys, Record, Sealing, SessionStore, StoreError, StoreKey, Version, millis,
};
use crate::clock::BoxFuture;
use crate::secret::Secret;

/// A store in Redis 6 or later, or in Valkey: a single server, a cluster, or the primary that Sentinels
/// name.
///
/// All steps share one connection, which is opened on first use and opened again when it is lost.
/// While the server is down every step fails within its timeout. Every write is one script, which
/// runs as a whole or not at all; times are those of the server.
///
/// Redis acknowledges a write before it is on disk and before its replicas have it. Set
/// `appendfsync always` where a session must survive a crash of Redis,
/// [`wait_replicas`](RedisBuilder::wait_replicas) where it must survive a fail-over, and
/// `maxmemory-policy noeviction` (the default) so that Redis does not evict sessions. The store looks at
/// that policy when the server responds first, and warns of another one by an event of `tracing`.
///
/// After a fail-over the address must lead to the new primary, as by DNS or a proxy, unless
/// [`sentinel`](RedisBuilder::sentinel) finds it. A server that has become a replica
/// ([`StoreError::ReadOnly`]) or is loading its data ([`StoreError::Loading`]) makes the store connect
/// again.
///
/// ```no_run
/// # async fn example(key: vestibule::store::SealingKey) -> Result<(), vestibule::store::StoreError> {
/// use vestibule::store::{RedisStore, Sealing};
///
/// let store = RedisStore::open("redis://localhost", Sealing::keys(key, [])).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisStore(Arc<Inner>);

struct Inner {
    connection: SharedConnection,
    scripts: Scripts,
    prefix: String,
    sealing: Sealing,
}

impl RedisStore {
    /// Creates a store in the server at `url`: `redis://user:password@host:port/database`, or
    /// `rediss://…` with TLS, which hosts beyond this machine need; see
    /// [`allow_plain_tcp`](RedisBuilder::allow_plain_tcp).
    ///
    /// It does not connect yet, so that a service can start while Redis is down.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidSetting`] naming `url` if that is not one of Redis, or lacks TLS.
    pub async fn open(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        Self::builder(url, sealing).build().await
    }

    /// Returns a builder, to change settings.
    pub fn builder(url: impl Into<Secret>, sealing: Sealing) -> RedisBuilder {
        RedisBuilder::new(Source::Address(Address::new(url.into())), sealing)
    }

    /// Returns a builder of a store that uses the caller's connection, which its own code may use as well.
    ///
    /// The store never replaces the connection: after a fail-over the caller's address has to lead to the
    /// new primary, and an old one that was demoted has to close its connections.
    ///
    /// ```no_run
    /// # async fn example(key: vestibule::store::SealingKey) -> Result<(), Box<dyn std::error::Error>> {
    /// use vestibule::redis::Client;
    /// use vestibule::store::{RedisStore, Sealing};
    ///
    /// let connection = Client::open("redis://localhost")?.get_connection_manager().await?;
    /// let store = RedisStore::builder_with_manager(connection.clone(), Sealing::keys(key, []));
    /// let store = store.build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_manager(connection: ConnectionManager, sealing: Sealing) -> RedisBuilder {
        RedisBuilder::new(Source::Given(Connection::Server(connection)), sealing)
    }

    /// Does the same with the caller's connection to a cluster.
    pub fn builder_with_cluster(connection: ClusterConnection, sealing: Sealing) -> RedisBuilder {
        RedisBuilder::new(Source::Given(Connection::Cluster(connection)), sealing)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.0.prefix)
            .field("sealing", &self.0.sealing)
            .finish_non_exhaustive()
    }
}

enum Source {
    Address(Address),
    Given(Connection),
}

/// The settings of a [`RedisStore`].
#[must_use = "call `build` to get a store"]
pub struct RedisBuilder {
    source: Source,
    /// A setting of connections that was set although the connection is the caller's.
    setting_of_the_connection: Option<&'static str>,
    timeout: Duration,
    wait_replicas: u32,
    prefix: String,
    sealing: Sealing,
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("prefix", &self.prefix)
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

impl RedisBuilder {
    fn new(source: Source, sealing: Sealing) -> Self {
        Self {
            source,
            setting_of_the_connection: None,
            timeout: Duration::from_secs(3),
            wait_replicas: 0,
            prefix: "vestibule:".to_owned(),
            sealing,
        }
    }

    /// Sets the prefix of all keys in Redis; `vestibule:` by default. It must not contain braces,
    /// which would put all sessions on one node of a cluster.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the timeout of a step, connecting included; 3 s by default. A client waits 5 s for a step
    /// of its store.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many replicas must have a write before it counts, by the command `WAIT`; 0 by default.
    ///
    /// With 1 or more, a fail-over to a replica that has the newest writes loses no session and no
    /// refresh token. A write that fewer replicas acknowledge within a third of the
    /// [`timeout`](Self::timeout) fails with [`StoreError::TooFewReplicas`], although the primary may
    /// keep it: no refresh token is sent and no user is signed in for good while replicas are missing.
    /// Have one replica more than this number, so that the store works while one is down.
    ///
    /// It applies to what must survive: records, their removal, and leases. Each such write takes a
    /// round trip to the replicas longer, and those of one store wait for each other.
    pub fn wait_replicas(mut self, replicas: u32) -> Self {
        self.wait_replicas = replicas;
        self
    }

    /// Connects to a cluster: the URL is that of one node, and `more` are others in case it is down, with
    /// the same user, password and scheme.
    ///
    /// When a node is lost during a write, the driver sends the write again, up to twice. It is not
    /// done twice, but the response may be that of the second, which conflicts with the first.
    pub fn cluster(self, more: impl IntoIterator<Item = Secret>) -> Self {
        self.set("cluster", |address| {
            address.topology = Topology::Cluster;
            address.urls.extend(more);
        })
    }

    /// Connects to the primary of `service` (`mymaster` in many setups), which Sentinels name: the host of
    /// the URL is one of them, and `more` are the URLs of others. The user, password and database of the
    /// builder's URL are those of the servers; those of `more` are not used. With `rediss://`, Sentinels
    /// and servers are reached with TLS.
    ///
    /// After a fail-over the store asks the Sentinels again. Steps fail until they have promoted a
    /// replica, and a server that comes back as a replica is left.
    pub fn sentinel(
        self,
        service: impl Into<String>,
        more: impl IntoIterator<Item = Secret>,
    ) -> Self {
        self.set("sentinel", |address| {
            address.topology = Topology::Sentinel {
                service: service.into(),
            };
            address.urls.extend(more);
        })
    }

    /// Sets the password of the Sentinels, if they have one.
    pub fn sentinel_password(self, password: impl Into<Secret>) -> Self {
        self.set("sentinel_password", |address| {
            address.sentinel_password = Some(password.into());
        })
    }

    /// Sets whether hosts beyond this machine may be reached without TLS, as in a network that encrypts by
    /// itself; `false` by default. The loopback and Unix sockets do not need it, except with
    /// [`cluster`](Self::cluster) and [`sentinel`](Self::sentinel), where they name other hosts.
    pub fn allow_plain_tcp(self, allow: bool) -> Self {
        self.set("allow_plain_tcp", |address| address.allow_plain_tcp = allow)
    }

    /// Trusts these certificates, in PEM, instead of those of the operating system.
    pub fn root_certificates(self, pem: impl Into<Vec<u8>>) -> Self {
        self.set("root_certificates", |address| {
            address.root_certificates = Some(pem.into());
        })
    }

    /// Authenticates with a client certificate: PEM with its chain, the client's certificate first, and its
    /// unencrypted private key.
    pub fn client_identity(self, pem: impl Into<Secret>) -> Self {
        self.set("client_identity", |address| {
            address.client_identity = Some(pem.into());
        })
    }

    fn set(mut self, name: &'static str, set: impl FnOnce(&mut Address)) -> Self {
        match &mut self.source {
            Source::Address(address) => set(address),
            Source::Given(_) => self.setting_of_the_connection = Some(name),
        }
        self
    }

    /// Creates the store. It does not connect yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidSetting`] naming the setting: a URL is not one of Redis or lacks TLS, the
    /// prefix contains braces, PEM is malformed or used without TLS, or a setting of connections was set for
    /// the caller's connection.
    pub async fn build(self) -> Result<RedisStore, StoreError> {
        if self.prefix.contains(['{', '}']) {
            return Err(StoreError::InvalidSetting {
                name: "prefix",
                requirement: "must not contain braces",
            });
        }
        if let Some(name) = self.setting_of_the_connection {
            return Err(StoreError::InvalidSetting {
                name,
                requirement: "is a setting of the connection, which the caller has opened",
            });
        }
        let (target, given) = match self.source {
            Source::Address(address) => (address.target(self.timeout)?, None),
            Source::Given(connection) => (Target::Given, Some(connection)),
        };
        let connection = SharedConnection::new(target, given, self.timeout, self.wait_replicas)?;
        Ok(RedisStore(Arc::new(Inner {
            connection,
            scripts: Scripts::new(),
            prefix: self.prefix,
            sealing: self.sealing,
        })))
    }
}

impl Inner {
    fn record_key(&self, key: &StoreKey) -> String {
        let Self { prefix, .. } = self;
        // The braces put both keys of a record into one slot of a cluster.
        format!("{prefix}{{{}}}:record", crate::hex::encode(key.as_bytes()))
    }

    fn guard_key(&self, key: &StoreKey) -> String {
        let Self { prefix, .. } = self;
        format!("{prefix}{{{}}}:guard", crate::hex::encode(key.as_bytes()))
    }

    /// Runs a script on the two keys of a record.
    async fn run(
        &self,
        script: &Script,
        key: &StoreKey,
        arguments: &[&[u8]],
    ) -> Result<i64, StoreError> {
        let command = |how: &str, what: &str| {
            let mut command = Cmd::new();
            command.arg(how).arg(what).arg(2);
            command.arg(self.record_key(key)).arg(self.guard_key(key));
            command.arg(arguments);
            command
        };
        let by_digest = command("EVALSHA", &script.digest);
        let by_text = command("EVAL", &script.text);
        let must_survive = script.must_survive;
        match self
            .connection
            .run(&by_digest, &by_text, must_survive)
            .await?
        {
            EXISTS => Err(StoreError::Exists),
            CONFLICT => Err(StoreError::Conflict),
            LEASE_LOST => Err(StoreError::LeaseLost),
            result => Ok(result),
        }
    }
}

/// A number as the scripts take it.
fn digits(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

impl SessionStore for RedisStore {
    fn index_keys(&self) -> IndexKeys {
        self.0.sealing.index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let mut command = Cmd::new();
            command.arg("HMGET").arg(self.0.record_key(key));
            command.arg("version").arg("body");
            let found: (Option<u64>, Option<Vec<u8>>) = self.0.connection.send(&command).await?;
            let (Some(version), Some(body)) = found else {
                return Ok(None);
            };
            let record = self.0.sealing.open(key, &Record::new(body))?;
            Ok(Some((record, Version(version))))
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let body = self.0.sealing.seal(key, &record)?;
            let arguments: [&[u8]; 2] = [body.expose(), &digits(millis(time_to_live))];
            let version = self.0.run(&self.0.scripts.create, key, &arguments).await?;
            Ok(Version(version.cast_unsigned()))
        })
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let body = self.0.sealing.seal(key, &record)?;
            let time_to_live = digits(millis(time_to_live));
            let expected = digits(expected.0);
            let fence = fence.map(|fence| digits(fence.0));
            let mut arguments = vec![body.expose(), &time_to_live, &expected];
            arguments.extend(fence.as_deref());
            let script = &self.0.scripts.compare_and_swap;
            let version = self.0.run(script, key, &arguments).await?;
            Ok(Version(version.cast_unsigned()))
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.0.run(&self.0.scripts.delete, key, &[]).await?;
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let time_to_live = digits(millis(time_to_live));
            let script = &self.0.scripts.acquire;
            match self.0.run(script, key, &[&time_to_live]).await? {
                HELD => Ok(None),
                fence => Ok(Some(Fence(fence.cast_unsigned()))),
            }
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (fence, time_to_live) = (digits(fence.0), digits(millis(time_to_live)));
            let arguments: [&[u8]; 2] = [&fence, &time_to_live];
            self.0.run(&self.0.scripts.extend, key, &arguments).await?;
            Ok(())
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let fence = digits(fence.0);
            self.0.run(&self.0.scripts.release, key, &[&fence]).await?;
            Ok(())
        })
    }
}

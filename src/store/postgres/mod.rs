//! The store in PostgreSQL, for instances on several machines.

mod address;
mod database;
mod statements;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use self::address::Address;
use self::database::{Database, Hidden, Query, store_error};
use super::{
    Fence, IndexKeys, Record, Sealing, SessionStore, StoreError, StoreKey, Version, micros,
};
use crate::clock::BoxFuture;
use crate::secret::Secret;

/// The longest name of a schema in PostgreSQL.
const MAX_SCHEMA_NAME: usize = 63;

/// A store in PostgreSQL 12 or later.
///
/// Every step is one round trip: one prepared statement, which the server runs as a whole or not at all
/// (a write under a lease has a second one, which tells why it was refused, in the same round trip). Times
/// are those of the server. Steps use connections of a pool, which is opened by the store or passed to it;
/// while the server is down every step fails within its timeout.
///
/// The store creates its tables in a schema of their own, `vestibule` by default, and checks their
/// version: an older instance does not use the tables of a newer one ([`StoreError::UnknownSchema`]). The
/// role needs `CREATE` on the database once; afterwards `USAGE` of the schema, and `SELECT`, `INSERT`,
/// `UPDATE` and `DELETE` on its tables are enough.
///
/// What has ended is removed an hour later, in the background: a write starts it, at most every 30 seconds,
/// in statements that remove 500 rows each.
///
/// PostgreSQL syncs a write to disk before it acknowledges it, unless `synchronous_commit` is `off`. Set
/// `synchronous_standby_names` where a session must survive a fail-over to a replica. The URL may list all
/// servers, with `target_session_attrs=read-write` to find the primary:
/// `postgres://user@one,two/sessions?target_session_attrs=read-write`. Each gets a share of the timeout to
/// connect. A server that accepts no writes ([`StoreError::ReadOnly`]) makes the store connect again. PgBouncer in transaction mode needs
/// `max_prepared_statements` (version 1.21 or later).
///
/// ```no_run
/// # async fn example(key: vestibule::store::SealingKey) -> Result<(), vestibule::store::StoreError> {
/// use vestibule::store::{PostgresStore, Sealing};
///
/// let store = PostgresStore::open("postgres://app@localhost/app", Sealing::keys(key, [])).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    database: Database,
    schema: String,
    sealing: Sealing,
}

impl PostgresStore {
    /// Opens a store in the database at `url`: `postgres://user:password@host:port/database`, or the
    /// `key=value` form. It connects, creates the tables unless they exist, and checks their version.
    ///
    /// Hosts beyond this machine are reached with TLS; see
    /// [`allow_plain_tcp`](PostgresBuilder::allow_plain_tcp).
    ///
    /// # Errors
    ///
    /// Those of [`PostgresBuilder::build`].
    pub async fn open(url: impl Into<Secret>, sealing: Sealing) -> Result<Self, StoreError> {
        Self::builder(url, sealing).build().await
    }

    /// Returns a builder, to change settings.
    pub fn builder(url: impl Into<Secret>, sealing: Sealing) -> PostgresBuilder {
        PostgresBuilder::new(Source::Address(Address::new(url.into())), sealing)
    }

    /// Returns a builder of a store that uses the caller's pool, with its connections, TLS and limits.
    ///
    /// ```no_run
    /// # async fn example(key: vestibule::store::SealingKey) -> Result<(), Box<dyn std::error::Error>> {
    /// use vestibule::deadpool_postgres::tokio_postgres::{Config, NoTls};
    /// use vestibule::deadpool_postgres::{Manager, Pool};
    /// use vestibule::store::{PostgresStore, Sealing};
    ///
    /// let config: Config = "postgres://app@localhost/app".parse()?;
    /// let pool = Pool::builder(Manager::new(config, NoTls)).max_size(16).build()?;
    /// let store = PostgresStore::builder_with_pool(pool.clone(), Sealing::keys(key, []));
    /// let store = store.build().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_with_pool(pool: Pool, sealing: Sealing) -> PostgresBuilder {
        PostgresBuilder::new(Source::Pool(pool), sealing)
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("schema", &self.0.schema)
            .field("sealing", &self.0.sealing)
            .finish_non_exhaustive()
    }
}

enum Source {
    Address(Address),
    Pool(Pool),
}

/// The settings of a [`PostgresStore`].
#[must_use = "call `build` to get a store"]
pub struct PostgresBuilder {
    source: Source,
    /// A setting of connections that was set although the pool is the caller's.
    setting_of_the_pool: Option<&'static str>,
    timeout: Duration,
    schema: String,
    sealing: Sealing,
}

impl fmt::Debug for PostgresBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresBuilder")
            .field("schema", &self.schema)
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

impl PostgresBuilder {
    fn new(source: Source, sealing: Sealing) -> Self {
        Self {
            source,
            setting_of_the_pool: None,
            timeout: Duration::from_secs(3),
            schema: "vestibule".to_owned(),
            sealing,
        }
    }

    /// Sets the schema of the tables; `vestibule` by default. Lower-case ASCII letters, digits and
    /// underscores are allowed, but not the prefix `pg_`, which PostgreSQL reserves.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Sets the timeout of a step, with the wait for a connection; 3 s by default. A client waits 5 s for a
    /// step of its store.
    ///
    /// It is shared out to the hosts of the URL, so that one that does not answer leaves time for the next:
    /// each gets `timeout / (hosts + 1)` to accept a connection, or the `connect_timeout` of the URL if that
    /// is shorter.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many connections the store opens at most; 10 by default.
    pub fn max_connections(self, connections: usize) -> Self {
        self.set("max_connections", |address| {
            address.max_connections = connections;
        })
    }

    /// Sets whether hosts beyond this machine may be reached without TLS, as in a network that encrypts by
    /// itself; `false` by default. It is not needed for the loopback and for Unix sockets, which use TLS
    /// only with `sslmode=require` in the URL.
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
            Source::Pool(_) => self.setting_of_the_pool = Some(name),
        }
        self
    }

    /// Connects, creates the tables unless they exist, and checks their version.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidSetting`] naming the setting if one is wrong, or set although it is that of a
    /// caller's pool. [`StoreError::UnknownSchema`] if the tables are those of a newer version of this crate.
    /// [`StoreError::ReadOnly`] if the tables do not exist and the server accepts no writes, or the URL asks
    /// for one that accepts writes and none does.
    /// [`StoreError::Unavailable`] if the server cannot be reached, with `PermissionDenied` if it refuses
    /// the user or the user may not create the tables, and `NotFound` if the database does not exist.
    pub async fn build(self) -> Result<PostgresStore, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let store = self.build_lazy()?;
        store.0.database.create_tables(deadline).await?;
        Ok(store)
    }

    /// Creates the store without connecting, so that a service can start while PostgreSQL is down. The
    /// first step does what [`build`](Self::build) does.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidSetting`] as in [`build`](Self::build).
    pub fn build_lazy(self) -> Result<PostgresStore, StoreError> {
        if let Some(name) = self.setting_of_the_pool {
            return Err(StoreError::InvalidSetting {
                name,
                requirement: "is a setting of the pool, which the caller has opened",
            });
        }
        let starts_well = self
            .schema
            .starts_with(|first: char| !first.is_ascii_digit());
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !starts_well
            || self.schema.starts_with("pg_")
            || !self.schema.chars().all(is_allowed)
            || self.schema.len() > MAX_SCHEMA_NAME
        {
            return Err(StoreError::InvalidSetting {
                name: "schema",
                requirement: "must be 1 to 63 lower-case ASCII letters, digits and underscores, and \
                              not start with a digit or `pg_`",
            });
        }
        let pool = match self.source {
            Source::Address(address) => address.pool(self.timeout)?,
            Source::Pool(pool) => pool,
        };
        Ok(PostgresStore(Arc::new(Inner {
            database: Database::new(pool, self.timeout, &self.schema),
            schema: self.schema,
            sealing: self.sealing,
        })))
    }
}

type Parameter<'a> = &'a (dyn ToSql + Sync);

impl PostgresStore {
    /// Runs one statement that only reads; returns its first row.
    async fn read(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let query = Query {
            statement,
            parameters,
        };
        let rows = self.0.database.run(&[query]).await?;
        Ok(rows.into_iter().next().flatten())
    }

    /// Runs one statement that writes; returns its first row.
    async fn write(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        self.evict_in_the_background();
        self.read(statement, parameters).await
    }

    fn evict_in_the_background(&self) {
        if self.0.database.is_eviction_due() {
            let inner = self.0.clone();
            tokio::spawn(async move { inner.database.evict().await });
        }
    }
}

/// The number in the first column of a row.
fn number(row: &Row) -> Result<u64, StoreError> {
    let number: i64 = row.try_get(0).map_err(|error| store_error(&error))?;
    Ok(number.cast_unsigned())
}

impl SessionStore for PostgresStore {
    fn index_keys(&self) -> IndexKeys {
        self.0.sealing.index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let load = &self.0.database.statements.load;
            let Some(row) = self.read(load, &[&Hidden(key.as_bytes())]).await? else {
                return Ok(None);
            };
            let body = row.try_get(1).map_err(|error| store_error(&error))?;
            let record = self.0.sealing.open(key, &Record::new(body))?;
            Ok(Some((record, Version(number(&row)?))))
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
            let create = &self.0.database.statements.create;
            let parameters: [Parameter<'_>; 3] = [
                &Hidden(key.as_bytes()),
                &Hidden(body.expose()),
                &micros(time_to_live),
            ];
            let created = self.write(create, &parameters).await?;
            Ok(Version(number(&created.ok_or(StoreError::Exists)?)?))
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
            self.evict_in_the_background();
            let body = self.0.sealing.seal(key, &record)?;
            let statements = &self.0.database.statements;
            let key = Hidden(key.as_bytes());
            let fence = fence.map(|fence| fence.0.cast_signed());
            let swap = Query {
                statement: &statements.compare_and_swap,
                parameters: &[
                    &key,
                    &Hidden(body.expose()),
                    &micros(time_to_live),
                    &expected.0.cast_signed(),
                    &fence,
                ],
            };
            let newest_fence = Query {
                statement: &statements.newest_fence,
                parameters: &[&key],
            };
            let rows = match fence {
                Some(_) => self.0.database.run(&[swap, newest_fence]).await?,
                None => self.0.database.run(&[swap]).await?,
            };
            let mut rows = rows.into_iter();
            if let Some(swapped) = rows.next().flatten() {
                return Ok(Version(number(&swapped)?));
            }
            // Neither a version nor a fence comes back, so what is wrong now was wrong before.
            let newest = rows.next().flatten();
            let newest = newest.map(|row| number(&row)).transpose()?;
            match fence.map(i64::cast_unsigned) {
                Some(fence) if newest != Some(fence) => Err(StoreError::LeaseLost),
                _ => Err(StoreError::Conflict),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let delete = &self.0.database.statements.delete;
            self.write(delete, &[&Hidden(key.as_bytes())]).await?;
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let acquire = &self.0.database.statements.acquire;
            let parameters: [Parameter<'_>; 2] = [&Hidden(key.as_bytes()), &micros(time_to_live)];
            let acquired = self.write(acquire, &parameters).await?;
            acquired.map(|row| number(&row).map(Fence)).transpose()
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let extend = &self.0.database.statements.extend;
            let parameters: [Parameter<'_>; 3] = [
                &Hidden(key.as_bytes()),
                &micros(time_to_live),
                &fence.0.cast_signed(),
            ];
            let extended = self.write(extend, &parameters).await?;
            extended.map(drop).ok_or(StoreError::LeaseLost)
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let release = &self.0.database.statements.release;
            let parameters: [Parameter<'_>; 2] = [&Hidden(key.as_bytes()), &fence.0.cast_signed()];
            self.write(release, &parameters).await?;
            Ok(())
        })
    }
}

//! How the statements of the store reach the server: connections, deadlines, the tables, and the removal
//! of what has ended.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Object, Pool, PoolError};
use futures_util::future::try_join_all;
use tokio::sync::OnceCell;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Error, Row};

use super::statements::{EVICTED_AT_ONCE, SCHEMA_VERSION, Statements};
use crate::store::StoreError;

/// How often a step is tried that the server rolled back because of another one. With the default
/// isolation level, `read committed`, it never does.
const TRIES: usize = 3;

/// How often ended slots are removed at most.
const EVICTION_INTERVAL: Duration = Duration::from_secs(30);

/// How many statements one removal runs at most.
const EVICTIONS_IN_A_ROW: usize = 200;

/// A statement and its parameters.
pub(super) struct Query<'a> {
    pub(super) statement: &'a str,
    pub(super) parameters: &'a [&'a (dyn ToSql + Sync)],
}

/// A parameter that is not shown: the driver logs parameters at the level `debug`.
pub(super) struct Hidden<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

impl ToSql for Hidden<'_> {
    fn to_sql(
        &self,
        sql_type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.to_sql(sql_type, out)
    }

    fn accepts(sql_type: &Type) -> bool {
        <&[u8] as ToSql>::accepts(sql_type)
    }

    to_sql_checked!();
}

pub(super) struct Database {
    pub(super) pool: Pool,
    pub(super) timeout: Duration,
    pub(super) statements: Statements,
    /// Whether the tables have the version of this crate.
    has_tables: OnceCell<()>,
    opened: Instant,
    /// When the next removal is due, in milliseconds since `opened`.
    eviction_due: AtomicU64,
}

impl Database {
    pub(super) fn new(pool: Pool, timeout: Duration, schema: &str) -> Self {
        Self {
            pool,
            timeout,
            statements: Statements::new(schema),
            has_tables: OnceCell::new(),
            opened: Instant::now(),
            eviction_due: AtomicU64::new(0),
        }
    }

    /// Runs queries in this order, in one round trip; returns the first row of each.
    pub(super) async fn run(&self, queries: &[Query<'_>]) -> Result<Vec<Option<Row>>, StoreError> {
        let deadline = Instant::now() + self.timeout;
        self.create_tables(deadline).await?;
        let connection = self.connect(deadline).await?;
        let rows = timeout_at(deadline, run_on(&connection, queries)).await;
        give_back(connection, rows)
    }

    /// Creates the tables unless they exist, and checks their version.
    pub(super) async fn create_tables(&self, deadline: Instant) -> Result<(), StoreError> {
        let create = || async {
            let connection = self.connect(deadline).await?;
            let version = timeout_at(deadline, self.set_up(&connection)).await;
            match give_back(connection, version)? {
                SCHEMA_VERSION => Ok(()),
                _ => Err(StoreError::UnknownSchema),
            }
        };
        self.has_tables.get_or_try_init(create).await.map(|_| ())
    }

    /// Returns the version of the tables.
    async fn set_up(&self, connection: &Object) -> Result<i32, Error> {
        match self.schema_version(connection).await {
            // A role that may not create anything finds the tables that another one has created.
            Err(error) if is_missing(&error) => {
                connection.batch_execute(&self.statements.tables).await?;
                self.schema_version(connection).await
            }
            version => version,
        }
    }

    async fn schema_version(&self, connection: &Object) -> Result<i32, Error> {
        let row = connection.query_one(&self.statements.schema_version, &[]);
        row.await?.try_get(0)
    }

    async fn connect(&self, deadline: Instant) -> Result<Object, StoreError> {
        let Ok(connection) = timeout_at(deadline, self.pool.get()).await else {
            return Err(StoreError::Unavailable(io::ErrorKind::TimedOut));
        };
        connection.map_err(|error| pool_error(&error))
    }

    /// Whether ended slots are to be removed now, by the caller.
    pub(super) fn is_eviction_due(&self) -> bool {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = millis(self.opened.elapsed());
        let due = self.eviction_due.load(Ordering::Relaxed);
        let next = now.saturating_add(millis(EVICTION_INTERVAL));
        let set_next = || {
            self.eviction_due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
        };
        now >= due && set_next().is_ok()
    }

    /// Removes ended slots, some at a time. What is left after a failure is removed by a later call.
    pub(super) async fn evict(&self) {
        for _ in 0..EVICTIONS_IN_A_ROW {
            match self.evict_some().await {
                Ok(evicted) if evicted >= EVICTED_AT_ONCE => {}
                _ => return,
            }
        }
    }

    async fn evict_some(&self) -> Result<u64, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let connection = self.connect(deadline).await?;
        let evict = async {
            let statement = connection.prepare_cached(&self.statements.evict).await?;
            connection.execute(&statement, &[]).await
        };
        let evicted = timeout_at(deadline, evict).await;
        give_back(connection, evicted)
    }
}

/// Gives a connection back to its pool. One that has failed is closed: it may wait for a server that is
/// gone, or lead to one that was demoted.
fn give_back<T>(
    connection: Object,
    used: Result<Result<T, Error>, Elapsed>,
) -> Result<T, StoreError> {
    let result = match used {
        Ok(result) => result.map_err(|error| store_error(&error)),
        Err(_) => Err(StoreError::Unavailable(io::ErrorKind::TimedOut)),
    };
    if let Err(StoreError::Unavailable(_) | StoreError::ReadOnly | StoreError::Loading) = result {
        drop(Object::take(connection));
    }
    result
}

async fn run_on(connection: &Object, queries: &[Query<'_>]) -> Result<Vec<Option<Row>>, Error> {
    let mut prepared = Vec::with_capacity(queries.len());
    for query in queries {
        prepared.push(connection.prepare_cached(query.statement).await?);
    }
    let mut tries = 1;
    loop {
        // The driver sends each query when its future is polled first, which is in this order.
        let sent = prepared
            .iter()
            .zip(queries)
            .map(|(statement, query)| connection.query(statement, query.parameters));
        match try_join_all(sent).await {
            Err(error) if is_rolled_back(&error) && tries < TRIES => tries += 1,
            rows => {
                let first = |rows: Vec<Row>| rows.into_iter().next();
                return rows.map(|rows| rows.into_iter().map(first).collect());
            }
        }
    }
}

/// Whether the tables or their schema do not exist.
fn is_missing(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
    )
}

fn is_rolled_back(error: &Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
    )
}

fn pool_error(error: &PoolError) -> StoreError {
    StoreError::Unavailable(match error {
        PoolError::Backend(error) => return store_error(error),
        PoolError::Timeout(_) => io::ErrorKind::TimedOut,
        PoolError::Closed => io::ErrorKind::NotConnected,
        PoolError::NoRuntimeSpecified => io::ErrorKind::InvalidInput,
        PoolError::PostCreateHook(_) => io::ErrorKind::Other,
    })
}

/// The category of an error of PostgreSQL, without its text, which may quote a row, a user or an address.
pub(super) fn store_error(error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        let cause = error.source();
        let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
        return StoreError::Unavailable(match cause {
            // The kernel's word for a connection that was closed on the other side.
            Some(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
                io::ErrorKind::ConnectionReset
            }
            // The driver's word for a server that is not the primary which the URL asks for: an error of
            // the kernel has a number.
            Some(cause)
                if cause.kind() == io::ErrorKind::PermissionDenied
                    && cause.raw_os_error().is_none() =>
            {
                return StoreError::ReadOnly;
            }
            Some(cause) => cause.kind(),
            None if error.is_closed() => io::ErrorKind::ConnectionReset,
            None => io::ErrorKind::Other,
        });
    };
    StoreError::Unavailable(match *code {
        SqlState::READ_ONLY_SQL_TRANSACTION => return StoreError::ReadOnly,
        SqlState::CANNOT_CONNECT_NOW => return StoreError::Loading,
        SqlState::DISK_FULL => return StoreError::Full,
        SqlState::IO_ERROR => return StoreError::NotPersistent,
        SqlState::INVALID_PASSWORD
        | SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        | SqlState::INSUFFICIENT_PRIVILEGE => io::ErrorKind::PermissionDenied,
        SqlState::INVALID_CATALOG_NAME
        | SqlState::UNDEFINED_TABLE
        | SqlState::INVALID_SCHEMA_NAME => io::ErrorKind::NotFound,
        SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE => io::ErrorKind::TimedOut,
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CONNECTION_FAILURE => {
            io::ErrorKind::ConnectionReset
        }
        SqlState::TOO_MANY_CONNECTIONS
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::T_R_DEADLOCK_DETECTED => io::ErrorKind::ResourceBusy,
        SqlState::OUT_OF_MEMORY => io::ErrorKind::OutOfMemory,
        _ => io::ErrorKind::Other,
    })
}

//! Sessions in PostgreSQL: an example of a custom store.
//!
//! Every operation is one statement, which PostgreSQL executes atomically. It evaluates
//! `clock_timestamp()` and `nextval()` again when a statement had to wait for a row, so times are not
//! stale, and the versions of a key increase in the order of the writes.
//!
//! Wrap it in [`vestibule::store::Sealed`], so that the database holds no plain tokens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

const SCHEMA: &str = "
    SELECT pg_advisory_lock(8277401);
    CREATE SEQUENCE IF NOT EXISTS session_numbers;
    CREATE TABLE IF NOT EXISTS sessions (
        key bytea PRIMARY KEY,
        version bigint,
        body bytea,
        record_ends timestamptz NOT NULL DEFAULT clock_timestamp(),
        fence bigint,
        lease_ends timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (greatest(record_ends, lease_ends));
    SELECT pg_advisory_unlock(8277401);";

/// Creates a row for the following statement. An expired row is kept for a minute, so that it is not
/// deleted before that statement.
const TOUCH: &str = "
    WITH evicted AS (DELETE FROM sessions WHERE key IN (
        SELECT key FROM sessions
        WHERE greatest(record_ends, lease_ends) < clock_timestamp() - interval '1 minute'
        ORDER BY greatest(record_ends, lease_ends) LIMIT 8 FOR UPDATE SKIP LOCKED))
    INSERT INTO sessions (key) VALUES ($1) ON CONFLICT DO NOTHING";
const LOAD: &str = "
    SELECT body, version FROM sessions WHERE key = $1 AND record_ends > clock_timestamp()";
const CREATE: &str = "
    UPDATE sessions SET version = nextval('session_numbers'), body = $2,
        record_ends = clock_timestamp() + make_interval(secs => $3)
    WHERE key = $1 AND record_ends <= clock_timestamp() RETURNING version";
const SWAP: &str = "
    UPDATE sessions SET version = nextval('session_numbers'), body = $2,
        record_ends = clock_timestamp() + make_interval(secs => $3)
    WHERE key = $1 AND record_ends > clock_timestamp() AND version = $4
        AND ($5 IS NULL OR fence = $5) RETURNING version";
const FENCE: &str = "SELECT fence FROM sessions WHERE key = $1";
const DELETE: &str = "
    UPDATE sessions SET version = NULL, body = NULL, record_ends = clock_timestamp()
    WHERE key = $1";
const ACQUIRE: &str = "
    UPDATE sessions SET fence = nextval('session_numbers'),
        lease_ends = clock_timestamp() + make_interval(secs => $2)
    WHERE key = $1 AND lease_ends <= clock_timestamp() RETURNING fence";
const EXTEND: &str = "
    UPDATE sessions SET lease_ends = clock_timestamp() + make_interval(secs => $2)
    WHERE key = $1 AND fence = $3 AND lease_ends > clock_timestamp() RETURNING fence";
const RELEASE: &str = "
    UPDATE sessions SET lease_ends = clock_timestamp()
    WHERE key = $1 AND fence = $2 AND lease_ends > clock_timestamp()";

/// A store in a PostgreSQL table, on one connection that is opened again after a failure.
pub struct PostgresStore {
    config: Config,
    client: Mutex<Option<Arc<Client>>>,
}

type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

impl PostgresStore {
    /// Connects to the database at `url` and creates the table if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the URL is wrong or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let config = url.parse().map_err(unavailable)?;
        let client = Mutex::new(None);
        let store = Self { config, client };
        store
            .client()
            .await?
            .batch_execute(SCHEMA)
            .await
            .map_err(unavailable)?;
        Ok(store)
    }

    async fn client(&self) -> Result<Arc<Client>, StoreError> {
        let mut current = self.client.lock().await;
        if let Some(client) = current.as_ref().filter(|client| !client.is_closed()) {
            return Ok(client.clone());
        }
        let (client, connection) = self.config.connect(NoTls).await.map_err(unavailable)?;
        tokio::spawn(connection);
        let client = Arc::new(client);
        *current = Some(client.clone());
        Ok(client)
    }

    /// Runs one statement and returns its row, if any.
    async fn run(
        &self,
        statement: &str,
        with: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        let rows = self.client().await?.query_typed(statement, with).await;
        Ok(rows.map_err(unavailable)?.into_iter().next())
    }
}

/// Converts an error to a category without its text, which may quote the URL or a row.
fn unavailable(error: tokio_postgres::Error) -> StoreError {
    match error.code() {
        Some(&SqlState::DISK_FULL) => StoreError::Full,
        Some(_) => StoreError::Unavailable(io::ErrorKind::Other),
        None => StoreError::Unavailable(io::ErrorKind::ConnectionReset),
    }
}

fn key_of(key: &StoreKey) -> Vec<u8> {
    key.as_bytes().to_vec()
}

/// Limits a time to live to a century, which fits an interval.
fn seconds(time_to_live: Duration) -> f64 {
    time_to_live.as_secs_f64().min(100.0 * 365.0 * 86_400.0)
}

impl SessionStore for PostgresStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        Box::pin(async move {
            let row = self.run(LOAD, &[(&key_of(key), Type::BYTEA)]).await?;
            let version = |row: &Row| Version(row.get::<_, i64>(1).cast_unsigned());
            Ok(row.map(|row| (Record::new(row.get(0)), version(&row))))
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let (key, body, time) = (key_of(key), record.expose(), seconds(time_to_live));
            self.run(TOUCH, &[(&key, Type::BYTEA)]).await?;
            let with: [Parameter<'_>; 3] = [
                (&key, Type::BYTEA),
                (&body, Type::BYTEA),
                (&time, Type::FLOAT8),
            ];
            let row = self.run(CREATE, &with).await?.ok_or(StoreError::Exists)?;
            Ok(Version(row.get::<_, i64>(0).cast_unsigned()))
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
            let (key, body, time) = (key_of(key), record.expose(), seconds(time_to_live));
            let expected = expected.0.cast_signed();
            let fence = fence.map(|fence| fence.0.cast_signed());
            let with: [Parameter<'_>; 5] = [
                (&key, Type::BYTEA),
                (&body, Type::BYTEA),
                (&time, Type::FLOAT8),
                (&expected, Type::INT8),
                (&fence, Type::INT8),
            ];
            if let Some(row) = self.run(SWAP, &with).await? {
                return Ok(Version(row.get::<_, i64>(0).cast_unsigned()));
            }
            // Versions are never reused, so the conflict still exists.
            let newest = self.run(FENCE, &[(&key, Type::BYTEA)]).await?;
            match fence.is_none() || fence == newest.and_then(|row| row.get(0)) {
                true => Err(StoreError::Conflict),
                false => Err(StoreError::LeaseLost),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.run(DELETE, &[(&key_of(key), Type::BYTEA)]).await?;
            Ok(())
        })
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        Box::pin(async move {
            let (key, time) = (key_of(key), seconds(time_to_live));
            self.run(TOUCH, &[(&key, Type::BYTEA)]).await?;
            let with: [Parameter<'_>; 2] = [(&key, Type::BYTEA), (&time, Type::FLOAT8)];
            let row = self.run(ACQUIRE, &with).await?;
            Ok(row.map(|row| Fence(row.get::<_, i64>(0).cast_unsigned())))
        })
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (key, time, fence) = (key_of(key), seconds(time_to_live), fence.0.cast_signed());
            let with: [Parameter<'_>; 3] = [
                (&key, Type::BYTEA),
                (&time, Type::FLOAT8),
                (&fence, Type::INT8),
            ];
            self.run(EXTEND, &with)
                .await?
                .map(drop)
                .ok_or(StoreError::LeaseLost)
        })
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let (key, fence) = (key_of(key), fence.0.cast_signed());
            self.run(RELEASE, &[(&key, Type::BYTEA), (&fence, Type::INT8)])
                .await?;
            Ok(())
        })
    }
}

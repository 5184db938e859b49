//! The store in an SQLite file, which the processes of one machine share.

mod schema;
mod transactions;
mod worker;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use self::schema::Database;
use self::transactions::Write;
use self::worker::Worker;
use super::{Fence, IndexKeys, Record, Sealing, SessionStore, StoreError, StoreKey, Version};
use crate::clock::BoxFuture;

/// A store in an SQLite file. All processes of one machine may use the file at the same time; a file
/// on a network drive is not safe.
///
/// Two threads per store do the blocking work, one that writes and one that reads. The journal is a
/// write-ahead log and every write is synced, so that saved records survive a crash of the process
/// and of the machine. The file is created for its owner only. Times are those of the machine's
/// wall clock. Later writes remove expired records.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("sessions.db");
/// # let key = vestibule::store::SealingKey::generate(1)?;
/// use vestibule::store::{Sealing, SqliteStore};
///
/// let store = SqliteStore::open(&file, Sealing::keys(key, [])).await?;
/// # assert!(file.exists());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    writer: Worker,
    reader: Worker,
    sealing: Sealing,
}

impl SqliteStore {
    /// Opens the file at `path`; creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] with `NotFound` if the folder does not exist, `InvalidData` if the
    /// file is not a database, `ReadOnlyFilesystem` or `PermissionDenied` if it cannot be written.
    /// [`StoreError::UnknownSchema`] if a newer version of this crate created it. [`StoreError::Full`] if
    /// there is no room.
    pub async fn open(path: impl Into<PathBuf>, sealing: Sealing) -> Result<Self, StoreError> {
        Self::builder(path, sealing).build().await
    }

    /// Returns a builder, to change settings.
    pub fn builder(path: impl Into<PathBuf>, sealing: Sealing) -> SqliteBuilder {
        SqliteBuilder {
            database: Database {
                path: path.into(),
                busy_timeout: Duration::from_secs(3),
                max_bytes: None,
            },
            sealing,
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("sealing", &self.sealing)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`SqliteStore`].
#[derive(Debug)]
#[must_use = "call `build` to get a store"]
pub struct SqliteBuilder {
    database: Database,
    sealing: Sealing,
}

impl SqliteBuilder {
    /// Sets how long a write waits for those of other processes; 3 s by default. A client waits 5 s
    /// for a step of its store.
    pub fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.database.busy_timeout = busy_timeout;
        self
    }

    /// Bounds the size of the database; writes above it fail with [`StoreError::Full`]. Unbounded by
    /// default. The size of the write-ahead log, usually 4 MB, does not count. Every process has its
    /// own setting.
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.database.max_bytes = Some(max_bytes);
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// See [`SqliteStore::open`].
    pub async fn build(self) -> Result<SqliteStore, StoreError> {
        let Self { database, sealing } = self;
        let for_reader = database.clone();
        let writer = Worker::start(move || database.open_to_write()).await?;
        let reader = Worker::start(move || for_reader.open_to_read()).await?;
        Ok(SqliteStore {
            writer,
            reader,
            sealing,
        })
    }
}

impl SessionStore for SqliteStore {
    fn index_keys(&self) -> IndexKeys {
        self.sealing.index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        let owned_key = *key;
        Box::pin(async move {
            let load = move |connection: &mut _| transactions::load(connection, &owned_key);
            match self.reader.run(load).await? {
                Some((body, version)) => Ok(Some((self.sealing.open(key, &body)?, version))),
                None => Ok(None),
            }
        })
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move {
            let write = self.write(key, &record, time_to_live)?;
            let create = move |connection: &mut _| transactions::create(connection, &write);
            self.writer.run(create).await
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
            let write = self.write(key, &record, time_to_live)?;
            let swap = move |connection: &mut _| {
                transactions::compare_and_swap(connection, expected, fence, &write)
            };
            self.writer.run(swap).await
        })
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = *key;
        let delete = move |connection: &mut _| transactions::delete(connection, &key);
        Box::pin(self.writer.run(delete))
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        let key = *key;
        let acquire =
            move |connection: &mut _| transactions::acquire(connection, &key, time_to_live);
        Box::pin(self.writer.run(acquire))
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = *key;
        let extend =
            move |connection: &mut _| transactions::extend(connection, &key, fence, time_to_live);
        Box::pin(self.writer.run(extend))
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let key = *key;
        let release = move |connection: &mut _| transactions::release(connection, &key, fence);
        Box::pin(self.writer.run(release))
    }
}

impl SqliteStore {
    fn write(
        &self,
        key: &StoreKey,
        record: &Record,
        time_to_live: Duration,
    ) -> Result<Write, StoreError> {
        Ok(Write {
            key: *key,
            body: self.sealing.seal(key, record)?,
            time_to_live,
        })
    }
}

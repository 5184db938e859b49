//! A thread that owns one connection and runs its blocking steps.

use std::io;
use std::thread;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::{mpsc, oneshot};

use crate::store::StoreError;

/// How many steps are queued for the thread; more wait in their callers.
const QUEUE_LENGTH: usize = 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the thread, which ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Starts the thread, which opens its connection with `open`.
    pub(super) async fn start(
        open: impl FnOnce() -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(QUEUE_LENGTH);
        let (report, opened) = oneshot::channel();
        let work = move || {
            let mut connection = match open() {
                Ok(connection) => connection,
                Err(error) => {
                    let _ = report.send(Err(error));
                    return;
                }
            };
            if report.send(Ok(())).is_err() {
                return;
            }
            while let Some(job) = waiting.blocking_recv() {
                job(&mut connection);
            }
        };
        thread::Builder::new()
            .name("vestibule-sqlite".to_owned())
            .spawn(work)
            .map_err(|error| StoreError::Unavailable(error.kind()))?;
        let opened = opened.await;
        opened.map_err(|_| StoreError::Unavailable(io::ErrorKind::BrokenPipe))??;
        Ok(Self(jobs))
    }

    /// Runs one step in the thread. A step whose caller is gone before it starts is skipped.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Connection) -> Result<T, SqliteError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable(io::ErrorKind::BrokenPipe);
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            if !sender.is_closed() {
                let result = step(connection).map_err(StoreError::from);
                let _ = sender.send(result);
            }
        });
        self.0.send(job).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())?
    }
}

/// The error of a step: of the store, or of the database.
pub(super) enum SqliteError {
    Store(StoreError),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for SqliteError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Store(error) => error,
            SqliteError::Database(error) => store_error(&error),
        }
    }
}

/// The category of an SQLite error, without its text, which quotes paths and values.
fn store_error(error: &rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => return StoreError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => io::ErrorKind::TimedOut,
        Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::CannotOpen) => io::ErrorKind::NotFound,
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            io::ErrorKind::PermissionDenied
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => io::ErrorKind::InvalidData,
        Some(ErrorCode::OutOfMemory) => io::ErrorKind::OutOfMemory,
        Some(ErrorCode::TooBig) => io::ErrorKind::FileTooLarge,
        _ => io::ErrorKind::Other,
    };
    StoreError::Unavailable(kind)
}

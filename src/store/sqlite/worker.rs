//! A thread that owns one connection and does its blocking work.

use std::io;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::super::StoreError;
use super::failure::unavailable;

/// How many steps may wait for the thread; more wait in their callers.
const WAITING: usize = 1024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the thread, which ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub(super) struct Worker(mpsc::Sender<Job>);

impl Worker {
    /// Starts the thread, which opens its connection with `open`.
    pub(super) async fn start(
        open: impl FnOnce() -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        let (tell, opened) = oneshot::channel();
        let work = move || {
            let mut connection = match open() {
                Ok(connection) => connection,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return;
                }
            };
            if tell.send(Ok(())).is_err() {
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

    /// Does one step in the thread. A step whose caller has given up before it began is not done.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Connection) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable(io::ErrorKind::BrokenPipe);
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            if !answer.is_closed() {
                let result = step(connection).map_err(StoreError::from);
                let _ = answer.send(result);
            }
        });
        self.0.send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Why a step did not do what was asked: the store says so, or the database does.
pub(super) enum Failed {
    Store(StoreError),
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Database(error) => unavailable(&error),
        }
    }
}

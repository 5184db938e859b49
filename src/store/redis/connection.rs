//! The connection to one server, a cluster or the primary that Sentinels name: opened on first use, and
//! opened again when it is lost.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Value};

use super::address::{Connection, Target, to_millis};
use super::errors::{has_no_primary, is_unknown_script, needs_new_connection, store_error};
use super::eviction;
use crate::store::StoreError;

/// The connection that all steps share.
pub(super) struct SharedConnection {
    target: Target,
    timeout: Duration,
    /// How many replicas must have a write that must survive.
    wait_replicas: u32,
    current: Mutex<Current>,
    /// Whether the eviction policy was looked at.
    knows_eviction: AtomicBool,
}

#[derive(Clone)]
struct Current {
    /// `None` while the primary has to be looked up.
    connection: Option<Connection>,
    generation: u64,
}

impl SharedConnection {
    pub(super) fn new(
        target: Target,
        given: Option<Connection>,
        timeout: Duration,
        wait_replicas: u32,
    ) -> Result<Self, StoreError> {
        let opened = match given {
            Some(given) => Some(given),
            None => target
                .connection(timeout)
                .map_err(|error| store_error(&error))?,
        };
        Ok(Self {
            target,
            timeout,
            wait_replicas,
            current: Mutex::new(Current {
                connection: opened,
                generation: 0,
            }),
            knows_eviction: AtomicBool::new(false),
        })
    }

    /// Sends a command, with the timeout.
    pub(super) async fn send<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let send = async {
            let (mut connection, generation) = self.connection().await?;
            match send_command(&mut connection, command).await {
                Err(error) if self.may_be_elsewhere(&error) => {
                    self.replace(generation);
                    let (mut connection, _) = self.connection().await?;
                    send_command(&mut connection, command).await
                }
                result => result,
            }
        };
        self.with_timeout(send).await
    }

    /// Runs a script by its digest, or by its text if the server does not have it. What it has written
    /// waits for the replicas if it `must_survive`.
    ///
    /// A server that has become a replica or refuses the connection has written nothing, so the script is
    /// run once more on a new connection, which may lead to the new primary.
    pub(super) async fn run(
        &self,
        by_digest: &Cmd,
        by_text: &Cmd,
        must_survive: bool,
    ) -> Result<i64, StoreError> {
        let run = async {
            let (mut connection, generation) = self.connection().await?;
            let first = self.run_on(&mut connection, by_digest, by_text, must_survive);
            match first.await {
                Err(error) if self.may_be_elsewhere(&error) => {
                    self.replace(generation);
                    let (mut connection, _) = self.connection().await?;
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

    /// Whether another server may be the primary, and this one has run nothing.
    fn may_be_elsewhere(&self, error: &RedisError) -> bool {
        let has_sentinels = matches!(self.target, Target::Sentinel(_));
        has_no_primary(error) || (has_sentinels && error.is_connection_refusal())
    }

    async fn with_timeout<T>(
        &self,
        response: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StoreError> {
        let generation = self.lock().generation;
        let Ok(response) = tokio::time::timeout(self.timeout, response).await else {
            // Another server may be the primary meanwhile.
            if let Target::Sentinel(_) = self.target {
                self.replace(generation);
            }
            return Err(StoreError::Unavailable(io::ErrorKind::TimedOut));
        };
        let error = match response {
            Ok(response) => {
                self.look_at_eviction();
                return Ok(response);
            }
            Err(error) => error,
        };
        let is_lost = match self.target {
            // The driver would connect to the same server again.
            Target::Sentinel(_) => error.kind() == ErrorKind::Io || needs_new_connection(&error),
            _ => needs_new_connection(&error),
        };
        if is_lost {
            self.replace(generation);
        }
        match (store_error(&error), &self.target) {
            // The driver follows the nodes of a cluster itself; its last try came too soon.
            (StoreError::Moved, Target::Cluster(_)) => {
                Err(StoreError::Unavailable(io::ErrorKind::ResourceBusy))
            }
            (error, _) => Err(error),
        }
    }

    /// Returns the connection and its generation. If there is none, asks the Sentinels for the primary.
    async fn connection(&self) -> RedisResult<(Connection, u64)> {
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let Target::Sentinel(sentinel) = &self.target else {
            return Err((ErrorKind::InvalidClientConfig, "there is no connection").into());
        };
        let mut sentinel = sentinel.lock().await;
        // Another step may have found it meanwhile.
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let primary = sentinel.async_get_client().await?;
        let connection = Connection::to_server(primary, self.timeout)?;
        let mut current = self.lock();
        current.connection = Some(connection.clone());
        Ok((connection, current.generation))
    }

    fn current(&self) -> Option<(Connection, u64)> {
        let current = self.lock();
        let connection = current.connection.clone()?;
        Some((connection, current.generation))
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // The value is replaced as a whole, so a panic leaves it consistent.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a new connection, unless another step has done so since `generation`. That of a caller stays.
    fn replace(&self, generation: u64) {
        let mut current = self.lock();
        if current.generation != generation || matches!(self.target, Target::Given) {
            return;
        }
        if let Ok(connection) = self.target.connection(self.timeout) {
            *current = Current {
                connection,
                generation: generation + 1,
            };
        }
    }

    /// Looks at the eviction policy once, in the background, as soon as the server responds.
    fn look_at_eviction(&self) {
        if self.knows_eviction.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some((connection, _)) = self.current() {
            tokio::spawn(eviction::warn_if_evicting(connection, self.timeout));
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

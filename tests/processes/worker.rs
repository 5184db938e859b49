//! A worker process: a client of the shared store that executes the commands on its standard input.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Notify;
use vestibule::wunder::{Client, Session};
use vestibule::{BoxFuture, Clock, Error, ErrorKind, Secret, SystemClock};

use super::protocol::{Failure, Report, SETUP, Setup, StoreLocation, WorkerCommand};
use super::stepped_store::SteppedStore;
use super::support::api_errors;
use super::workers::Worker;

/// Pause between two calls of [`WorkerCommand::KeepCalling`].
const PAUSE: Duration = Duration::from_millis(60);

/// Tests start this binary again, with this test, as their workers. A worker whose parent has
/// exited exits too, so that no process is left behind.
#[test]
fn a_worker_process_ends_when_its_parent_has_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Ok(setup) = std::env::var(SETUP) {
        return runtime.block_on(serve(serde_json::from_str(&setup).unwrap()));
    }
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let location = StoreLocation::Sqlite(folder.path().join("sessions.db"));
        let setup = Setup::new(location, "http://127.0.0.1:9".to_owned());
        let worker = Worker::start(&setup).await;
        assert!(worker.stop().await.success());
    });
}

/// The machine's clock, and the number of seconds that it is ahead.
#[derive(Clone, Default)]
struct SteppedClock(Arc<AtomicI64>);

impl Clock for SteppedClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(duration)
    }
}

pub fn report(report: &Report) {
    let line = serde_json::to_string(report).unwrap();
    let mut out = std::io::stdout().lock();
    // The parent may have exited.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn serve(setup: Setup) {
    std::panic::set_hook(Box::new(|panic| {
        report(&Report::Panicked(panic.to_string()))
    }));
    let go_on = Arc::new(Notify::new());
    let store = SteppedStore {
        inner: setup.location.open().await,
        slowness: setup.slowness,
        wait_at: setup.wait_at,
        waited: false.into(),
        writes: 0.into(),
        go_on: go_on.clone(),
    };
    let clock = SteppedClock::default();
    let client = setup.client_with(Arc::new(store), clock.clone());
    let succeeded = Arc::new(AtomicUsize::new(0));
    tokio::spawn(report_successes(succeeded.clone()));
    report(&Report::Ready);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line).unwrap() {
            WorkerCommand::Call { session, calls } => {
                tokio::spawn(call(client.clone(), session, calls));
            }
            WorkerCommand::KeepCalling {
                session,
                keeps_session,
            } => {
                let succeeded = succeeded.clone();
                tokio::spawn(keep_calling(
                    client.clone(),
                    session,
                    keeps_session,
                    succeeded,
                ));
            }
            WorkerCommand::Continue => go_on.notify_one(),
            WorkerCommand::StepClock(seconds) => clock.0.store(seconds, Ordering::SeqCst),
        }
    }
}

async fn call(client: Client, id: String, calls: usize) {
    let one = |client: Client, id: String| async move {
        let began = Utc::now().timestamp_millis();
        let session = resume(&client, &id, began).await?;
        let called = session.profile().await;
        called.map_err(|error| failure(&id, &error, Some(&session), began))
    };
    let calls: Vec<_> = (0..calls)
        .map(|_| tokio::spawn(one(client.clone(), id.clone())))
        .collect();
    let (mut succeeded, mut failures) = (0, Vec::new());
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => succeeded += 1,
            Err(failure) => failures.push(failure),
        }
    }
    let access = match client.resume_session(&Secret::from(id)).await {
        Ok(session) => session.access_token().await.ok(),
        Err(_) => None,
    };
    report(&Report::Called {
        succeeded,
        failures,
        access: access.map(|access| access.expose().to_owned()),
    });
}

async fn keep_calling(
    client: Client,
    id: String,
    keeps_session: bool,
    succeeded: Arc<AtomicUsize>,
) {
    let mut kept = None;
    loop {
        let began = Utc::now().timestamp_millis();
        let resumed = match kept.take() {
            Some(session) => Ok(session),
            None => resume(&client, &id, began).await,
        };
        let outcome = match resumed {
            Ok(session) => {
                let called = session.profile().await;
                let called = called.map_err(|error| failure(&id, &error, Some(&session), began));
                kept = Some(session).filter(|_| keeps_session);
                called
            }
            Err(failure) => Err(failure),
        };
        match outcome {
            Ok(_) => {
                succeeded.fetch_add(1, Ordering::SeqCst);
            }
            Err(failure) => {
                let is_over = failure.is_over;
                report(&Report::Failed(failure));
                if is_over {
                    return;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn report_successes(succeeded: Arc<AtomicUsize>) {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        match succeeded.swap(0, Ordering::SeqCst) {
            0 => {}
            calls => report(&Report::Succeeded(calls)),
        }
    }
}

async fn resume(client: &Client, id: &str, began: i64) -> Result<Session, Failure> {
    let resumed = client.resume_session(&Secret::from(id)).await;
    resumed.map_err(|error| failure(id, &error, None, began))
}

fn failure(id: &str, error: &Error, session: Option<&Session>, began: i64) -> Failure {
    let ended = session.and_then(|session| session.shared().ended());
    Failure {
        session: id.to_owned(),
        kind: format!("{:?}", error.kind()),
        message: api_errors::shown(error),
        ended: ended.map(|reason| reason.to_string()),
        // A session that cannot be resumed is over as well.
        is_over: error.session_ended()
            || (session.is_none() && error.kind() == ErrorKind::Unauthenticated),
        began,
        over: Utc::now().timestamp_millis(),
    }
}

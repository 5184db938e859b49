//! Handles for the worker processes.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Duration, timeout};

use super::protocol::{Failure, Point, Report, SETUP, Setup, WorkerCommand};

const SERVE: &str = "worker::a_worker_process_ends_when_its_parent_has_gone";

/// Longer than any step of a test takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A running worker process, killed when it is dropped.
pub struct Worker {
    child: Child,
    commands: ChildStdin,
    pub reports: UnboundedReceiver<Report>,
}

/// Outcome of [`WorkerCommand::Call`].
#[derive(Debug)]
pub struct Called {
    pub succeeded: usize,
    pub failures: Vec<Failure>,
    pub access: Option<String>,
    /// The refresh tokens in records that the worker has deleted meanwhile.
    pub deleted: Vec<String>,
}

impl Worker {
    /// Starts a worker and waits until it is ready.
    pub async fn start(setup: &Setup) -> Self {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", SERVE, "--nocapture", "--test-threads=1"])
            .env(SETUP, serde_json::to_string(setup).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, reports) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // The test harness writes to the same stream, also in front of a report.
                let report = [line.find("{\""), line.find("\"Ready\"")];
                let Some(at) = report.into_iter().flatten().min() else {
                    continue;
                };
                if send
                    .send(serde_json::from_str(&line[at..]).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut worker = Self {
            child,
            commands,
            reports,
        };
        let first = worker.next().await;
        assert!(matches!(first, Report::Ready), "{first:?}");
        worker
    }

    /// Starts several workers concurrently.
    pub async fn start_all(setups: Vec<Setup>) -> Vec<Self> {
        let starting = setups
            .into_iter()
            .map(|setup| tokio::spawn(async move { Self::start(&setup).await }));
        let mut workers = Vec::new();
        for worker in starting.collect::<Vec<_>>() {
            workers.push(worker.await.unwrap());
        }
        workers
    }

    pub async fn send(&mut self, command: &WorkerCommand) {
        let line = serde_json::to_string(command).unwrap() + "\n";
        // The worker may have been killed.
        let _ = self.commands.write_all(line.as_bytes()).await;
    }

    pub async fn begin_calls(&mut self, session: &str, calls: usize) {
        let session = session.to_owned();
        self.send(&WorkerCommand::Call { session, calls }).await;
    }

    pub async fn next(&mut self) -> Report {
        let report = timeout(LONG, self.reports.recv()).await;
        report.expect("a report in time").expect("the worker runs")
    }

    pub async fn may_explain(&mut self, point: Point) {
        let report = self.next().await;
        assert!(
            matches!(report, Report::At(reached) if reached == point),
            "{report:?}"
        );
    }

    /// Outcome of the calls in progress.
    pub async fn called(&mut self) -> Called {
        let mut deleted = Vec::new();
        loop {
            match self.next().await {
                Report::Called {
                    succeeded,
                    failures,
                    access,
                } => {
                    return Called {
                        succeeded,
                        failures,
                        access,
                        deleted,
                    };
                }
                Report::Deletes { refresh } => deleted.push(refresh),
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn call(&mut self, session: &str, calls: usize) -> Called {
        self.begin_calls(session, calls).await;
        self.called().await
    }

    /// Kills the process, like a crash.
    pub async fn kill(&mut self) {
        self.child.start_kill().unwrap();
        self.child.wait().await.unwrap();
    }

    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Closes the worker's input, and waits until it exits.
    pub async fn stop(self) -> ExitStatus {
        let Self {
            mut child,
            commands,
            ..
        } = self;
        drop(commands);
        timeout(LONG, child.wait()).await.unwrap().unwrap()
    }

    /// The resident memory in KiB.
    pub fn memory(&self) -> u64 {
        let path: PathBuf = ["/proc", &self.id(), "status"].iter().collect();
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.unwrap().parse().unwrap()
    }

    fn id(&self) -> String {
        self.child.id().expect("the worker runs").to_string()
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id()]).status();
        assert!(sent.unwrap().success());
    }
}

//! Under every fault, every operation sends what its policy allows and fails with the documented
//! error.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd",
    feature = "gzip"
))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "fault_matrix/faults.rs"]
mod faults;
mod support;
#[path = "fault_matrix/table.rs"]
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faults::{Case, Expected, Facts, Location};
use support::apis::{Api, ApiConfig};
use support::calls::JsonResponse;
use support::documents::{DOCUMENTS, Document, Operation};
use support::proof;
use support::sleeper::Sleeper;
use support::upstream::{self, IN_PATH, sent_path};
use table::Table;
use tokio::task::JoinSet;
use vestibule::testing::{Fault, FaultProxy, FaultRule, RefusingPort};
use vestibule::{Error, Settings};

/// Operations tested concurrently.
const WORKERS: usize = 12;

/// A server for each kind of fault, for one worker.
struct Servers {
    proxy: FaultProxy,
    refusing: RefusingPort,
    other_host: FaultProxy,
}

impl Servers {
    async fn start(upstream: &str) -> Self {
        Self {
            proxy: FaultProxy::start(upstream).await.unwrap(),
            refusing: RefusingPort::take().unwrap(),
            other_host: FaultProxy::start(upstream).await.unwrap(),
        }
    }
}

/// The observed outcome of a call.
struct Observed {
    outcome: Result<JsonResponse, Error>,
    attempts: usize,
    arrived: usize,
    processed: usize,
    waits: Vec<Duration>,
}

struct Trial<'a> {
    document: &'a Document,
    operation: &'a Operation,
    case: &'a Case,
    servers: &'a Servers,
}

impl Trial<'_> {
    fn facts(&self) -> Facts {
        let with_session = self.operation.takes_session();
        Facts {
            is_idempotent: self.operation.is_idempotent(),
            sends_message: self.operation.sends_message(),
            carries_code: self.operation.carries_code(),
            with_session,
            refreshable: with_session && self.document.system() == "wunder",
            has_body: self.operation.successes(self.document)[0].1.is_some(),
        }
    }

    /// Arms the fault and returns the client's base URL.
    fn arm(&self, path: &str) -> String {
        let Servers {
            proxy,
            refusing,
            other_host,
        } = self.servers;
        proxy.reset();
        other_host.reset();
        match &self.case.place {
            Location::Proxy(fault) => {
                proxy.inject(self.case.rule(fault, path));
                proxy.base_url()
            }
            Location::RefusingPort => refusing.base_url().to_owned(),
            Location::Tls => {
                proxy.inject(FaultRule::new(Fault::TlsFailure));
                proxy.https_url()
            }
            Location::OtherHost => {
                let redirect = Fault::Redirect(format!("{}{path}", other_host.base_url()));
                proxy.inject(self.case.rule(&redirect, path));
                proxy.base_url()
            }
        }
    }

    async fn run(&self) -> Observed {
        let path = sent_path(self.operation);
        let base_url = self.arm(&path);
        let sleeper = Sleeper::default();
        let mut settings = Settings::new().deadline(faults::DEADLINE);
        if self.case.stalls {
            settings = settings.attempt_timeout(Duration::from_millis(400));
        }
        let config = ApiConfig {
            settings,
            clock: Arc::new(sleeper.clone()),
            refresh_token: Some("a-refresh-token".to_owned()),
            ..ApiConfig::default()
        };
        let api = Api::with_config(&self.document.name, &base_url, &config).await;
        let arguments = self.operation.call_arguments(self.document, Some(IN_PATH));
        let with_session = self.operation.takes_session();
        let outcome = api
            .call(self.operation.id(), with_session, &arguments)
            .await;
        let arrivals = self.servers.proxy.requests();
        let method = self.operation.method.to_uppercase();
        let of_operation = || {
            arrivals
                .iter()
                .filter(|arrival| arrival.method == method && arrival.path == path)
        };
        let others = arrivals.len() - of_operation().count();
        assert_eq!(self.servers.other_host.connections(), 0, "{}", self.name());
        Observed {
            outcome,
            attempts: self.servers.proxy.connections() - others,
            arrived: of_operation().count(),
            processed: of_operation().filter(|arrival| arrival.forwarded).count(),
            waits: sleeper.sleeps(),
        }
    }

    fn name(&self) -> String {
        let operation = self.operation.id();
        format!("{} {operation}: {}", self.document.name, self.case.name)
    }

    /// Every deviation of the call from the expected outcome.
    fn violations(&self, expected: &Expected, seen: &Observed) -> Vec<String> {
        let mut violations = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                violations.push(format!("{}: {what}", self.name()));
            }
        };
        let connected = !matches!(self.case.place, Location::RefusingPort);
        let attempts = if connected { expected.attempts } else { 0 };
        check(
            seen.attempts == attempts,
            format!("{} attempts, not {attempts}", seen.attempts),
        );
        let arrived = expected.arrived;
        check(
            seen.arrived == arrived,
            format!("{} arrived, not {arrived}", seen.arrived),
        );
        let once = !self.operation.is_idempotent();
        check(
            !once || seen.processed <= 1,
            format!("processed {} times", seen.processed),
        );
        let outcome = seen.outcome.as_ref().map(|_| ());
        let error = outcome.err().map(|error| (error.kind(), error.delivery()));
        check(
            error == expected.error,
            format!("{error:?} ({outcome:?}), not {:?}", expected.error),
        );
        let fits = seen.waits.len() == expected.waits.len()
            && seen
                .waits
                .iter()
                .zip(&expected.waits)
                .all(|(wait, range)| range.contains(wait));
        check(
            fits,
            format!("waits of {:?}, not {:?}", seen.waits, expected.waits),
        );
        if let Err(error) = outcome {
            check(
                error.attempts() as usize == expected.attempts,
                format!("the error reports {} attempts", error.attempts()),
            );
            let hint = error.retry_after();
            let right = match &expected.retry_after {
                Some(range) => hint.is_some_and(|hint| range.contains(&hint)),
                None => hint.is_none(),
            };
            check(
                right,
                format!("retry after {hint:?}, not {:?}", expected.retry_after),
            );
        }
        violations
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_keeps_its_policy_under_every_fault() {
    let documents: Arc<Vec<Document>> = Arc::new(DOCUMENTS.iter().map(Document::read).collect());
    let operations: Arc<Vec<(usize, Operation)>> = Arc::new(
        documents
            .iter()
            .enumerate()
            .flat_map(|(at, document)| document.operations().into_iter().map(move |it| (at, it)))
            .collect(),
    );
    let next = Arc::new(AtomicUsize::new(0));
    let upstream = upstream::start().await;
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (documents, operations, next) = (documents.clone(), operations.clone(), next.clone());
        let upstream = upstream.uri();
        workers.spawn(async move {
            let servers = Servers::start(&upstream).await;
            let cases = faults::all();
            let (mut table, mut violations) = (Table::default(), Vec::new());
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((document, operation)) = operations.get(at) else {
                    return (table, violations);
                };
                for case in &cases {
                    let trial = Trial {
                        document: &documents[*document],
                        operation,
                        case,
                        servers: &servers,
                    };
                    let expected = case.expected(trial.facts());
                    let seen = trial.run().await;
                    let found = trial.violations(&expected, &seen);
                    table.add(case.name, trial.facts(), seen.arrived, &seen.outcome);
                    violations.push(found);
                }
            }
        });
    }
    let (mut table, mut violations) = (Table::default(), Vec::new());
    while let Some(worker) = workers.join_next().await {
        let (part, found) = worker.unwrap();
        table.merge(part);
        violations.extend(found);
    }
    let run = violations.len();
    let as_expected = violations.iter().filter(|found| found.is_empty()).count();
    let text = table.markdown(faults::all().iter().map(|case| case.name));
    println!("{text}\ncases run: {run}, as expected: {as_expected}");
    let violations: Vec<_> = violations.into_iter().flatten().collect();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert_eq!(run, operations.len() * faults::all().len());
    table::check_page(&text);
    proof("fault-matrix", &format!("{as_expected}/{run}"));
}

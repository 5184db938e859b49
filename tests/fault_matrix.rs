//! Under every fault, every operation sends what its policy allows and fails as it promises.
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

use faults::{Case, Facts, Place, Promise};
use support::apis::{Api, Equipment};
use support::calls::JsonResponse;
use support::documents::{DOCUMENTS, Document, Operation};
use support::proof;
use support::sleeper::Sleeper;
use support::upstream::{self, IN_PATH, sent_path};
use table::Table;
use tokio::task::JoinSet;
use vestibule::Error;
use vestibule::testing::{Fault, FaultProxy, FaultRule, RefusingPort};

/// How many operations are tried at once.
const WORKERS: usize = 12;

/// A server of each kind of trouble, for one worker.
struct Servers {
    proxy: FaultProxy,
    refusing: RefusingPort,
    elsewhere: FaultProxy,
}

impl Servers {
    async fn start(upstream: &str) -> Self {
        Self {
            proxy: FaultProxy::start(upstream).await.unwrap(),
            refusing: RefusingPort::take().unwrap(),
            elsewhere: FaultProxy::start(upstream).await.unwrap(),
        }
    }
}

/// What came of a call.
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
            renewable: with_session && self.document.system() == "wunder",
            has_body: self.operation.successes(self.document)[0].1.is_some(),
        }
    }

    /// Arms the fault and answers where the client should go.
    fn arm(&self, path: &str) -> String {
        let Servers {
            proxy,
            refusing,
            elsewhere,
        } = self.servers;
        proxy.reset();
        elsewhere.reset();
        match &self.case.place {
            Place::Proxy(fault) => {
                proxy.inject(self.case.rule(fault, path));
                proxy.base_url()
            }
            Place::RefusingPort => refusing.base_url().to_owned(),
            Place::Tls => {
                proxy.inject(FaultRule::new(Fault::TlsFailure));
                proxy.https_url()
            }
            Place::Elsewhere => {
                let redirect = Fault::Redirect(format!("{}{path}", elsewhere.base_url()));
                proxy.inject(self.case.rule(&redirect, path));
                proxy.base_url()
            }
        }
    }

    async fn run(&self) -> Observed {
        let path = sent_path(self.operation);
        let base_url = self.arm(&path);
        let sleeper = Sleeper::default();
        let mut equipment = Equipment {
            clock: Arc::new(sleeper.clone()),
            refresh_token: Some("a-refresh-token".to_owned()),
            ..Equipment::default()
        };
        equipment.settings.deadline = faults::DEADLINE;
        if self.case.stalls {
            equipment.settings.attempt_timeout = Duration::from_millis(400);
        }
        let api = Api::equipped(&self.document.name, &base_url, &equipment).await;
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
        assert_eq!(self.servers.elsewhere.connections(), 0, "{}", self.name());
        Observed {
            outcome,
            attempts: self.servers.proxy.connections() - others,
            arrived: of_operation().count(),
            processed: of_operation().filter(|arrival| arrival.forwarded).count(),
            waits: sleeper.asked(),
        }
    }

    fn name(&self) -> String {
        let operation = self.operation.id();
        format!("{} {operation}: {}", self.document.name, self.case.name)
    }

    /// Everything in which the call was not as promised.
    fn complaints(&self, promise: &Promise, seen: &Observed) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                complaints.push(format!("{}: {what}", self.name()));
            }
        };
        let connected = !matches!(self.case.place, Place::RefusingPort);
        let attempts = if connected { promise.attempts } else { 0 };
        check(
            seen.attempts == attempts,
            format!("{} attempts, not {attempts}", seen.attempts),
        );
        let arrived = promise.arrived;
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
            error == promise.error,
            format!("{error:?} ({outcome:?}), not {:?}", promise.error),
        );
        let fits = seen.waits.len() == promise.waits.len()
            && seen
                .waits
                .iter()
                .zip(&promise.waits)
                .all(|(wait, range)| range.contains(wait));
        check(
            fits,
            format!("waits of {:?}, not {:?}", seen.waits, promise.waits),
        );
        if let Err(error) = outcome {
            check(
                error.attempts() as usize == promise.attempts,
                format!("the error tells of {} attempts", error.attempts()),
            );
            let told = error.retry_after();
            let right = match &promise.retry_after {
                Some(range) => told.is_some_and(|told| range.contains(&told)),
                None => told.is_none(),
            };
            check(
                right,
                format!("retry after {told:?}, not {:?}", promise.retry_after),
            );
        }
        complaints
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
            let (mut table, mut complaints) = (Table::default(), Vec::new());
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((document, operation)) = operations.get(at) else {
                    return (table, complaints);
                };
                for case in &cases {
                    let trial = Trial {
                        document: &documents[*document],
                        operation,
                        case,
                        servers: &servers,
                    };
                    let promise = case.promise(trial.facts());
                    let seen = trial.run().await;
                    let found = trial.complaints(&promise, &seen);
                    table.add(case.name, trial.facts(), seen.arrived, &seen.outcome);
                    complaints.push(found);
                }
            }
        });
    }
    let (mut table, mut complaints) = (Table::default(), Vec::new());
    while let Some(worker) = workers.join_next().await {
        let (part, found) = worker.unwrap();
        table.merge(part);
        complaints.extend(found);
    }
    let run = complaints.len();
    let promised = complaints.iter().filter(|found| found.is_empty()).count();
    let text = table.markdown(faults::all().iter().map(|case| case.name));
    println!("{text}\ncases run: {run}, as promised: {promised}");
    let complaints: Vec<_> = complaints.into_iter().flatten().collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(run, operations.len() * faults::all().len());
    table::check_readme(&text);
    proof("fault-matrix", &format!("{promised}/{run}"));
}

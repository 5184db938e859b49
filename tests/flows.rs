//! Every flow of the four systems ends as expected, in one process and with a restart between any
//! two steps.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../examples/onboarding/flows/mod.rs"]
mod flows;
mod support;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use flows::fixture::{Persistence, StoreFuture};
use flows::{FlowRun, SingleProcess, run_all};
use support::documents::{DOCUMENTS, Document};

use vestibule::CallOptions;
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::{RecordedRequest, Variation};

/// Writes the proof, and panics with every flow that did not end as expected.
fn write_proof(name: &str, walked: &[FlowRun]) {
    let failed = |walked: &FlowRun| {
        let failed = walked.outcome.as_ref().err()?;
        Some(format!("{} {}: {failed}", walked.system, walked.flow))
    };
    let failed: Vec<String> = walked.iter().filter_map(failed).collect();
    let ended_well = walked.len() - failed.len();
    support::proof(name, &format!("{ended_well}/{}", walked.len()));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn every_flow_ends_as_expected() {
    let walked = run_all(&SingleProcess, |_| ()).await;
    write_proof("flows", &walked);
    reach_every_operation(&walked);
}

/// Operations that no flow uses, as the vendors' documentation does not mention them: plain calls
/// of `api()`.
const PLAIN_CALLS: [&str; 2] = ["signup_and_send_pin", "current_user_rooms"];

/// Panics unless every described operation was called successfully by a flow.
fn reach_every_operation(walked: &[FlowRun]) {
    let succeeded = |system: &str, id: &str| {
        let mut calls = walked
            .iter()
            .filter(|walked| walked.system == system)
            .flat_map(|walked| &walked.requests);
        calls.any(|call| call.operation == Some(id) && call.status < 300)
    };
    let mut missing = Vec::new();
    let mut reached = 0;
    for document in DOCUMENTS.iter().map(Document::read) {
        for operation in document.operations() {
            let id = operation.id();
            match succeeded(document.system(), id) {
                true => reached += 1,
                false => missing.push(id.to_owned()),
            }
        }
    }
    missing.sort();
    let mut plain = PLAIN_CALLS;
    plain.sort();
    assert_eq!(missing, plain);
    support::proof(
        "flow-operations",
        &format!("{reached} plain={}", plain.len()),
    );
}

/// One process whose calls have options.
struct WithOptions(CallOptions);

impl Persistence for WithOptions {
    fn store(&self) -> StoreFuture<'_> {
        Box::pin(std::future::ready(None))
    }

    fn options(&self) -> CallOptions {
        self.0.clone()
    }
}

/// Whether the request refreshes a session: all of its handles share it, so it has the options of
/// none.
fn is_refresh(flow: &FlowRun, request: &RecordedRequest) -> bool {
    match request.operation {
        Some("refresh_token") => true,
        Some("authenticate") => flow.flow == "session with reauthentication",
        _ => false,
    }
}

#[tokio::test]
async fn a_header_of_the_options_is_on_every_request_of_every_flow() {
    let options = CallOptions::new().header("x-request-source", "a test");
    let mut requests = 0;
    for flow in run_all(&WithOptions(options), |_| ()).await {
        let name = format!("{} {}", flow.system, flow.flow);
        assert!(flow.outcome.is_ok(), "{name}");
        let requests_of_calls = flow.requests.iter();
        let requests_of_calls = requests_of_calls.filter(|request| !is_refresh(&flow, request));
        for request in requests_of_calls {
            let source = request.header("x-request-source");
            assert_eq!(source, Some("a test"), "{name}: {request}");
            requests += 1;
        }
    }
    support::proof(
        "flows-with-options",
        &format!("requests={requests} missing=0"),
    );
}

#[tokio::test]
async fn the_deadline_of_the_options_holds_for_every_flow() {
    let options = CallOptions::new().deadline(Duration::ZERO);
    for flow in run_all(&WithOptions(options), |_| ()).await {
        let name = format!("{} {}", flow.system, flow.flow);
        assert!(flow.outcome.is_err(), "{name}");
        assert!(flow.requests.is_empty(), "{name}: {:?}", flow.requests);
    }
}

/// One process whose mocks respond in other forms.
struct Varied(Vec<Variation>);

impl Persistence for Varied {
    fn store(&self) -> StoreFuture<'_> {
        Box::pin(std::future::ready(None))
    }

    fn variations(&self) -> Vec<Variation> {
        self.0.clone()
    }
}

#[tokio::test]
async fn every_flow_ends_as_expected_when_responses_have_other_legal_forms() {
    let (mut flows, mut lost) = (0, Vec::new());
    let together = vec![
        Variation::ScalarsAsText,
        Variation::UnknownMembers,
        Variation::Nulls,
        Variation::HttpDates,
        Variation::ByteOrderMark,
    ];
    let alone = Variation::ALL.map(|variation| vec![variation]);
    for variations in alone.into_iter().chain([together]) {
        let walked = run_all(&Varied(variations.clone()), |_| ()).await;
        flows += walked.len();
        lost.extend(walked.into_iter().filter_map(|walked| {
            let failed = walked.outcome.err()?;
            let (system, flow) = (walked.system, walked.flow);
            Some(format!("{variations:?} {system} {flow}: {failed}"))
        }));
    }
    support::proof("odd-dress", &format!("flows={flows} lost={}", lost.len()));
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// Each step starts with an empty store.
struct EmptyStores(Cell<usize>);

impl Persistence for EmptyStores {
    fn store(&self) -> StoreFuture<'_> {
        self.0.set(self.0.get() + 1);
        let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
        Box::pin(std::future::ready(Some(store)))
    }
}

#[tokio::test]
async fn only_the_store_survives_a_restart_of_a_flow() {
    let forgetful = EmptyStores(Cell::new(0));
    let walked = run_all(&forgetful, |_| ()).await;
    // These store nothing between their steps.
    let need_no_store = [
        "create and update without a flow",
        "create and update, flow without a challenge",
        "user existence",
        "platform config",
    ];
    for walked in walked {
        let ended_well = walked.outcome.is_ok();
        let expected = need_no_store.contains(&walked.flow);
        assert_eq!(ended_well, expected, "{} {}", walked.system, walked.flow);
    }
}

#[cfg(feature = "redis")]
mod restarted {
    use super::support::redis_server::RedisServer;
    use super::*;
    use vestibule::store::{RedisStore, Sealing, SealingKey};

    /// Each step has a separate connection to one Redis.
    struct SeparateConnections {
        redis: RedisServer,
        begun: Cell<usize>,
    }

    impl Persistence for SeparateConnections {
        fn store(&self) -> StoreFuture<'_> {
            Box::pin(async {
                self.begun.set(self.begun.get() + 1);
                let sealing = Sealing::keys(SealingKey::new(1, [7; 32]), []);
                let store = RedisStore::open(self.redis.url(), sealing).await.unwrap();
                Some(Arc::new(store) as Arc<dyn SessionStore>)
            })
        }
    }

    #[tokio::test]
    async fn every_flow_continues_after_a_restart_between_any_two_steps() {
        let processes = SeparateConnections {
            redis: RedisServer::start(),
            begun: Cell::new(0),
        };
        let walked = run_all(&processes, |_| ()).await;
        write_proof("flows-restarted", &walked);
        for walked in &walked {
            let (system, flow) = (walked.system, walked.flow);
            assert!(walked.steps > 1, "{system} {flow} was not restarted");
        }
        // One process per step.
        let steps: usize = walked.iter().map(|walked| walked.steps).sum();
        assert_eq!(processes.begun.get(), steps);
    }
}

//! Stores that fill up, refuse writes or never answer: few steps, and an end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};
use vestibule::session::Tokens;
use vestibule::{AnyJson, ErrorKind, Event, Observer, Secret, fynd, goodcity, wunder};
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::stubborn_store::{Mood, StubbornStore};
use super::support;
use super::token_server::{EXPIRY, LONG_AGO, REVALIDATION, Server};

/// Counts what is reported once for all tries of a session.
#[derive(Default)]
struct Abandoned(AtomicUsize, Mutex<Vec<String>>);

impl Observer for Abandoned {
    fn observe(&self, event: &Event<'_>) {
        if let Event::StoreWriteAbandoned { .. } = event {
            self.0.fetch_add(1, Ordering::SeqCst);
            self.1.lock().unwrap().push(format!("{event:?}"));
        }
    }
}

fn client(server: &Server, store: &Arc<StubbornStore>, seen: &Arc<Abandoned>) -> wunder::Client {
    wunder::Client::builder("http://127.0.0.1:9")
        .tenant("tenant01")
        .signing_key("a key")
        .clock(server.clock())
        .store(store.clone())
        .observer(seen.clone())
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn saving_in_the_background_slows_down_and_ends_and_the_next_use_starts_again() {
    for mood in [Mood::Full, Mood::Conflicts, Mood::ReadOnly, Mood::Silent] {
        let server = Server::new();
        let store = Arc::new(StubbornStore::new());
        let seen = Arc::new(Abandoned::default());
        let client = client(&server, &store, &seen);
        store.set(mood);
        let tokens = Tokens::new("access", Some("refresh".into()));
        let session = client.resume_with_tokens(tokens).await.unwrap();
        sleep(Duration::from_secs(3600)).await;
        let steps = store.steps();
        // One that conflicts takes several steps for each of at most 80 tries.
        assert!(steps <= 80 * 8, "{mood:?}: {steps} steps");
        assert_eq!(seen.0.load(Ordering::SeqCst), 1, "{mood:?}");
        sleep(Duration::from_secs(24 * 3600)).await;
        assert_eq!(store.steps(), steps, "{mood:?}: it has ended");
        client.shutdown(Duration::from_secs(1)).await.unwrap();

        store.set(Mood::Works);
        assert_eq!(session.access_token().await.unwrap().expose(), "access");
        sleep(Duration::from_secs(5)).await;
        let other = wunder_elsewhere(&server, &store);
        let resumed = other.resume_session(session.id()).await.unwrap();
        assert_eq!(resumed.access_token().await.unwrap().expose(), "access");
    }
}

fn wunder_elsewhere(server: &Server, store: &Arc<StubbornStore>) -> wunder::Client {
    client(server, store, &Arc::default())
}

/// The store works again, as the save of another session finds out.
async fn is_saved_after_recovery(
    server: &Server,
    store: &Arc<StubbornStore>,
    client: &wunder::Client,
    session: &wunder::Session,
) {
    store.set(Mood::Works);
    let tokens = Tokens::new("access", Some("refresh".into()));
    client.resume_with_tokens(tokens).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let other = wunder_elsewhere(server, store);
    other.resume_session(session.id()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_save_that_waits_is_tried_when_the_store_recovers() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let client = wunder_elsewhere(&server, &store);
    store.set(Mood::Fails);
    let tokens = || Tokens::new("access", Some("refresh".into()));
    let session = client.resume_with_tokens(tokens()).await.unwrap();
    // By now it waits for a minute between two tries.
    sleep(Duration::from_secs(600)).await;
    is_saved_after_recovery(&server, &store, &client, &session).await;
}

#[tokio::test(start_paused = true)]
async fn a_recovery_just_after_a_failed_try_is_not_missed() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let client = wunder_elsewhere(&server, &store);
    store.set(Mood::Fails);
    let tokens = || Tokens::new("access", Some("refresh".into()));
    let session = client.resume_with_tokens(tokens()).await.unwrap();
    sleep(Duration::from_secs(600)).await;
    let steps = store.steps();
    while store.steps() == steps {
        sleep(Duration::from_millis(10)).await;
    }
    is_saved_after_recovery(&server, &store, &client, &session).await;
}

/// Reads succeed all the time, which does not make the store one that has recovered.
#[tokio::test(start_paused = true)]
async fn a_store_that_only_reads_is_neither_written_nor_read_every_second() {
    for mood in [Mood::Full, Mood::ReadOnly] {
        let server = Server::new();
        let store = Arc::new(StubbornStore::new());
        let seen = Arc::new(Abandoned::default());
        let client = client(&server, &store, &seen);
        let tokens = || Tokens::new("access", Some("refresh".into()));
        let stored = client.resume_with_tokens(tokens()).await.unwrap();
        store.set(mood);
        let unsaved = client.resume_with_tokens(tokens()).await.unwrap();
        let (loads, steps) = (store.loads(), store.steps());
        for _ in 0..300 {
            sleep(Duration::from_secs(1)).await;
            stored.access_token().await.unwrap();
        }
        assert_eq!(seen.0.load(Ordering::SeqCst), 0, "{mood:?}: it still tries");
        let (loads, steps) = (store.loads() - loads, store.steps() - steps);
        // One in 30 s, as long as nothing has failed.
        assert!((9..=11).contains(&loads), "{mood:?}: {loads} loads");
        assert!(steps - loads < 70, "{mood:?}: {steps} steps");

        is_saved_after_recovery(&server, &store, &client, &unsaved).await;
    }
}

/// A marker that only the primary has would be lost in a fail-over, and the session would come back.
#[tokio::test(start_paused = true)]
async fn an_end_is_written_until_enough_replicas_have_it() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let instance = server.instance(&store);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    store.set(Mood::TooFewReplicas);
    let error = session.end().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    sleep(Duration::from_secs(10)).await;
    let unacknowledged = store.only_version();
    assert!(unacknowledged.is_some());
    store.set(Mood::Works);
    instance.shutdown(Duration::from_secs(20)).await.unwrap();
    let acknowledged = store.only_version();
    assert!(acknowledged > unacknowledged, "{acknowledged:?}");
    let other = server.instance(&store);
    let error = other.resume_session(session.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

/// A save that is under way on another connection must not store the session afterwards.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_that_is_not_stored_yet_is_stored() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let instance = server.instance(&store);
    store.set(Mood::Fails);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    store.set(Mood::Works);
    session.end().await.unwrap();
    assert!(store.only_version().is_some(), "there is no end marker");
    let error = instance.resume_session(session.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_deletes_a_record_that_it_cannot_unseal() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let instance = server.instance(&store);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    store.set(Mood::Unreadable);
    session.end().await.unwrap();
    assert_eq!(store.only_version(), None);
}

#[tokio::test(start_paused = true)]
async fn a_removal_ends_as_well() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let instance = server.instance(&store);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    store.set(Mood::Fails);
    let error = session.end().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    sleep(Duration::from_secs(2 * 3600)).await;
    let steps = store.steps();
    assert!(steps <= 100, "{steps} steps");
    sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(store.steps(), steps);
    instance.shutdown(Duration::from_secs(1)).await.unwrap();
}

/// What a caller can ask of a session.
#[derive(Clone, Copy, Debug)]
enum Operation {
    SignIn,
    Resume,
    Use,
    UseExpired,
    ReplaceRejected,
    RefreshRefused,
    UseUnsaved,
    End,
    Import,
    Export,
    Shutdown,
}

const OPERATIONS: [Operation; 11] = [
    Operation::SignIn,
    Operation::Resume,
    Operation::Use,
    Operation::UseExpired,
    Operation::ReplaceRejected,
    Operation::RefreshRefused,
    Operation::UseUnsaved,
    Operation::End,
    Operation::Import,
    Operation::Export,
    Operation::Shutdown,
];

/// Store steps of an operation, the time that it took, and whether the caller got what it asked for.
async fn steps_of(operation: Operation, mood: Mood) -> (usize, Duration, bool) {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let instance = server.instance(&store);
    if matches!(operation, Operation::UseUnsaved) {
        store.set(Mood::Fails);
    }
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    let other = server.instance(&store);
    if matches!(operation, Operation::UseUnsaved) {
        store.set(mood);
        sleep(EXPIRY).await;
    } else {
        sleep(LONG_AGO).await;
    }
    let old: Secret = "access-0".into();
    match operation {
        Operation::Use => sleep(REVALIDATION).await,
        Operation::UseExpired => sleep(EXPIRY).await,
        Operation::RefreshRefused => {
            server.revoke(0);
            sleep(EXPIRY).await;
        }
        _ => {}
    }
    store.set(mood);
    let before = store.steps();
    let began = Instant::now();
    let succeeded = match operation {
        Operation::SignIn => instance.sign_in(server.first_tokens()).await.is_ok(),
        Operation::Resume => other.resume_session(session.id()).await.is_ok(),
        Operation::Use
        | Operation::UseExpired
        | Operation::RefreshRefused
        | Operation::UseUnsaved => session.access_token().await.is_ok(),
        Operation::ReplaceRejected => session.replace_rejected(&old).await.is_ok(),
        Operation::End => session.end().await.is_ok(),
        Operation::Import => {
            let key: Secret = "an import".into();
            let imported = instance.resume_with_tokens_once(&key, server.first_tokens());
            imported.await.is_ok()
        }
        Operation::Export => session.export_tokens().await.is_ok(),
        Operation::Shutdown => instance.shutdown(Duration::from_secs(10)).await.is_ok(),
    };
    (store.steps() - before, began.elapsed(), succeeded)
}

/// What a caller can do with a session whose system has no refresh.
#[derive(Clone, Copy, Debug)]
enum Call {
    Rejected,
    SetsCookies,
    SignOut,
    SignOutOfFynd,
}

const CALLS: [Call; 4] = [
    Call::Rejected,
    Call::SetsCookies,
    Call::SignOut,
    Call::SignOutOfFynd,
];

/// Rejects every token of GoodCity; sets another cookie with every response of Fynd.
async fn server_without_refresh() -> MockServer {
    let server = MockServer::start().await;
    let words = json!({"error": "No", "type": "UnauthorizedError", "status": 401});
    let rejected = ResponseTemplate::new(401).set_body_json(words);
    Mock::given(path("/api/v1/auth/current_user_profile"))
        .respond_with(rejected)
        .mount(&server)
        .await;
    let number = AtomicUsize::new(0);
    Mock::given(any())
        .respond_with(move |_: &wiremock::Request| {
            let number = number.fetch_add(1, Ordering::SeqCst);
            let cookie = format!("number={number}; Path=/");
            ResponseTemplate::new(200)
                .append_header("set-cookie", cookie)
                .set_body_json(json!({"logout": true}))
        })
        .mount(&server)
        .await;
    server
}

/// Store steps of a call, in real time.
async fn steps_of_call(server: &MockServer, call: Call, mood: Mood) -> usize {
    let store = Arc::new(StubbornStore::new());
    let goodcity = goodcity::Client::builder(server.uri())
        .app_name("app")
        .store(store.clone())
        .build()
        .unwrap();
    let fynd = fynd::Client::builder("000000000000000000000001")
        .application_token("application-token")
        .base_url(server.uri())
        .store(store.clone())
        .build()
        .unwrap();
    let tokens = Tokens::new("a token", None);
    let of_goodcity = goodcity.resume_with_tokens(tokens).await.unwrap();
    let of_fynd = fynd.resume_with_cookies([("sid", "1")]).await.unwrap();
    store.set(mood);
    let before = store.steps();
    // Whether they succeed depends on the mood.
    match call {
        Call::Rejected => drop(of_goodcity.profile().await),
        Call::SetsCookies => {
            let request = of_fynd.request(Method::GET, "/look");
            drop(request.send::<Option<AnyJson>>().await);
        }
        Call::SignOut => drop(of_goodcity.sign_out().await),
        Call::SignOutOfFynd => drop(of_fynd.sign_out().await),
    }
    store.steps() - before
}

#[tokio::test]
async fn every_call_of_a_session_without_refresh_ends_after_few_steps() {
    let server = server_without_refresh().await;
    let is_silent = |mood| matches!(mood, Mood::Silent | Mood::SilentWrites);
    let at_once = Mood::STUBBORN.iter().filter(|mood| !is_silent(**mood));
    for mood in at_once.copied() {
        for call in CALLS {
            let began = Instant::now();
            let steps = steps_of_call(&server, call, mood).await;
            let took = began.elapsed();
            assert!(steps <= 20, "{call:?} on {mood:?}: {steps} steps");
            assert!(
                took < Duration::from_secs(30),
                "{call:?} on {mood:?}: {took:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_ends_after_few_steps_on_every_stubborn_store() {
    let (mut operations, mut max_steps) = (0, 0);
    for mood in Mood::STUBBORN {
        for operation in OPERATIONS {
            let (steps, took, succeeded) = steps_of(operation, mood).await;
            let what = format!("{operation:?} on {mood:?}: {steps} steps in {took:?}");
            assert!(steps <= 20, "{what}");
            assert!(took <= Duration::from_secs(30), "{what}");
            // A store that acknowledges and loses every write fails no call.
            let is_use = matches!(operation, Operation::Use | Operation::UseExpired);
            assert!(mood != Mood::RollsBack || !is_use || succeeded, "{what}");
            operations += 1;
            max_steps = max_steps.max(steps);
        }
    }
    let figure = format!("operations={operations} max_steps={max_steps}");
    support::proof("bounded-loops", &figure);
}

//! What is on while our call is counted: each protection is seen to do its work.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::format::FmtSpan;
use vestibule::session::Tokens;
use vestibule::wunder::{Client, ClientBuilder, Session};
use vestibule::{Backoff, ErrorKind, Event, Observer, Settings};

use crate::customer::{LONG, access_token};

/// Fails if a protection is off.
pub async fn assert_on(address: &str) {
    let seen = Seen::default();
    repeats_within_a_budget(address, &seen).await;
    ends_what_hangs(address).await;
    shows_spans_and_no_secret(address).await;
}

async fn repeats_within_a_budget(address: &str, seen: &Seen) {
    let settings = |settings: &mut Settings| settings.retry_budget = 1;
    let quick = Backoff::new().with_cap(Duration::from_millis(1));
    let client = client(address, "flaky", settings).retry(quick);
    let session = session(client.observer(seen.clone())).await;
    session.profile().await.expect("a 503 is repeated");
    assert_eq!(seen.count(), [1, 0], "a repeat is told");
    let exhausted = session.profile().await.expect_err("the budget is used up");
    assert_eq!(exhausted.kind(), ErrorKind::TryLater);
    assert_eq!(seen.count(), [1, 1], "the end of the budget is told");
}

async fn ends_what_hangs(address: &str) {
    let settings = |settings: &mut Settings| settings.deadline = Duration::from_millis(100);
    let session = session(client(address, "silent", settings)).await;
    let late = session.profile().await.expect_err("no answer comes");
    assert_eq!(late.kind(), ErrorKind::TryLater);
}

async fn shows_spans_and_no_secret(address: &str) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    let session = session(client(address, "steady", |_| {})).await;
    let guard = tracing::subscriber::set_default(subscriber);
    let customer = session.profile().await.expect("a profile");
    drop(guard);
    let written = log.0.lock().expect("the log");
    let written = String::from_utf8_lossy(&written);
    for span in [
        "vestibule.call",
        "vestibule.attempt",
        "/{tenant}/front/customers",
    ] {
        assert!(written.contains(span), "{span} is not in the log");
    }
    let shown = format!("{session:?} {customer:?} {written}");
    assert!(!shown.contains(&access_token(LONG)), "the token is shown");
}

fn client(address: &str, tenant: &str, change: impl Fn(&mut Settings)) -> ClientBuilder {
    let mut settings = Settings::default();
    change(&mut settings);
    Client::builder(format!("{address}/v1"), tenant).settings(settings)
}

async fn session(client: ClientBuilder) -> Session {
    let tokens = Tokens::new(access_token(LONG), Some("a refresh token".into()));
    let session = Session::from_tokens(&client.build().expect("a client"), tokens).await;
    session.expect("a session")
}

/// How many repeats, and how many that the budget forbade.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<[u32; 2]>>);

impl Seen {
    fn count(&self) -> [u32; 2] {
        *self.0.lock().expect("the count")
    }
}

impl Observer for Seen {
    fn observe(&self, event: &Event<'_>) {
        let mut count = self.0.lock().expect("the count");
        match event {
            Event::Retry { .. } => count[0] += 1,
            Event::RetryBudgetExhausted { .. } => count[1] += 1,
            _ => {}
        }
    }
}

/// What a subscriber writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

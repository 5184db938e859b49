//! Checks that every protection is active while our call is measured.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::format::FmtSpan;
use vestibule::session::Tokens;
use vestibule::wunder::{Client, ClientBuilder, Session};
use vestibule::{Backoff, ErrorKind, Event, Observer, Settings};

use crate::profile::{VALID, access_token};

/// Panics if a protection is off.
pub async fn assert_on(address: &str) {
    let counts = RetryCounts::default();
    retries_within_a_budget(address, &counts).await;
    ends_hanging_calls(address).await;
    shows_spans_and_no_secret(address).await;
}

async fn retries_within_a_budget(address: &str, counts: &RetryCounts) {
    let settings = Settings::new().retry_budget(1);
    let quick = Backoff::new().with_cap(Duration::from_millis(1));
    let client = client(address, "flaky", settings).retry(quick);
    let session = session(client.observer(counts.clone())).await;
    session.profile().await.expect("a 503 is retried");
    assert_eq!(counts.count(), [1, 0], "a retry is reported");
    let exhausted = session.profile().await.expect_err("the budget is used up");
    assert_eq!(exhausted.kind(), ErrorKind::Unavailable);
    assert_eq!(counts.count(), [1, 1], "the exhausted budget is reported");
}

async fn ends_hanging_calls(address: &str) {
    let settings = Settings::new().deadline(Duration::from_millis(100));
    let session = session(client(address, "silent", settings)).await;
    let late = session.profile().await.expect_err("no response");
    assert_eq!(late.kind(), ErrorKind::Unavailable);
}

async fn shows_spans_and_no_secret(address: &str) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    let session = session(client(address, "steady", Settings::new())).await;
    let guard = tracing::subscriber::set_default(subscriber);
    let profile = session.profile().await.expect("a profile");
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
    let shown = format!("{session:?} {profile:?} {written}");
    assert!(!shown.contains(&access_token(VALID)), "the token is shown");
}

fn client(address: &str, tenant: &str, settings: Settings) -> ClientBuilder {
    Client::builder(format!("{address}/v1"))
        .tenant(tenant)
        .settings(settings)
}

async fn session(client: ClientBuilder) -> Session {
    let tokens = Tokens::new(access_token(VALID), Some("a refresh token".into()));
    let session = client
        .build()
        .expect("a client")
        .resume_with_tokens(tokens)
        .await;
    session.expect("a session")
}

/// Number of retries, and of retries that the budget refused.
#[derive(Clone, Default)]
struct RetryCounts(Arc<Mutex<[u32; 2]>>);

impl RetryCounts {
    fn count(&self) -> [u32; 2] {
        *self.0.lock().expect("the count")
    }
}

impl Observer for RetryCounts {
    fn observe(&self, event: &Event<'_>) {
        let mut count = self.0.lock().expect("the count");
        match event {
            Event::Retry { .. } => count[0] += 1,
            Event::RetryBudgetExhausted { .. } => count[1] += 1,
            _ => {}
        }
    }
}

/// Collects what a subscriber writes.
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

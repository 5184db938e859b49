//! Calls are observable: in spans and events with OpenTelemetry names, and by an observer.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "observed/collect.rs"]
mod collect;
#[path = "observed/headers.rs"]
mod headers;
#[path = "observed/store_steps.rs"]
mod store_steps;
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use collect::{Collected, Fields};
use support::sleeper::Sleeper;
use vestibule::testing::{Fault, FaultProxy, FaultRule, Wunder};
use vestibule::wunder::{Client, ClientBuilder, Session, SignIn};
use vestibule::{Event, Observer, RefreshOutcome, Settings};

const PHONE: &str = "+43123456789";
const PAST_EXPIRY: Duration = Duration::from_secs(5 * 3600 + 1);

/// Records what it observes as text.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Observer for Notes {
    fn observe(&self, event: &Event<'_>) {
        let note = match event {
            // `store_steps` has these.
            Event::StoreStep { .. } => return,
            Event::Attempt {
                operation,
                attempt,
                status,
                error_type,
                ..
            } => format!("attempt {operation} {attempt} {status:?} {error_type:?}"),
            Event::Retry {
                operation,
                attempt,
                reason,
                ..
            } => format!("retry {operation} {attempt} {reason}"),
            Event::RetryBudgetExhausted { operation, .. } => format!("exhausted {operation}"),
            Event::Call {
                operation,
                attempts,
                error,
                ..
            } => {
                let error = error.map(|error| error.error_type().to_owned());
                format!("call {operation} {attempts} {error:?}")
            }
            Event::Refresh { outcome, .. } => format!("refresh {outcome:?}"),
            Event::SessionEnded { reason, .. } => format!("ended: {reason}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(note);
    }
}

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

struct ObservedClient {
    mock: Wunder,
    proxy: FaultProxy,
    client: Client,
    notes: Notes,
}

impl ObservedClient {
    async fn start(set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let mock = Wunder::start().await;
        let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
        let notes = Notes::default();
        let builder = Client::builder(proxy.base_url())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .observer(notes.clone());
        let client = set(builder).build().unwrap();
        Self {
            mock,
            proxy,
            client,
            notes,
        }
    }

    async fn sign_in(&self) -> Session {
        let pending = self
            .client
            .sign_in_with_phone_code(&PHONE.parse().unwrap())
            .branch_id("2")
            .send()
            .await
            .unwrap();
        let code = self.mock.outbox().last_code(PHONE).unwrap();
        match pending.confirm(code).await.unwrap() {
            SignIn::SignedIn(session) => session,
            SignIn::MfaRequired(_) => panic!("no second factor was required"),
        }
    }

    fn port(&self) -> String {
        self.proxy.base_url().rsplit(':').next().unwrap().to_owned()
    }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    fields.into_iter().map(own).collect()
}

#[tokio::test]
async fn a_call_has_one_span_and_one_below_it_for_each_attempt() {
    let on = ObservedClient::start(|builder| builder.clock(Sleeper::default())).await;
    on.proxy.inject(FaultRule::new(Fault::status(503)).times(1));
    let (collected, _guard) = Collected::begin();
    on.client.branch(48.2, 16.4).await.unwrap();
    let port = on.port();
    let common = fields([
        ("system", "wunder"),
        ("operation", "resolve_branch"),
        ("http.request.method", "GET"),
        ("url.template", "/{tenant}/front/branches/resolve"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port),
    ]);
    let with = |mut fields: Fields| {
        fields.extend(common.clone());
        fields
    };
    let calls = collected.spans("vestibule.call");
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0].fields,
        with(fields([
            ("otel.name", "wunder resolve_branch"),
            ("otel.kind", "internal"),
            ("http.response.status_code", "200"),
            ("http.request.resend_count", "1"),
        ]))
    );
    let attempts = collected.spans("vestibule.attempt");
    assert_eq!(attempts.len(), 2);
    let name = ("otel.name", "GET /{tenant}/front/branches/resolve");
    let failed = fields([
        name,
        ("otel.kind", "client"),
        ("otel.status_code", "ERROR"),
        ("http.response.status_code", "503"),
        ("error.type", "503"),
    ]);
    let served = fields([
        name,
        ("otel.kind", "client"),
        ("http.response.status_code", "200"),
        ("http.request.resend_count", "1"),
    ]);
    assert_eq!(attempts[0].fields, with(failed));
    assert_eq!(attempts[1].fields, with(served));
    for attempt in &attempts {
        assert_eq!(attempt.parent.as_deref(), Some("vestibule.call"));
    }
    let retries = collected.events("retry");
    assert_eq!(retries.len(), 1);
    assert_eq!(
        (&*retries[0]["reason"], &*retries[0]["attempt"]),
        ("503", "1")
    );
}

#[tokio::test]
async fn an_observer_receives_the_same_facts() {
    let on = ObservedClient::start(|builder| builder.clock(Sleeper::default())).await;
    on.proxy.inject(FaultRule::new(Fault::status(503)).times(1));
    on.client.branch(48.2, 16.4).await.unwrap();
    assert_eq!(
        on.notes.take(),
        [
            "attempt resolve_branch 1 Some(503) Some(\"503\")",
            "retry resolve_branch 1 503",
            "attempt resolve_branch 2 Some(200) None",
            "call resolve_branch 2 None",
        ]
    );
    on.proxy.inject(FaultRule::new(Fault::ResetAfterRequest));
    let pending = on
        .client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await;
    pending.unwrap_err();
    assert_eq!(
        on.notes.take(),
        [
            "attempt create_or_sign_in_with_phone_number 1 None Some(\"connection\")",
            "call create_or_sign_in_with_phone_number 1 Some(\"connection\")",
        ]
    );
}

#[tokio::test]
async fn a_refresh_and_the_end_of_a_session_are_reported_once_each() {
    let mock_clock = vestibule::testing::TestClock::new();
    let on = {
        let mock = Wunder::start_with(mock_clock.clone()).await;
        let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
        let notes = Notes::default();
        let client = Client::builder(proxy.base_url())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .observer(notes.clone())
            .clock(mock_clock.clone())
            .build()
            .unwrap();
        ObservedClient {
            mock,
            proxy,
            client,
            notes,
        }
    };
    let session = on.sign_in().await;
    mock_clock.advance(PAST_EXPIRY);
    on.notes.take();
    let (collected, guard) = Collected::begin();
    session.profile().await.unwrap();
    let refreshes = |notes: &[String], outcome| {
        let word = format!("refresh {outcome:?}");
        notes.iter().filter(|note| **note == word).count()
    };
    assert_eq!(refreshes(&on.notes.take(), RefreshOutcome::Refreshed), 1);
    let spans = collected.spans("vestibule.refresh");
    assert_eq!(spans.len(), 1);
    assert_eq!(
        spans[0].fields["session"].len(),
        8,
        "8 hex digits and not the id"
    );
    let exchange = collected.spans("vestibule.call");
    let exchange = exchange
        .iter()
        .find(|span| span.fields["operation"] == "refresh_token");
    assert_eq!(
        exchange.unwrap().parent.as_deref(),
        Some("vestibule.refresh")
    );
    drop(guard);

    on.mock.revoke_refresh_tokens();
    mock_clock.advance(PAST_EXPIRY);
    session.profile().await.unwrap_err();
    session.profile().await.unwrap_err();
    let notes = on.notes.take();
    assert_eq!(refreshes(&notes, RefreshOutcome::Ended), 1, "{notes:?}");
    let ended = "ended: the server refused to refresh it";
    assert_eq!(
        notes.iter().filter(|note| *note == ended).count(),
        1,
        "{notes:?}"
    );
}

#[tokio::test]
async fn an_empty_retry_budget_is_reported() {
    let settings = Settings::new().retry_budget(0);
    let on = ObservedClient::start(|builder| builder.settings(settings)).await;
    on.proxy.inject(FaultRule::new(Fault::status(503)));
    let (collected, _guard) = Collected::begin();
    on.client.branch(48.2, 16.4).await.unwrap_err();
    assert_eq!(collected.events("retry budget exhausted").len(), 1);
    assert!(
        on.notes
            .take()
            .contains(&"exhausted resolve_branch".to_owned())
    );
}

#[tokio::test]
async fn a_custom_path_is_in_no_span() {
    let on = ObservedClient::start(|builder| builder).await;
    let session = on.sign_in().await;
    let (collected, _guard) = Collected::begin();
    let request = session.request(http::Method::GET, "/front/vouchers/s3cr3t");
    request.send::<()>().await.unwrap_err();
    let spans = [
        collected.spans("vestibule.call"),
        collected.spans("vestibule.attempt"),
    ]
    .concat();
    assert_eq!(spans.len(), 2);
    for span in &spans {
        assert_eq!(span.fields["url.template"], "/{path}");
        assert!(!format!("{:?}", span.fields).contains("s3cr3t"), "{span:?}");
    }
}

/// An observer that panics.
struct PanickingObserver;

impl Observer for PanickingObserver {
    fn observe(&self, _event: &Event<'_>) {
        panic!("a panic in the observer");
    }
}

#[tokio::test]
async fn a_panicking_observer_breaks_no_call() {
    let on = ObservedClient::start(|builder| builder.observer(PanickingObserver)).await;
    on.sign_in().await.profile().await.unwrap();
}

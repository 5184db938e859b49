//! Headers that a hook of the caller adds to each attempt.

use http::{HeaderMap, HeaderName, HeaderValue};
use vestibule::testing::{Fault, FaultRule, Fynd, Wunder};
use vestibule::{CallOptions, Delivery, ErrorKind, System, fynd};

use super::support::sleeper::Sleeper;
use super::{Collected, ObservedClient};

fn values(mock: &Wunder, name: &str) -> Vec<Option<String>> {
    let requests = mock.requests();
    let values = requests
        .iter()
        .map(|request| request.header(name).map(str::to_owned));
    values.collect()
}

#[tokio::test]
async fn a_hook_adds_headers_to_each_attempt_also_to_refreshes_and_custom_requests() {
    let clock = vestibule::testing::TestClock::new();
    let mock = Wunder::start_with(clock.clone()).await;
    let client = vestibule::wunder::Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(clock.clone())
        .attempt_headers(|attempt, headers| {
            assert_eq!(attempt.system, System::Wunder);
            let value = format!("{} {}", attempt.operation, attempt.attempt);
            headers.insert("x-attempt", value.parse().unwrap());
        })
        .build()
        .unwrap();
    mock.fail_next("resolve_branch", 503);
    client.branch(48.2, 16.4).await.unwrap();
    let phone = super::PHONE.parse().unwrap();
    let pending = client.sign_in_with_phone_code(&phone).branch_id("2");
    let pending = pending.send().await.unwrap();
    let code = mock.outbox().last_code(super::PHONE).unwrap();
    let signed_in = pending.confirm(code).await.unwrap();
    let vestibule::wunder::SignIn::SignedIn(session) = signed_in else {
        panic!("no second factor was required");
    };
    clock.advance(super::PAST_EXPIRY);
    let request = session.request(http::Method::GET, "/front/customers");
    request.send::<serde_json::Value>().await.unwrap();

    let seen = values(&mock, "x-attempt");
    let seen: Vec<_> = seen.iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(seen[..2], ["resolve_branch 1", "resolve_branch 2"]);
    assert!(seen.contains(&"refresh_token 1"), "{seen:?}");
    assert!(seen.contains(&"request 1"), "{seen:?}");
}

#[tokio::test]
async fn a_hook_runs_within_the_span_of_its_attempt() {
    let on = ObservedClient::start(|builder| {
        builder
            .clock(Sleeper::default())
            .attempt_headers(|_, headers| {
                let span = tracing::Span::current();
                let name = span.metadata().map_or("none", |metadata| metadata.name());
                headers.insert("x-span", HeaderValue::from_str(name).unwrap());
            })
    })
    .await;
    let (_collected, _guard) = Collected::begin();
    on.client.branch(48.2, 16.4).await.unwrap();
    let spans = values(&on.mock, "x-span");
    assert_eq!(spans, [Some("vestibule.attempt".to_owned())]);
}

#[tokio::test]
async fn a_header_that_the_client_or_the_system_sets_is_refused_from_a_hook_by_its_name() {
    let own = [
        "authorization",
        "cookie",
        "content-type",
        "accept-language",
        "host",
        "traceparent",
    ];
    for name in own {
        let on = ObservedClient::start(|builder| {
            builder.attempt_headers(move |_, headers| {
                let name = HeaderName::from_static(name);
                headers.insert(name, HeaderValue::from_static("a-value"));
            })
        })
        .await;
        let called = on.client.branch(48.2, 16.4).await;
        if name == "traceparent" {
            called.unwrap();
            continue;
        }
        let error = called.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        assert_eq!(error.field(), Some(name));
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(!format!("{error} {error:?}").contains("a-value"));
        assert!(on.mock.requests().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_header_of_the_call_wins_over_that_of_a_hook() {
    let on = ObservedClient::start(|builder| {
        builder.attempt_headers(|_, headers| {
            headers.insert("x-device", HeaderValue::from_static("of-the-hook"));
            headers.append("x-many", HeaderValue::from_static("one"));
            headers.append("x-many", HeaderValue::from_static("two"));
        })
    })
    .await;
    on.client.branch(48.2, 16.4).await.unwrap();
    let options = CallOptions::new().header("x-device", "of-the-call");
    let client = on.client.with_options(options);
    client.branch(48.2, 16.4).await.unwrap();
    let seen = values(&on.mock, "x-device");
    let seen: Vec<_> = seen.iter().map(|value| value.as_deref().unwrap()).collect();
    assert_eq!(seen, ["of-the-hook", "of-the-call"]);
    let requests = on.proxy.requests();
    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn a_hook_that_panics_adds_nothing_and_breaks_no_call() {
    let on = ObservedClient::start(|builder| {
        builder.attempt_headers(|_, headers: &mut HeaderMap| {
            headers.insert("x-device", HeaderValue::from_static("a-value"));
            panic!("a panic in the hook");
        })
    })
    .await;
    on.client.branch(48.2, 16.4).await.unwrap();
    assert_eq!(values(&on.mock, "x-device"), [None]);
}

#[tokio::test]
async fn the_budget_that_is_left_falls_with_each_retry() {
    use std::sync::{Arc, Mutex};
    use vestibule::{Event, Observer, Settings};

    #[derive(Clone, Default)]
    struct Left(Arc<Mutex<Vec<u32>>>);

    impl Observer for Left {
        fn observe(&self, event: &Event<'_>) {
            if let Event::Retry { budget_left, .. } = event {
                self.0.lock().unwrap().push(*budget_left);
            }
        }
    }

    let left = Left::default();
    let on = ObservedClient::start(|builder| {
        let settings = Settings::new().retry_budget(10);
        let builder = builder.clock(Sleeper::default()).settings(settings);
        builder.observer(left.clone())
    })
    .await;
    on.proxy.inject(FaultRule::new(Fault::status(503)).times(2));
    on.client.branch(48.2, 16.4).await.unwrap();
    assert_eq!(*left.0.lock().unwrap(), [9, 8]);
}

/// The server computes the signature over every header that has `x-fp-` in its name.
#[cfg(feature = "fynd")]
#[tokio::test]
async fn the_signature_of_fynd_covers_the_headers_of_a_hook() {
    let mock = Fynd::start().await;
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .attempt_headers(|_, headers| {
            headers.insert("x-fp-visit", HeaderValue::from_static("a visit"));
        })
        .build()
        .unwrap();
    client.platform_config().await.unwrap();
    let requests = mock.requests();
    assert_eq!(requests[0].header("x-fp-visit"), Some("a visit"));
    assert_eq!(requests[0].status, 200);
}

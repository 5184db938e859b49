//! A backoff never exceeds its upper bound, its cap, its number of attempts or the deadline.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use support::sleeper::Sleeper;
use vestibule::testing::{Fault, FaultProxy, FaultRule, GoodCity};
use vestibule::{Backoff, CallOptions, Error, FailedAttempt, RetryPolicy, goodcity};

/// Records how a client fails against a server that is down.
struct Trial {
    proxy: FaultProxy,
    sleeper: Sleeper,
    client: goodcity::Client,
}

impl Trial {
    async fn start(fault: Fault) -> Self {
        let mock = GoodCity::start().await;
        let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
        proxy.inject(FaultRule::new(fault));
        let sleeper = Sleeper::default();
        let client = goodcity::Client::builder(proxy.base_url())
            .app_name("app")
            .clock(sleeper.clone())
            .build()
            .unwrap();
        Self {
            proxy,
            sleeper,
            client,
        }
    }

    async fn fail(&self, options: CallOptions) -> Error {
        let api = self.client.with_options(options).api();
        api.current_user_rooms().send().await.unwrap_err()
    }

    /// Fails as well, by a call that sends a message.
    async fn fail_to_send(&self, options: CallOptions) -> Error {
        let api = self.client.with_options(options).api();
        let body = goodcity::api::types::SendPinRequest::builder().mobile("+85261234567");
        api.send_pin().body(body).send().await.unwrap_err()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_wait_exceeds_its_bound_its_cap_or_the_deadline(
        attempts in 0_u32..6,
        base in 0_u64..20_000,
        cap in 0_u64..20_000,
        deadline in 1_u64..20_000,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (error, waits) = runtime.block_on(async {
            let trial = Trial::start(Fault::status(429)).await;
            let backoff = Backoff::new()
                .with_max_attempts(attempts)
                .with_base(Duration::from_millis(base))
                .with_cap(Duration::from_millis(cap));
            let deadline = Duration::from_millis(deadline).max(Duration::from_secs(5));
            let error = trial.fail(CallOptions::new().retry(backoff).deadline(deadline)).await;
            (error, trial.sleeper.sleeps())
        });
        let deadline = deadline.max(5_000);
        prop_assert!(error.attempts() <= attempts.max(1));
        prop_assert_eq!(waits.len() as u32 + 1, error.attempts());
        for (number, wait) in waits.iter().enumerate() {
            let bound = (base << number).min(cap).min(deadline);
            prop_assert!(*wait <= Duration::from_millis(bound), "{:?} of {}", wait, bound);
        }
    }
}

/// Retries for ever, without a backoff.
#[derive(Debug, Default)]
struct RetryForever(Arc<Mutex<Vec<u32>>>);

impl RetryPolicy for RetryForever {
    fn wait(&self, failed: &FailedAttempt<'_>) -> Option<Duration> {
        self.0.lock().unwrap().push(failed.attempts);
        assert_eq!(failed.operation, "current_user_rooms");
        assert!(failed.is_idempotent);
        Some(Duration::ZERO)
    }
}

#[tokio::test]
async fn an_unbounded_policy_is_limited_by_the_retry_budget() {
    let trial = Trial::start(Fault::status(429)).await;
    let retry_forever = RetryForever::default();
    let sleeps = retry_forever.0.clone();
    let error = trial.fail(CallOptions::new().retry(retry_forever)).await;
    assert_eq!(error.status().unwrap().as_u16(), 429);
    assert_eq!(error.attempts() as usize, trial.proxy.requests().len());
    assert!((101..200).contains(&error.attempts()), "{error}");
    assert_eq!(
        *sleeps.lock().unwrap(),
        (1..=error.attempts()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn no_policy_resends_a_message_that_may_have_been_sent() {
    for fault in [Fault::ResetAfterRequest, Fault::status(429)] {
        let trial = Trial::start(fault).await;
        let retry_forever = RetryForever::default();
        let sleeps = retry_forever.0.clone();
        let options = CallOptions::new().retry(retry_forever);
        trial.fail_to_send(options).await;
        assert_eq!(trial.proxy.requests().len(), 1);
        assert!(sleeps.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_retry_policy_of_a_client_applies_to_its_calls() {
    let proxy = FaultProxy::start("http://127.0.0.1:9").await.unwrap();
    proxy.inject(FaultRule::new(Fault::status(429)));
    let client = goodcity::Client::builder(proxy.base_url())
        .app_name("app")
        .retry(Backoff::none())
        .build()
        .unwrap();
    let error = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!((error.attempts(), proxy.requests().len()), (1, 1));
}

//! A custom HTTP client may behave differently from the built-in one, and the limits still apply.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use vestibule::goodcity::Client;
use vestibule::reqwest::{self, redirect};
use vestibule::testing::{Fault, FaultProxy, FaultRule, GoodCity};
use vestibule::{Delivery, Error, ErrorKind, Settings};

const MOBILE: &str = "+85251234567";

fn builder() -> reqwest::ClientBuilder {
    Settings::default().http_client_builder().unwrap()
}

async fn start() -> (GoodCity, FaultProxy) {
    let mock = GoodCity::start().await;
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    (mock, proxy)
}

async fn send_pin(
    proxy: &FaultProxy,
    own: reqwest::ClientBuilder,
    settings: Settings,
) -> Result<(), Error> {
    let client = Client::builder(proxy.base_url())
        .app_name("app")
        .http_client(own.no_proxy().build().unwrap())
        .settings(settings)
        .build()
        .unwrap();
    client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .map(drop)
}

#[tokio::test]
async fn a_custom_client_sends_the_calls() {
    let (mock, proxy) = start().await;
    let own = builder().user_agent("custom");
    send_pin(&proxy, own, Settings::default()).await.unwrap();
    assert_eq!(mock.count("send_pin"), 1);
}

#[tokio::test]
async fn a_redirected_response_is_an_error() {
    let (_mock, proxy) = start().await;
    let other_host = GoodCity::start().await;
    let redirect = Fault::Redirect(format!(
        "{}/api/v1/auth/current_user_profile",
        other_host.base_url()
    ));
    proxy.inject(FaultRule::new(redirect));
    let own = builder().redirect(redirect::Policy::limited(3));
    let error = send_pin(&proxy, own, Settings::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert_eq!(error.error_type(), "redirect");
    let expected = "followed a redirect to 127.0.0.1";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn abandoned_redirects_are_an_error_without_their_url() {
    let (_mock, proxy) = start().await;
    let redirect = Fault::Redirect(format!("{}/loop?token=secret", proxy.base_url()));
    proxy.inject(FaultRule::new(redirect));
    let own = builder().redirect(redirect::Policy::limited(2));
    let error = send_pin(&proxy, own, Settings::default())
        .await
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
}

#[tokio::test]
async fn attempts_and_responses_stay_bounded() {
    let (_mock, proxy) = start().await;
    proxy.inject(FaultRule::new(Fault::StallBeforeHead).times(1));
    let settings = Settings::new().attempt_timeout(Duration::from_millis(100));
    let error = send_pin(&proxy, builder(), settings).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.error_type()),
        (ErrorKind::Unavailable, "timeout")
    );
    proxy.inject(FaultRule::new(Fault::HugeBody(100_000_000)));
    let error = send_pin(&proxy, builder(), Settings::default())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.error_type()),
        (ErrorKind::InvalidResponse, "too_large")
    );
}

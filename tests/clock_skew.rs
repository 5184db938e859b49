//! A wrong local clock is corrected by the server's, within a bound, and reported once.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::testing::{TestClock, Wunder};
use vestibule::wunder::{Client, ClientBuilder, SignIn};
use vestibule::{Event, Observer, Settings};

const PHONE: &str = "+43123456789";
const HOUR: Duration = Duration::from_secs(3600);

/// The reported skews, in seconds, and whether they are corrected.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<(i64, bool)>>>);

impl Observer for Reports {
    fn observe(&self, event: &Event<'_>) {
        if let Event::ClockSkew {
            skew, corrected, ..
        } = event
        {
            self.0
                .lock()
                .unwrap()
                .push((skew.num_seconds(), *corrected));
        }
    }
}

impl Reports {
    fn all(&self) -> Vec<(i64, bool)> {
        self.0.lock().unwrap().clone()
    }
}

/// A mock whose clock is ahead of the local one, and a client that uses the local clock.
async fn ahead_by(skew: Duration) -> (Wunder, ClientBuilder, Reports) {
    let mock = Wunder::start().await;
    mock.clock().advance(skew);
    let reports = Reports::default();
    let builder = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .observer(reports.clone());
    (mock, builder, reports)
}

/// A call without a signature succeeds, and its response tells the server's time.
async fn hear_the_time(client: &Client) {
    client.branch(48.2, 16.4).await.unwrap();
}

async fn sign_in(
    mock: &Wunder,
    client: &Client,
) -> Result<vestibule::wunder::Session, vestibule::Error> {
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await?;
    let code = mock.outbox().last_code(PHONE).unwrap();
    match pending.confirm(code).await? {
        SignIn::SignedIn(session) => Ok(session),
        SignIn::MfaRequired(_) => panic!("no second factor was required"),
    }
}

#[tokio::test]
async fn signatures_and_expiries_follow_the_servers_clock_after_two_successes() {
    let (mock, builder, reports) = ahead_by(HOUR).await;
    let client = builder.build().unwrap();
    let stale = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap_err();
    assert_eq!(stale.code(), Some("A105"), "signed an hour too early");
    hear_the_time(&client).await;
    assert_eq!(reports.all(), [], "one response is not enough");
    hear_the_time(&client).await;
    let session = sign_in(&mock, &client).await.unwrap();
    session.profile().await.unwrap();
    assert_eq!(
        mock.count("refresh_token"),
        0,
        "the token is valid at the server"
    );
    let reports = reports.all();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(
        (3_595..=3_605).contains(&reports[0].0) && reports[0].1,
        "{reports:?}"
    );
}

#[tokio::test]
async fn a_token_is_refreshed_when_it_expires_at_the_server() {
    let (mock, builder, _) = ahead_by(HOUR).await;
    mock.set_access_lifetime(1800);
    let client = builder.build().unwrap();
    hear_the_time(&client).await;
    hear_the_time(&client).await;
    let session = sign_in(&mock, &client).await.unwrap();
    mock.clock().advance(Duration::from_secs(1790));
    // Another response carries the time that has passed only at the server.
    hear_the_time(&client).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    hear_the_time(&client).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    hear_the_time(&client).await;
    mock.clock().advance(Duration::from_secs(8));
    session.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_skew_beyond_the_bound_is_reported_and_not_followed() {
    let (_mock, builder, reports) = ahead_by(48 * HOUR).await;
    let client = builder.build().unwrap();
    for _ in 0..3 {
        hear_the_time(&client).await;
        let error = client
            .sign_in_with_phone_code(&PHONE.parse().unwrap())
            .branch_id("2")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("A105"));
    }
    let reports = reports.all();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert!(!reports[0].1, "{reports:?}");
}

#[tokio::test]
async fn the_correction_can_be_turned_off() {
    let (_mock, builder, reports) = ahead_by(HOUR).await;
    let settings = Settings::new().max_clock_correction(Duration::ZERO);
    let client = builder.settings(settings).build().unwrap();
    for _ in 0..2 {
        hear_the_time(&client).await;
        let error = client
            .sign_in_with_phone_code(&PHONE.parse().unwrap())
            .branch_id("2")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("A105"));
    }
    assert_eq!(reports.all(), []);
}

#[tokio::test]
async fn a_fast_clock_signs_with_earlier_times_once_corrected() {
    let mock = Wunder::start().await;
    let fast = TestClock::new();
    fast.advance(2 * HOUR);
    let client = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(fast.clone())
        .build()
        .unwrap();
    let early = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap_err();
    assert_eq!(early.code(), Some("A105"));
    hear_the_time(&client).await;
    hear_the_time(&client).await;
    sign_in(&mock, &client).await.unwrap();
}

#[tokio::test]
async fn a_correct_clock_is_not_changed() {
    let (mock, builder, reports) = ahead_by(Duration::from_secs(3)).await;
    let client = builder.build().unwrap();
    sign_in(&mock, &client).await.unwrap();
    assert_eq!(reports.all(), []);
}

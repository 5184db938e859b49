//! Requests at the same time.

use vestibule::testing::GoodCityRace;

use crate::harness::{Harness, MOBILE, UNKNOWN};

pub async fn two_requests_for_a_pin_fail_and_leave_no_valid_key(harness: &Harness) {
    let key = harness.send_pin(MOBILE).await.key();
    let pin = harness.pin(MOBILE);
    harness.mock.expect_race(GoodCityRace::SendPin);
    // It is about known numbers only.
    harness.send_pin(UNKNOWN).await.key();
    let failed = harness.send_pin(MOBILE).await;
    failed.refused(500, &["error", "status"]);
    harness.verify(&key, &pin).await.pin_refused();
    let key = harness.send_pin(MOBILE).await.key();
    harness.verify(&key, &harness.pin(MOBILE)).await.ok();
}

pub async fn two_sign_ups_leave_a_number_that_cannot_sign_up_again(harness: &Harness) {
    harness.mock.expect_race(GoodCityRace::SignUp);
    harness.sign_up_as("app", MOBILE).await.key();
    harness.sign_up_as("app", UNKNOWN).await.key();
    let sent = harness.messages().len();
    for _ in 0..2 {
        let refused = harness.sign_up_as("app", UNKNOWN).await;
        refused.refused(422, &["errors"]);
        assert!(refused.text.contains("taken"), "{}", refused.text);
    }
    assert_eq!(harness.messages().len(), sent);
    let key = harness.send_pin(UNKNOWN).await.key();
    harness.verify(&key, &harness.pin(UNKNOWN)).await.ok();
}

pub async fn a_pin_is_accepted_twice_at_the_same_time(harness: &Harness) {
    let key = harness.send_pin(MOBILE).await.key();
    let pin = harness.pin(MOBILE);
    harness.mock.expect_race(GoodCityRace::Verify);
    harness.verify(&key, "none").await.pin_refused();
    harness.verify(&key, &pin).await.ok();
    harness.verify(&key, &pin).await.ok();
    harness.verify(&key, &pin).await.pin_refused();
}

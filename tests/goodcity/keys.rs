//! Keys: which one is sent, and what invalidates it.

use super::*;

#[tokio::test]
async fn only_the_newest_key_is_valid_and_sent() {
    let (mock, client) = start().await;
    mock.set_next_pin("1111");
    let old_key = key_by_hand(&client).await;
    mock.set_next_pin("2222");
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.set_next_pin("3333");
    pending.resend().await.unwrap();

    for pin in ["1111", "2222", "3333"] {
        let error = verify_by_hand(&client, &old_key, pin).await.unwrap_err();
        refused(&error, 422, ErrorShape::Fields);
    }
    // The previous pin is not valid with the newest key, the newest pin is.
    let returned = pending.confirm("2222").await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
    let _ = returned.state.confirm("3333").await.unwrap();
}

#[tokio::test]
async fn a_resend_waits_for_its_timer() {
    let (mock, client) = start().await;
    let mut pending = send_pin(&client).await;
    mock.clock().advance(Duration::from_secs(50));
    let error = pending.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let wait = error.retry_after().unwrap();
    assert!(
        wait > Duration::from_secs(9) && wait <= Duration::from_secs(10),
        "{wait:?}"
    );
    assert_eq!(mock.count("send_pin"), 1);

    mock.clock().advance(Duration::from_secs(10));
    assert!(pending.resend_timer().remaining().is_zero());
    pending.resend().await.unwrap();
    assert_eq!(
        pending.resend().await.unwrap_err().kind(),
        ErrorKind::RateLimited
    );
    assert_eq!(mock.outbox().messages().len(), 2);
    let _ = pending.confirm(pin(&mock)).await.unwrap();
}

#[tokio::test]
async fn a_refused_resend_voids_the_pin_until_another_is_sent() {
    let (mock, client) = start().await;
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.fail_next("send_pin", 401);
    let error = pending.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);

    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert!(returned.error.to_string().contains("send a new pin"));
    assert_eq!(mock.count("verify"), 0);

    // No message was sent, so no timer runs.
    let mut pending = returned.state;
    pending.resend().await.unwrap();
    let _ = pending.confirm(pin(&mock)).await.unwrap();
}

#[tokio::test]
async fn a_response_without_key_voids_the_pin() {
    // A bare 200 is a response without members.
    let (mock, client) = start().await;
    mock.fail_next("send_pin", 200);
    let error = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);

    mock.clock().advance(WAIT);
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.fail_next("send_pin", 200);
    let error = pending.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
}

#[tokio::test]
async fn after_a_failed_resend_the_previous_pin_may_still_be_valid() {
    let (mock, client) = start().await;
    for status in [500, 422] {
        let mut pending = send_pin(&client).await;
        mock.clock().advance(WAIT);
        mock.fail_next("send_pin", status);
        pending.resend().await.unwrap_err();
        // A response after which a message may have been sent starts the timer, others do not.
        assert_eq!(pending.resend_timer().remaining().is_zero(), status == 422);
        let _ = pending.confirm(pin(&mock)).await.unwrap();
        mock.clock().advance(WAIT);
    }
}

#[tokio::test]
async fn a_dropped_resend_leaves_the_state_usable() {
    let (mock, client) = start().await;
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.delay("send_pin", Duration::from_secs(5));
    let resend = tokio::time::timeout(Duration::from_millis(200), pending.resend());
    assert!(resend.await.is_err());
    // The server has replaced the key meanwhile, so the new pin is not valid with the old key.
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
    let mut pending = returned.state;
    assert_eq!(
        pending.resend().await.unwrap_err().kind(),
        ErrorKind::RateLimited
    );
    mock.delay("send_pin", Duration::ZERO);
    mock.clock().advance(WAIT);
    pending.resend().await.unwrap();
    let _ = pending.confirm(pin(&mock)).await.unwrap();
}

#[tokio::test]
async fn without_an_app_name_keys_and_pins_are_lost() {
    let (mock, client) = start().await;
    let pending = send_pin(&client).await;
    let response = post(&mock, "send_pin", &json!({"mobile": MOBILE})).await;
    assert!(response.starts_with("HTTP/1.1 401"), "{response}");
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);

    let response = post(&mock, "send_pin", &json!({"mobile": UNKNOWN})).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    let user = json!({"mobile": UNKNOWN, "address_attributes": {}});
    let response = post(&mock, "signup", &json!({"user_auth": user})).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");

    let key = key_by_hand(&client).await;
    let body = json!({"pin": pin(&mock), "otp_auth_key": key.expose()});
    let response = post(&mock, "verify", &body).await;
    assert!(response.starts_with("HTTP/1.1 422"), "{response}");
    let error = verify_by_hand(&client, &key, &pin(&mock))
        .await
        .unwrap_err();
    refused(&error, 422, ErrorShape::Fields);
}

#[tokio::test]
async fn an_app_that_is_not_allowed_is_refused() {
    let (mock, client) = start().await;
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.reject_app("app");
    let error = pending.resend().await.unwrap_err();
    refused(&error, 401, ErrorShape::Plain);
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
}

#[tokio::test]
async fn an_app_that_is_not_allowed_signs_users_up_but_not_in() {
    let (mock, client) = start().await;
    let pending = send_pin(&client).await;
    mock.reject_app("app");
    // The server responds to a right pin as to a wrong one.
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);

    let sign_up = client.sign_up(&UNKNOWN.parse().unwrap());
    let pending = sign_up.send().await.unwrap();
    let pin = mock.outbox().last_code(UNKNOWN).unwrap();
    let returned = pending.confirm(pin).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
}

#[tokio::test]
async fn an_app_for_staff_sends_donors_no_pin() {
    let (mock, client) = start().await;
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    let staff = Client::builder(mock.base_url()).app_name("admin.goodcity");
    let staff = staff.clock(mock.clock().clone()).build().unwrap();
    let error = staff.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    refused(&error.unwrap_err(), 401, ErrorShape::Plain);
    // The key of the donor's own app is void as well.
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
    pending = returned.state;
    pending.resend().await.unwrap();
    let _ = pending.confirm(pin(&mock)).await.unwrap();
}

#[tokio::test]
async fn two_requests_at_once_void_the_pin_until_another_is_sent() {
    let (mock, client) = start().await;
    mock.expect_race(GoodCityRace::SendPin);
    let error = client.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    let error = error.unwrap_err();
    refused_as(ErrorKind::Unavailable, &error, 500, ErrorShape::Framework);
    assert!(error.to_string().contains("request another"), "{error}");
    assert!(!error.is_retryable() && error.retry_after().is_some());

    mock.clock().advance(WAIT);
    let mut pending = send_pin(&client).await;
    mock.clock().advance(WAIT);
    mock.expect_race(GoodCityRace::SendPin);
    let error = pending.resend().await.unwrap_err();
    refused_as(ErrorKind::Unavailable, &error, 500, ErrorShape::Framework);
    assert!(
        error.to_string().contains("no earlier pin is valid"),
        "{error}"
    );
    assert_eq!(
        mock.count("send_pin"),
        3,
        "a request for a pin is not repeated"
    );

    // The pin that the user has is void, so it costs no attempt.
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::StepRequired);
    assert_eq!(mock.count("verify"), 0);
    let id = returned.state.id().clone();
    let mut pending = client.resume_challenge(&id).await.unwrap();
    let error = pending.resend().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    mock.clock().advance(WAIT);
    pending.resend().await.unwrap();
    let _ = pending.confirm(pin(&mock)).await.unwrap();
}

#[tokio::test]
async fn a_number_of_two_sign_ups_at_once_still_signs_in() {
    let (mock, client) = start().await;
    let sign_up = async || {
        let sign_up = client.sign_up(&UNKNOWN.parse().unwrap()).send().await;
        mock.clock().advance(WAIT);
        sign_up
    };
    mock.expect_race(GoodCityRace::SignUp);
    let _pending = sign_up().await.unwrap();
    refused(&sign_up().await.unwrap_err(), 422, ErrorShape::Invalid);
    let pending = client.sign_in_with_pin(&UNKNOWN.parse().unwrap()).await;
    let pending = pending.unwrap();
    assert_eq!(mock.outbox().messages().len(), 2);
    let pin = mock.outbox().last_code(UNKNOWN).unwrap();
    let _ = pending.confirm(pin).await.unwrap();
}

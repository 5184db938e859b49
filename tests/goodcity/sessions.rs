//! Calls of a signed-in user, and the end of a session.

use super::*;

#[tokio::test]
async fn a_device_is_registered_and_an_unknown_platform_refused() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    session.update_device("handle", "fcm").await.unwrap();
    let error = session.update_device("handle", "pager").await.unwrap_err();
    refused(&error, 400, ErrorShape::Blank);
    let rooms = session.api().current_user_rooms().send().await.unwrap();
    assert_eq!(**rooms, ["user_1001"]);
    assert_eq!(mock.count("register_device"), 2);
}

#[tokio::test]
async fn a_blocked_request_is_refused_and_ends_no_session() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    mock.clock().advance(WAIT);
    mock.block_requests(true);
    refused(
        &session.profile().await.unwrap_err(),
        403,
        ErrorShape::Blocked,
    );
    let error = client.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    refused(&error.unwrap_err(), 403, ErrorShape::Blocked);
    assert_eq!(session.shared().ended(), None);
    mock.block_requests(false);
    session.profile().await.unwrap();
    let _pending = send_pin(&client).await;
}

#[tokio::test]
async fn the_clock_is_not_corrected_by_a_server_that_does_not_tell_the_time() {
    let (mock, _) = start().await;
    mock.set_token_lifetime(1800);
    mock.clock().advance(Duration::from_secs(3600));
    let client = Client::builder(mock.base_url()).app_name("app");
    let session = sign_in(&mock, &client.build().unwrap()).await;
    session.profile().await.unwrap();
    // By the client's own clock, which is an hour behind, the token is still valid.
    mock.clock().advance(Duration::from_secs(2000));
    let error = session.profile().await.unwrap_err();
    refused_as(ErrorKind::Unauthenticated, &error, 401, ErrorShape::Typed);
    // By that clock it is seconds old, so that it got another try.
    assert_eq!(mock.count("current_user_profile"), 3);
}

#[tokio::test]
async fn a_disabled_user_is_refused_and_the_session_ends() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    mock.clock().advance(WAIT);
    let pending = send_pin(&client).await;
    mock.disable_user(MOBILE);
    let returned = pending.confirm(pin(&mock)).await.unwrap_err();
    refused(&returned.error, 422, ErrorShape::Fields);
    let error = session.profile().await.unwrap_err();
    refused_as(ErrorKind::Unauthenticated, &error, 403, ErrorShape::Typed);
    assert_eq!(error.code(), Some("AccessDeniedError"));
    assert!(error.session_ended() && session.shared().ended().is_some());
}

#[tokio::test]
async fn an_expired_session_requires_a_new_sign_in_without_a_request() {
    let (mock, client) = start().await;
    mock.set_token_lifetime(3600);
    let session = sign_in(&mock, &client).await;
    session.access_token().await.unwrap();
    mock.clock().advance(Duration::from_secs(3600));
    let calls = mock.journal().len();
    for _ in 0..2 {
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let error = client.resume_session(session.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.journal().len(), calls);
}

#[tokio::test]
async fn a_token_that_the_server_refuses_ends_the_session() {
    let (mock, client) = start().await;
    let tokens = Tokens::new("not.a.token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    // A token that is seconds old gets another try.
    mock.clock().advance(Duration::from_secs(11));
    for _ in 0..2 {
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(mock.count("current_user_profile"), 1);
}

#[tokio::test]
async fn a_session_is_resumed_by_its_id_until_it_is_signed_out() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    let id = session.id().clone();
    let same = client.resume_session(&id).await.unwrap();
    same.profile().await.unwrap();
    let calls = mock.journal().len();
    same.sign_out().await.unwrap();
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    drop(session);
    let error = client.resume_session(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.journal().len(), calls);
    client.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_user_with_an_expired_token_signs_in_again_with_the_same_number() {
    let (mock, client) = start().await;
    mock.set_token_lifetime(3600);
    let session = sign_in(&mock, &client).await;
    let resumed = client.resume_session(session.id()).await.unwrap();
    mock.clock().advance(Duration::from_secs(3600));
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    for session in [&session, &resumed] {
        assert_eq!(session.phone().unwrap().to_e164(), MOBILE);
    }
    let pending = session.sign_in_with_pin().await.unwrap();
    assert_eq!(pending.phone().to_e164(), MOBILE);
    let again = pending.confirm(pin(&mock)).await.unwrap().session;
    again.profile().await.unwrap();
}

#[tokio::test]
async fn the_number_comes_from_the_store_alone() {
    let mock = GoodCity::start().await;
    let store: std::sync::Arc<dyn vestibule::store::SessionStore> =
        std::sync::Arc::new(vestibule::store::MemoryStore::new());
    let instance = || {
        let builder = Client::builder(mock.base_url())
            .app_name("app")
            .clock(mock.clock().clone());
        builder.store(store.clone()).build().unwrap()
    };
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE).unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let session = sign_in(&mock, &instance()).await;
    let on_other_instance = instance().resume_session(session.id()).await.unwrap();
    assert_eq!(on_other_instance.phone().unwrap().to_e164(), MOBILE);
    let tokens = Tokens::new(session.access_token().await.unwrap(), None);
    let bare = instance().resume_with_tokens(tokens).await.unwrap();
    assert_eq!(bare.phone(), None);
    let error = bare.sign_in_with_pin().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.field(), Some("phone"));
}

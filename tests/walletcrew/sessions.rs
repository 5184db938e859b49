//! How long a customer stays signed in.

use super::*;

#[tokio::test]
async fn an_expired_session_requires_a_new_sign_in_without_a_request() {
    let (mock, client) = start().await;
    for without_expiry in [false, true] {
        mock.tokens_without_expiry(without_expiry);
        let session = sign_in(&mock, &client).await;
        mock.clock().advance(A_DAY - Duration::from_secs(60));
        session.profile::<Value>().await.unwrap();
        mock.clock().advance(Duration::from_secs(60));
        let calls = mock.journal().len();
        for _ in 0..2 {
            let error = session.profile::<Value>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        }
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert_eq!(mock.journal().len(), calls);
    }
}

#[tokio::test]
async fn the_expiry_in_a_token_is_used() {
    let (mock, client) = start().await;
    mock.set_token_lifetime(600);
    let session = sign_in(&mock, &client).await;
    mock.clock().advance(Duration::from_secs(600));
    let error = session.profile::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("get_customer"), 0);
}

#[tokio::test]
async fn a_token_that_the_server_refuses_ends_the_session() {
    let (mock, client) = start().await;
    let tokens = Tokens::new("not-a-token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    // A token that is seconds old gets another try.
    mock.clock().advance(Duration::from_secs(11));
    for _ in 0..2 {
        let error = session.profile::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(mock.journal(), [("get_customer", 401)]);
}

#[tokio::test]
async fn customers_and_tokens_belong_to_one_tenant() {
    let (mock, ours) = start().await;
    let session = sign_in(&mock, &ours).await;
    let theirs = client(&mock, "tenant-02");
    let error = theirs
        .sign_in_with_provider("otp", &otp("123456"))
        .await
        .unwrap_err();
    refused(&error, 422, ErrorReason::LoginData);
    let tokens = Tokens::new(session.access_token().await.unwrap(), None);
    let other_tenant = theirs.resume_with_tokens(tokens).await.unwrap();
    let error = other_tenant.profile::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    session.profile::<Value>().await.unwrap();
}

#[tokio::test]
async fn a_session_is_resumed_by_its_id_until_it_is_signed_out() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    let id = session.id().clone();
    let same = client.resume_session(&id).await.unwrap();
    same.profile::<Value>().await.unwrap();
    let calls = mock.journal().len();
    same.sign_out().await.unwrap();
    let error = session.profile::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    drop(session);
    let error = client.resume_session(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.journal().len(), calls);
    client.shutdown(Duration::from_secs(1)).await.unwrap();
}

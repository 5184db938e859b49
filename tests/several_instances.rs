//! The states of one session on several instances are merged, and an instance that knows less
//! overwrites nothing.
#![cfg(all(feature = "fynd", feature = "goodcity", feature = "wunder"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use http::Method;
use vestibule::session::Tokens;
use vestibule::store::MemoryStore;
use vestibule::{AnyJson, ErrorKind, fynd, goodcity, wunder};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

async fn respond(server: &MockServer, at: &str, respond: ResponseTemplate) {
    Mock::given(path(at))
        .respond_with(respond)
        .mount(server)
        .await;
}

fn on_fynd(server: &MockServer, store: &Arc<MemoryStore>) -> fynd::Client {
    fynd::Client::builder("000000000000000000000001")
        .application_token("application-token")
        .base_url(server.uri())
        .store(store.clone())
        .build()
        .unwrap()
}

async fn get(session: &fynd::Session, path: &str) {
    let request = session.request(Method::GET, path);
    request.send::<Option<AnyJson>>().await.unwrap();
}

/// The cookies of the last request, sorted by name.
async fn last_cookies(server: &MockServer) -> Vec<String> {
    let requests: Vec<Request> = server.received_requests().await.unwrap();
    let cookies = requests.last().unwrap().headers["cookie"].to_str().unwrap();
    let mut cookies: Vec<_> = cookies.split("; ").map(str::to_owned).collect();
    cookies.sort();
    cookies
}

#[tokio::test]
async fn a_cookie_received_by_one_instance_survives_a_save_by_another() {
    let server = MockServer::start().await;
    let set = |cookie: &str| ResponseTemplate::new(200).append_header("set-cookie", cookie);
    respond(&server, "/sid", set("sid=2; Path=/")).await;
    respond(&server, "/cart", set("cart=b; Path=/")).await;
    respond(&server, "/forget", set("old=; Path=/; Max-Age=0")).await;
    respond(&server, "/look", ResponseTemplate::new(200)).await;
    let store = Arc::new(MemoryStore::new());
    let (a, b) = (on_fynd(&server, &store), on_fynd(&server, &store));
    let cookies = [("sid", "1"), ("cart", "a"), ("old", "1")];
    let on_a = a.resume_with_cookies(cookies).await.unwrap();
    let on_b = b.resume_session(on_a.id()).await.unwrap();

    get(&on_b, "/sid").await;
    get(&on_b, "/forget").await;
    // A still holds the old jar, and has a new cookie to save.
    get(&on_a, "/cart").await;
    get(&on_a, "/look").await;
    assert_eq!(last_cookies(&server).await, ["cart=b", "sid=2"]);
    let reloaded = on_fynd(&server, &store)
        .resume_session(on_a.id())
        .await
        .unwrap();
    get(&reloaded, "/look").await;
    assert_eq!(last_cookies(&server).await, ["cart=b", "sid=2"]);
}

#[tokio::test]
async fn a_rejected_cookie_is_replaced_by_a_newer_one_before_the_session_ends() {
    let server = MockServer::start().await;
    let newer = ResponseTemplate::new(200).append_header("set-cookie", "sid=2; Path=/");
    respond(&server, "/sid", newer).await;
    Mock::given(path("/me"))
        .and(header("cookie", "sid=2"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let refused = ResponseTemplate::new(401).set_body_json(serde_json::json!({
        "code": "UNAUTHENTICATED", "authenticated": false
    }));
    respond(&server, "/me", refused.clone()).await;
    let store = Arc::new(MemoryStore::new());
    let (a, b) = (on_fynd(&server, &store), on_fynd(&server, &store));
    let on_a = a.resume_with_cookies([("sid", "1")]).await.unwrap();
    let on_b = b.resume_session(on_a.id()).await.unwrap();
    get(&on_b, "/sid").await;
    get(&on_a, "/me").await;
    assert_eq!(on_a.shared().ended(), None);

    server.reset().await;
    respond(&server, "/me", refused).await;
    let request = on_a.request(Method::GET, "/me");
    let error = request.send::<Option<AnyJson>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(
        on_fynd(&server, &store)
            .resume_session(on_a.id())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_gateways_page_with_401_ends_no_session() {
    let server = MockServer::start().await;
    let profile = "/api/v1/auth/current_user_profile";
    let page = ResponseTemplate::new(401).set_body_raw("<html>Sign in</html>", "text/html");
    respond(&server, profile, page).await;
    let client = goodcity::Client::builder(server.uri())
        .app_name("app")
        .build()
        .unwrap();
    let tokens = Tokens::new("a token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(session.shared().ended(), None);
    server.reset().await;
    respond(&server, profile, ResponseTemplate::new(401)).await;
    assert_eq!(
        session.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
}

#[tokio::test]
async fn a_gateways_json_ends_no_session_with_refresh() {
    let server = MockServer::start().await;
    let forbidden = serde_json::json!({"message": "Forbidden"});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(403).set_body_json(forbidden))
        .mount(&server)
        .await;
    respond(
        &server,
        "/tenant01/front/customers",
        ResponseTemplate::new(401),
    )
    .await;
    let client = wunder::Client::builder(server.uri())
        .tenant("tenant01")
        .build()
        .unwrap();
    let tokens = Tokens::new("a token", Some("a refresh token".into()));
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(session.shared().ended(), None);
}

//! The Wallet Crew: tokens, challenges, and sign-ins without provider or data.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use vestibule::session::Tokens;
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::WalletCrew;
use vestibule::walletcrew::{
    ApiError, Challenge, Client, ClientBuilder, ErrorReason, Login, NextLogin, Saved, Session,
};
use vestibule::{CallOptions, ErrorKind};
use wiremock::matchers::{any, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const EMAIL: &str = "ada@example.com";
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// A token whose payload says that it expires in 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

/// Bodies that are no token, though their status is a success.
fn no_tokens() -> Vec<Vec<u8>> {
    let [header, payload, signature] = TOKEN.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    let texts = [
        "null".to_owned(),
        "true".to_owned(),
        "false".to_owned(),
        "0".to_owned(),
        "1700000000".to_owned(),
        String::new(),
        "\"\"".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "Service temporarily unavailable".to_owned(),
        "\"Service temporarily unavailable\"".to_owned(),
        "a-token".to_owned(),
        "<html><body>Sign in</body></html>".to_owned(),
        json!({"token": TOKEN}).to_string(),
        json!([TOKEN]).to_string(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{TOKEN}.{signature}"),
        format!("{header}.{payload}.sig nature"),
        format!("{payload} {TOKEN}"),
        // The first part is no JSON object.
        format!("WzFd.{payload}.{signature}"),
        format!("Bearer {TOKEN}"),
        format!("{header}.{payload}\u{fffd}.{signature}"),
    ];
    let mut bodies: Vec<_> = texts.into_iter().map(String::into_bytes).collect();
    bodies.push(
        format!("{header}.{payload}.")
            .bytes()
            .chain([0xE9])
            .collect(),
    );
    bodies
}

/// The next authentication gets this body with status 200.
async fn answer_once(mock: &WalletCrew, body: &[u8]) {
    let response = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    let bad = Mock::given(path_regex("/authenticate$")).respond_with(response);
    mock.mount(bad.up_to_n_times(1).expect(1)).await;
}

fn builder(url: String) -> ClientBuilder {
    Client::builder(url).tenant("tenant-01")
}

async fn client_at(server: &MockServer) -> Client {
    builder(server.uri()).build().unwrap()
}

async fn server_with(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

fn raw(status: u16, body: impl AsRef<[u8]>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.as_ref(), "text/plain")
}

fn challenge<T>(saved: Saved<T>) -> Challenge {
    match saved {
        Saved::ChallengeIssued(challenge) => challenge,
        Saved::Done(_) => panic!("a challenge was expected"),
    }
}

fn done<T>(saved: Saved<T>) -> T {
    match saved {
        Saved::Done(customer) => customer,
        Saved::ChallengeIssued(_) => panic!("no challenge was expected"),
    }
}

async fn sign_in(mock: &WalletCrew, client: &Client) -> Session {
    let account = client.customer(&json!({"email": EMAIL}));
    let challenge = challenge(account.flow("activation").send().await.unwrap());
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let login = json!({"identifier": EMAIL, "code": code});
    challenge.confirm("otp", &login).await.unwrap()
}

/// A client that authenticates again with the newest code of the outbox.
fn reauthenticating(mock: &WalletCrew, store: &Arc<dyn SessionStore>) -> Client {
    let outbox = mock.outbox().clone();
    builder(mock.base_url())
        .clock(mock.clock().clone())
        .store(store.clone())
        .authenticate_again(move |_| {
            let code = outbox.last_code(EMAIL).unwrap();
            let login = Login::new("otp", &json!({"identifier": EMAIL, "code": code}));
            std::future::ready(NextLogin::With(login.unwrap()))
        })
        .build()
        .unwrap()
}

async fn new_code(client: &Client) {
    let account = client.customer(&json!({"email": EMAIL}));
    drop(account.flow("activation").send().await.unwrap());
}

/// A gateway or a broken back end sends a message, `null` or `true` where the token belongs.
#[tokio::test]
async fn a_success_that_is_no_token_makes_no_session() {
    for body in no_tokens() {
        let server = server_with(raw(200, &body)).await;
        let client = client_at(&server).await;
        let login = json!({"code": "123456"});
        let error = client
            .sign_in_with_provider("otp", &login)
            .await
            .unwrap_err();
        let shown = String::from_utf8_lossy(&body);
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{shown}");
        assert_eq!(error.status().unwrap().as_u16(), 200);
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("temporarily") && !text.contains("eyJ"),
            "{text}"
        );
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

/// The same in a renewal: the good token must not be replaced.
#[tokio::test]
async fn a_success_that_is_no_token_leaves_the_old_one_in_use() {
    for body in no_tokens() {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let mock = WalletCrew::start().await;
        let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
        let client = reauthenticating(&mock, &store);
        let session = sign_in(&mock, &client).await;
        let old = session.access_token().await.unwrap();
        new_code(&client).await;
        answer_once(&mock, &body).await;

        mock.clock().advance(A_DAY - Duration::from_secs(30));
        session.profile::<Value>().await.unwrap();
        client.shutdown(Duration::from_secs(5)).await.unwrap();
        assert_eq!(session.access_token().await.unwrap(), old, "{shown}");
        assert_eq!(session.shared().ended(), None, "{shown}");

        // Another instance finds the old token in the store, and gets a new one.
        let there = reauthenticating(&mock, &store);
        let same = there.resume_session(session.id()).await.unwrap();
        assert_eq!(same.access_token().await.unwrap(), old, "{shown}");
        mock.clock().advance(Duration::from_secs(25));
        same.profile::<Value>().await.unwrap();
        there.shutdown(Duration::from_secs(5)).await.unwrap();
        assert_ne!(same.access_token().await.unwrap(), old, "{shown}");
        mock.clock().advance(Duration::from_secs(60));
        same.profile::<Value>().await.unwrap();
    }
}

/// The same once the old token has expired: the session waits for a token, and does not end.
#[tokio::test]
async fn a_success_that_is_no_token_does_not_end_a_session_whose_token_has_expired() {
    let mock = WalletCrew::start().await;
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let client = reauthenticating(&mock, &store);
    let session = sign_in(&mock, &client).await;
    new_code(&client).await;
    answer_once(&mock, b"Service temporarily unavailable").await;
    mock.clock().advance(A_DAY);
    let error = session.profile::<Value>().await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    assert_eq!(session.shared().ended(), None);
    mock.clock().advance(Duration::from_secs(3600));
    session.profile::<Value>().await.unwrap();
}

/// A server that writes a byte order mark before its JSON, and one that omits the quotes.
#[tokio::test]
async fn a_token_is_read_without_byte_order_mark_quotes_and_line_break() {
    let quoted = format!("\"{TOKEN}\"");
    let utf_16: Vec<u8> = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = |text: &str| [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    for body in [
        TOKEN.as_bytes().to_vec(),
        quoted.clone().into_bytes(),
        format!(" {quoted}\r\n").into_bytes(),
        format!("{TOKEN}\n").into_bytes(),
        with_mark(&quoted),
        with_mark(TOKEN),
    ]
    .into_iter()
    .chain(cfg!(feature = "charset").then(|| [b"\xFF\xFE".to_vec(), utf_16].concat()))
    {
        let server = server_with(raw(200, &body)).await;
        let client = client_at(&server).await;
        let login = json!({"code": "123456"});
        let session = client.sign_in_with_provider("otp", &login).await.unwrap();
        let token = session.access_token().await.unwrap();
        assert_eq!(token.expose(), TOKEN, "{body:?}");
    }
}

/// The same byte order mark before an account and before an error.
#[tokio::test]
async fn a_byte_order_mark_costs_neither_the_account_nor_the_reason_of_an_error() {
    let account = b"\xEF\xBB\xBF{\"email\":\"ada@example.com\"}";
    let server = server_with(raw(200, account)).await;
    let client = client_at(&server).await;
    let saved = client.customer(&json!({"email": EMAIL})).send().await;
    assert_eq!(done(saved.unwrap())["email"], EMAIL);

    let problem = b"\xEF\xBB\xBF{\"title\":null,\"errors\":{\"email\":[\"Wrong.\"]}}";
    let server = server_with(raw(412, problem)).await;
    let client = client_at(&server).await;
    let saved = client.customer(&json!({"email": EMAIL})).send().await;
    let error = saved.unwrap_err();
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(api_error.reason(), ErrorReason::AccountData);
    assert_eq!(api_error.fields(), ["email"]);
}

/// The vendor publishes the status of a challenge and not its body.
#[tokio::test]
async fn every_202_is_a_challenge_with_its_whole_body() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Link {
        sent: Vec<String>,
    }
    for (body, kept) in [
        (
            r#"{"id":"c-1","sent":["email"]}"#,
            json!({"id": "c-1", "sent": ["email"]}),
        ),
        (r#"{"id":7}"#, json!({"id": 7})),
        ("{}", json!({})),
        ("", json!({})),
        ("null", json!(null)),
        ("[{\"kind\":\"code\"}]", json!([{"kind": "code"}])),
        ("\"A link is on its way.\"", json!("A link is on its way.")),
        ("A link is on its way.", json!("A link is on its way.")),
        ("true", json!(true)),
    ] {
        let server = server_with(raw(202, body)).await;
        let client = client_at(&server).await;
        for flow in ["activation", ""] {
            let account = client.customer(&json!({"email": EMAIL})).flow(flow);
            let issued = challenge(account.send().await.unwrap());
            assert_eq!(*issued.expose_body(), kept, "{body}");
            let resumed = client.resume_challenge(issued.id()).await.unwrap();
            assert_eq!(*resumed.expose_body(), kept, "{body}");
            let typed = resumed.body_as::<Link>();
            assert_eq!(typed.is_some(), body.contains("sent"), "{body}");
            assert!(!format!("{resumed:?}").contains("email"));
        }
    }
}

/// A tenant that issues its challenges with status 200.
#[tokio::test]
async fn a_200_is_the_callers_account_unless_the_caller_takes_it_for_a_challenge() {
    let mock = WalletCrew::start().await;
    mock.challenge_with_status_200("activation");
    let plain = builder(mock.base_url()).build().unwrap();
    let account = |client: &Client| client.customer(&json!({"email": EMAIL})).flow("activation");
    let stored: Value = done(account(&plain).send_as().await.unwrap());
    assert_eq!(stored["challenge"], "pending");

    let client = builder(mock.base_url()).challenge_when(|body| body["challenge"] == "pending");
    let client = client.build().unwrap();
    let issued = challenge(account(&client).send().await.unwrap());
    assert_eq!(issued.expose_body()["email"], EMAIL);
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let login = json!({"identifier": EMAIL, "code": code});
    issued.confirm("otp", &login).await.unwrap();
    let without_flow = client.customer(&json!({"email": EMAIL})).send().await;
    assert_eq!(done(without_flow.unwrap())["email"], EMAIL);

    // Sign-in by a code through the trait of all systems knows these challenges too.
    use vestibule::code_sign_in::CodeSignIn;
    let system = client.code_sign_in(
        |to| json!({"email": to.to_text()}),
        |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
    );
    let system = system.flow("activation").provider("otp");
    let to = vestibule::Contact::email(EMAIL).unwrap();
    let pending = system.send_code(&to).await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    assert!(pending.confirm(code.into()).await.is_ok());
}

/// A text or a list with status 200 is no account.
#[tokio::test]
async fn a_200_that_is_no_object_is_no_account() {
    for body in ["true", "[1]", "\"stored\"", "stored", "<html></html>"] {
        let server = server_with(raw(200, body)).await;
        let client = client_at(&server).await;
        let saved = client.customer(&json!({"email": EMAIL})).send().await;
        let error = saved.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{body}");
    }
    for body in ["", "{}", "null"] {
        let server = server_with(raw(200, body)).await;
        let client = client_at(&server).await;
        let saved = client.customer(&json!({"email": EMAIL})).send().await;
        match body {
            "null" => assert_eq!(saved.unwrap_err().kind(), ErrorKind::InvalidResponse),
            _ => assert!(done(saved.unwrap()).is_empty(), "{body}"),
        }
    }
}

/// A customer who is partly identified gets a link to click, and no code.
#[tokio::test]
async fn a_challenge_by_a_link_continues_without_a_code() {
    let mock = WalletCrew::start().await;
    mock.challenge_by_link("check-in");
    let client = builder(mock.base_url()).build().unwrap();
    let account = client.customer(&json!({"email": EMAIL, "firstName": "Ada"}));
    let first = challenge(account.flow("check-in").send().await.unwrap());
    let first_id = first.id().clone();
    let first_link = mock.outbox().last_code(EMAIL).unwrap();

    // The customer has not opened it: another one is sent, and the first is replaced.
    let second = challenge(first.send_again().await.unwrap());
    assert_ne!(*second.id(), first_id);
    let gone = client.resume_challenge(&first_id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.outbox().messages().len(), 2);
    assert!(!mock.open_link(&first_link));

    // A failure returns the challenge, at this and at another instance.
    mock.fail_next("create_or_update_customer", 500);
    let returned = second.send_again().await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Unavailable);
    let id = returned.state.id().clone();
    drop(returned);

    let link = mock.outbox().last_code(EMAIL).unwrap();
    assert!(mock.open_link(&link) && !mock.open_link(&link));
    let resumed = client.resume_challenge(&id).await.unwrap();
    let stored = done(resumed.send_again().await.unwrap());
    assert_eq!(stored["firstName"], "Ada", "the same data was sent");
    assert_eq!(mock.outbox().messages().len(), 2, "no further message");
    assert!(
        client.resume_challenge(&id).await.is_err(),
        "it is finished"
    );
}

/// A finished or expired challenge sends nothing again.
#[tokio::test]
async fn a_challenge_that_is_over_sends_no_account_data() {
    let mock = WalletCrew::start().await;
    let client = builder(mock.base_url()).clock(mock.clock().clone());
    let client = client.build().unwrap();
    let issue = async || {
        let account = client.customer(&json!({"email": EMAIL})).flow("activation");
        challenge(account.send().await.unwrap())
    };
    let issued = issue().await;
    let same = client.resume_challenge(issued.id()).await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let login = json!({"identifier": EMAIL, "code": code});
    issued.confirm("otp", &login).await.unwrap();
    let late = issue().await;
    let sent = mock.count("create_or_update_customer");
    mock.clock().advance(Duration::from_secs(3600));
    for over in [same, late] {
        let returned = over.send_again().await.unwrap_err();
        assert_eq!(returned.error.kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(mock.count("create_or_update_customer"), sent);
}

/// Both the provider and the body are optional on the vendor's page.
#[tokio::test]
async fn a_sign_in_may_go_without_provider_and_without_data() {
    let server = server_with(raw(200, TOKEN)).await;
    let client = client_at(&server).await;
    let data = json!({"token": "t"});
    let logins = [
        (Login::new("google", &data).unwrap(), Some("google"), true),
        (Login::provider_only("kiosk").unwrap(), Some("kiosk"), false),
        (Login::data_only(&data).unwrap(), None, true),
        (Login::empty(), None, false),
    ];
    for (login, provider, has_body) in logins {
        server.reset().await;
        Mock::given(any())
            .respond_with(raw(200, TOKEN))
            .mount(&server)
            .await;
        client.sign_in_with_login(login.clone()).await.unwrap();
        let api = client.api();
        let mut call = api.authenticate().provider(provider.map(str::to_owned));
        if has_body {
            call = call.body(vestibule::AnyJson(data.clone()));
        }
        call.send().await.unwrap();
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), 2);
        for request in requests {
            let query: Vec<_> = request.url.query_pairs().into_owned().collect();
            let expected = provider.map(|name| ("provider".to_owned(), name.to_owned()));
            assert_eq!(query, Vec::from_iter(expected));
            assert_eq!(!request.body.is_empty(), has_body);
            assert_eq!(request.headers.contains_key("content-type"), has_body);
        }
    }
    for error in [
        Login::provider_only(" ").unwrap_err(),
        Login::new("", &data).unwrap_err(),
    ] {
        assert_eq!(error.field(), Some("provider"));
    }
    let not_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(
        Login::data_only(&not_json).unwrap_err().field(),
        Some("data")
    );
}

/// The same at a server that needs a provider, has a default one, or knows the customer otherwise.
#[tokio::test]
async fn the_server_decides_whether_a_provider_or_data_is_missing() {
    let mock = WalletCrew::start().await;
    let client = builder(mock.base_url()).build().unwrap();
    new_code(&client).await;
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let data = json!({"identifier": EMAIL, "code": code});
    for login in [Login::data_only(&data).unwrap(), Login::empty()] {
        let error = client.sign_in_with_login(login).await.unwrap_err();
        let api_error: &ApiError = error.api_error().unwrap();
        assert_eq!(api_error.reason(), ErrorReason::Malformed);
        assert_eq!(api_error.fields(), ["provider"]);
    }
    mock.set_default_provider("otp");
    let login = Login::data_only(&data).unwrap();
    client.sign_in_with_login(login).await.unwrap();
    mock.recognise(None, EMAIL);
    mock.recognise(Some("kiosk"), EMAIL);
    let visit = client.with_options(CallOptions::new().header("x-kiosk-visit", "4711"));
    for login in [Login::empty(), Login::provider_only("kiosk").unwrap()] {
        let session = visit.sign_in_with_login(login).await.unwrap();
        assert_eq!(session.profile::<Value>().await.unwrap()["email"], EMAIL);
    }
    // A challenge may end in such a login too.
    let account = client.customer(&json!({"email": EMAIL})).flow("activation");
    let issued = challenge(account.send().await.unwrap());
    let login = Login::provider_only("kiosk").unwrap();
    issued.confirm_with_login(login).await.unwrap();
}

/// The token names the provider and more, under names that the vendor does not publish.
#[tokio::test]
async fn all_claims_of_the_token_are_readable_and_not_shown() {
    let mock = WalletCrew::start().await;
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let client = reauthenticating(&mock, &store);
    let session = sign_in(&mock, &client).await;
    let claims = session.claims().unwrap();
    let mut names: Vec<_> = claims.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["exp", "iat", "jti", "provider", "sub", "tenant"]);
    assert_eq!(claims["sub"], "customer-0001");
    assert_eq!(format!("{claims:?}"), "{6 members}");

    // The claims are those of the token in use.
    new_code(&client).await;
    mock.clock().advance(A_DAY);
    session.profile::<Value>().await.unwrap();
    assert_ne!(session.claims().unwrap()["jti"], claims["jti"]);

    // With half of a surrogate pair in a name.
    let payload = "eyJuYW1lIjoiXHVkODNkIiwiZXhwIjoiNDEwMjQ0NDgwMCJ9";
    let odd = format!("eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl");
    let odd = client
        .resume_with_tokens(Tokens::new(odd, None))
        .await
        .unwrap();
    assert_eq!(odd.claims().unwrap()["name"], "\u{fffd}");
    let token = odd.access_token().await.unwrap();
    assert_eq!(token.expires_at().unwrap().timestamp(), 4_102_444_800);
    let opaque = Tokens::new("no-jwt", None);
    let opaque = client.resume_with_tokens(opaque).await.unwrap();
    assert_eq!(opaque.claims(), None);
}

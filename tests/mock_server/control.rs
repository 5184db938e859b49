//! The control API: each described operation works on each mock, and wrong requests are refused with what
//! would be right.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::documents::{Document, Operation, example};
use crate::process::{HttpResponse, Server, response, serve};

const SYSTEMS: [&str; 4] = ["wunder", "walletcrew", "goodcity", "fynd"];

/// One user for each mock.
const USERS: [&str; 4] = [
    "--wunder-user=phone=+43123456789,email=ada@example.org,password=not-a-real-one",
    "--walletcrew-customer=tenant=acme,email=ada@example.org",
    "--goodcity-user=mobile=+85261234567,first-name=Ada",
    "--fynd-user=mobile=+91:9000000001,first-name=Asha",
];

fn contact(system: &str) -> &'static str {
    match system {
        "wunder" => "+43123456789",
        "walletcrew" => "ada@example.org",
        "goodcity" => "+85261234567",
        _ => "+919000000001",
    }
}

async fn document(server: &Server) -> Document {
    let text = server.get("fynd", "/__mock/openapi.yaml").await.text;
    Document {
        name: "control".to_owned(),
        root: serde_saphyr::from_str(&text).unwrap(),
    }
}

/// The body that an operation gets: its example, but for what depends on the system.
fn body(document: &Document, operation: &Operation, system: &str, first: &str) -> Value {
    match operation.id() {
        "issue_credentials" => json!({"user": contact(system)}),
        "add_expectation" => json!({"operation": first, "min": 1, "max": 2}),
        "add_user" => {
            let body = document.resolve(&operation.value["requestBody"]);
            body["content"]["application/json"]["examples"][system]["value"].clone()
        }
        _ => operation
            .value
            .get("requestBody")
            .map(|body| {
                let body = document.resolve(body);
                example(&body["content"]["application/json"]).unwrap()
            })
            .unwrap_or_default(),
    }
}

/// The description of the response with this status.
fn described<'a>(
    document: &'a Document,
    operation: &'a Operation,
    response: &HttpResponse,
) -> &'a Value {
    let responses = &operation.value["responses"];
    let exact = &responses[response.status.to_string()];
    let range = format!("{}XX", response.status / 100);
    match exact.is_null() {
        true => document.resolve(&responses[range]),
        false => document.resolve(exact),
    }
}

#[tokio::test]
async fn each_mock_serves_each_described_operation_as_described() {
    let server = serve(USERS).await;
    let document = document(&server).await;
    let mut unsupported = BTreeSet::new();
    let mut called = 0;
    for system in SYSTEMS {
        let info = server.get(system, "/__mock/system").await.json();
        assert_eq!(info["system"], system);
        let first = info["operations"][0]["id"].as_str().unwrap();
        for operation in document.operations() {
            let id = operation.id();
            let sent = body(&document, &operation, system, first);
            let schema = &operation.value["requestBody"];
            if !schema.is_null() {
                let schema = &document.resolve(schema)["content"]["application/json"]["schema"];
                let errors = document.errors(schema, &sent);
                assert!(errors.is_empty(), "{system} {id}: {errors:?}");
            }
            let method = operation.method.to_uppercase().parse().unwrap();
            let response = server.control(system, method, &operation.path, &sent).await;
            called += 1;
            let status = response.status;
            if status == 404 {
                unsupported.insert(format!("{system} {id}"));
            } else {
                assert!((200..300).contains(&status), "{system} {id}: {response:?}");
            }
            let described = described(&document, &operation, &response);
            assert!(!described.is_null(), "{system} {id}: undescribed {status}");
            let Some(content) = described["content"].as_object() else {
                assert_eq!(response.text, "", "{system} {id}");
                continue;
            };
            let (kind, content) = content.iter().next().unwrap();
            let received = response.header("content-type").unwrap();
            assert_eq!(
                received.split(';').next(),
                Some(kind.as_str()),
                "{system} {id}"
            );
            assert_eq!(response.header("cache-control"), Some("no-store"), "{id}");
            if kind.ends_with("json") {
                let errors = document.errors(&content["schema"], &response.json());
                assert!(errors.is_empty(), "{system} {id}: {errors:?} {response:?}");
            }
        }
    }
    assert_eq!(called, 4 * document.operations().len());
    let expected = [
        "fynd add_api_client",
        "fynd add_social_account",
        "fynd add_terms",
        "fynd open_link",
        "goodcity add_api_client",
        "goodcity add_attribute",
        "goodcity add_social_account",
        "goodcity add_terms",
        "goodcity open_link",
        "walletcrew add_api_client",
        "walletcrew add_attribute",
        "walletcrew add_social_account",
        "walletcrew add_terms",
        "walletcrew open_link",
        "wunder add_attribute",
        "wunder open_link",
    ];
    assert_eq!(unsupported, expected.map(str::to_owned).into());
}

/// Calls an operation that requires a user's credential, with what `POST /__mock/credentials` returned.
async fn profile(server: &Server, system: &str, credentials: &Value) -> u16 {
    let path = match system {
        "wunder" => "/acme/front/customers",
        "walletcrew" => "/api/acme/customer",
        "goodcity" => "/api/v1/auth/current_user_profile",
        _ => panic!("fynd requires a signature"),
    };
    let request = server.request(Method::GET, system, path);
    let request = request.bearer_auth(credentials["access_token"].as_str().unwrap());
    response(request).await.unwrap().status
}

async fn credentials(server: &Server, system: &str) -> HttpResponse {
    let user = json!({"user": contact(system)});
    let path = "/__mock/credentials";
    server.control(system, Method::POST, path, &user).await
}

#[tokio::test]
async fn issued_credentials_are_valid_until_they_are_revoked() {
    let server = serve(USERS).await;
    for system in ["wunder", "walletcrew", "goodcity"] {
        let issued = credentials(&server, system).await;
        assert_eq!(issued.status, 201);
        assert_eq!(
            profile(&server, system, &issued.json()).await,
            200,
            "{system}"
        );
        let path = "/__mock/credentials";
        let revoked = server
            .control(system, Method::DELETE, path, &Value::Null)
            .await;
        assert_eq!((revoked.status, revoked.text.as_str()), (204, ""));
        assert_eq!(
            profile(&server, system, &issued.json()).await,
            401,
            "{system}"
        );
    }
    let fynd = credentials(&server, "fynd").await.json();
    assert!(fynd["cookies"][0]["value"].is_string() && fynd["login_token"].is_string());
}

#[tokio::test]
async fn a_reset_restores_the_start() {
    let flags = USERS
        .into_iter()
        .chain(["--fault=walletcrew:authenticate=503"]);
    let server = serve(flags).await;
    for system in SYSTEMS {
        let before = server.get(system, "/__mock/users").await.json();
        let faults = server.get(system, "/__mock/faults").await.json();
        let issued = credentials(&server, system).await.json();
        let new_user = match system {
            "walletcrew" => json!({"tenant": "acme", "phone": "+43660999999"}),
            _ => json!({"phone": "+436601234567"}),
        };
        let add = |path: &'static str, body: Value| {
            let server = &server;
            async move { server.control(system, Method::POST, path, &body).await }
        };
        assert_eq!(add("/__mock/users", new_user).await.status, 201, "{system}");
        assert_eq!(
            add("/__mock/faults", json!({"profile": "outage"}))
                .await
                .status,
            201
        );
        let system_info = server.get(system, "/__mock/system").await.json();
        let operation = system_info["operations"][0]["id"].clone();
        let expectation = json!({"operation": operation, "calls": 1});
        assert_eq!(add("/__mock/expectations", expectation).await.status, 201);
        let unmet = server.get(system, "/__mock/expectations").await.json();
        assert_eq!(
            (&unmet["met"], &unmet["expectations"][0]["expected"]),
            (&json!(false), &json!("1 call"))
        );
        let changed = server.get(system, "/__mock/users").await.json();
        assert_eq!(changed["users"].as_array().unwrap().len(), 2, "{system}");

        let reset = add("/__mock/reset", json!({})).await;
        assert_eq!(reset.status, 200, "{}", reset.text);
        assert_eq!(reset.json()["seeded"][0]["collection"], "users", "{system}");
        let after = server.get(system, "/__mock/users").await.json();
        assert_eq!(after, before, "{system}");
        assert_eq!(server.get(system, "/__mock/faults").await.json(), faults);
        for (path, list) in [
            ("expectations", "expectations"),
            ("requests", "requests"),
            ("outbox", "messages"),
        ] {
            let left = server.get(system, &format!("/__mock/{path}")).await.json();
            assert_eq!(left[list], json!([]), "{system} {path}");
        }
        if system != "fynd" {
            assert_eq!(profile(&server, system, &issued).await, 401, "{system}");
            let again = credentials(&server, system).await.json();
            assert_eq!(profile(&server, system, &again).await, 200, "{system}");
        }
    }
}

#[tokio::test]
async fn a_reset_may_turn_back_the_clock() {
    let server = serve(["--start-time=2030-01-01T00:00:00Z"]).await;
    let a_year = json!({"advance_seconds": 365 * 86_400});
    let moved = server.post("wunder", "/__mock/clock", &a_year).await;
    assert!(
        moved.json()["now"]
            .as_str()
            .unwrap()
            .starts_with("2031-01-01T")
    );
    for (body, year) in [(json!({}), "2031"), (json!({"clock": true}), "2030")] {
        let reset = server.post("fynd", "/__mock/reset", &body).await;
        assert_eq!(reset.status, 200);
        let now = server.get("goodcity", "/__mock/clock").await.json();
        assert!(now["now"].as_str().unwrap().starts_with(year), "{now}");
    }
}

#[tokio::test]
async fn the_outbox_numbers_its_messages_and_the_journal_shows_no_secret() {
    let server = serve(USERS).await;
    for _ in 0..3 {
        let request = server.request(Method::POST, "goodcity", "/api/v1/auth/send_pin");
        let request = request.header("x-goodcity-app-name", "app");
        let request = request.header("content-type", "application/json");
        let body = json!({"mobile": "+85261234567"}).to_string();
        assert_eq!(response(request.body(body)).await.unwrap().status, 200);
    }
    server.get("goodcity", "/api/v1/not-a-real-secret").await;
    let newest = server
        .get("goodcity", "/__mock/outbox?after=2")
        .await
        .json();
    assert_eq!((&newest["first"], &newest["next"]), (&json!(1), &json!(4)));
    assert_eq!(newest["messages"].as_array().unwrap().len(), 1);
    assert_eq!(newest["messages"][0]["number"], 3);
    let to_other = "/__mock/outbox?to=%2B85261234568";
    assert_eq!(
        server.get("goodcity", to_other).await.json()["messages"],
        json!([])
    );
    let path = "/__mock/outbox";
    let cleared = server
        .control("goodcity", Method::DELETE, path, &Value::Null)
        .await;
    assert_eq!(cleared.status, 204);
    let empty = server.get("goodcity", path).await.json();
    assert_eq!(empty, json!({"messages": [], "first": 4, "next": 4}));

    let journal = server.get("goodcity", "/__mock/requests").await;
    assert!(!journal.text.contains("not-a-real-secret") && !journal.text.contains("61234567"));
    let requests = journal.json()["requests"].clone();
    assert_eq!(requests.as_array().unwrap().len(), 4);
    assert_eq!(
        (&requests[0]["operation"], &requests[0]["number"]),
        (&json!("send_pin"), &json!(1))
    );
    assert_eq!(
        (&requests[3]["operation"], &requests[3]["path"]),
        (&Value::Null, &json!("/api/v1/…"))
    );
    let limited = "/__mock/requests?operation=send_pin&limit=1";
    let limited = server.get("goodcity", limited).await.json();
    assert_eq!(limited["requests"].as_array().unwrap().len(), 1);
    assert_eq!(limited["requests"][0]["number"], 3);
}

#[tokio::test]
async fn a_fault_is_counted_and_removed() {
    let server = serve(USERS).await;
    let path = "/acme/auth/sign-in-email";
    let password = json!({"email": "ada@example.org", "password": "not-a-real-one"});
    let fault =
        json!({"fault": "status", "status": 429, "retry_after": 7, "operation": "sign_in_email"});
    assert_eq!(
        server.post("wunder", "/__mock/faults", &fault).await.status,
        201
    );
    let limited = server.post("wunder", path, &password).await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("7"))
    );
    let listed = server.get("wunder", "/__mock/faults").await.json();
    let expected = json!({
        "fault": "status", "status": 429, "retry_after": 7, "operation": "sign_in_email",
        "applied": 1, "remaining": null,
    });
    assert_eq!(listed["faults"], json!([expected]));
    let faults = "/__mock/faults";
    let removed = server
        .control("wunder", Method::DELETE, faults, &Value::Null)
        .await;
    assert_eq!(removed.status, 204);
    assert_eq!(server.post("wunder", path, &password).await.status, 200);
}

#[tokio::test]
async fn a_wrong_request_gets_a_problem_that_names_the_field() {
    let server = serve(USERS).await;
    let post = |path, body| (Method::POST, path, body);
    let get = |path| (Method::GET, path, Value::Null);
    for ((method, path, body), status, field, detail) in [
        (
            post("/__mock/users", json!({"fone": 1})),
            400,
            Some("fone"),
            "is not known here",
        ),
        (
            post("/__mock/users", json!({"phone": "12"})),
            400,
            Some("phone"),
            "with a plus",
        ),
        (
            post("/__mock/users", json!([1])),
            400,
            None,
            "must be a JSON object",
        ),
        (
            post("/__mock/credentials", json!({})),
            400,
            Some("user"),
            "is required",
        ),
        (
            post("/__mock/credentials", json!({"user": "not-a-real-user"})),
            404,
            None,
            "no such user",
        ),
        (
            post("/__mock/attributes", json!({"slug": "a"})),
            404,
            None,
            "wunder has no user attributes",
        ),
        (
            post("/__mock/faults", json!({"fault": "status"})),
            400,
            Some("status"),
            "is required",
        ),
        (
            post(
                "/__mock/faults",
                json!({"fault": "html", "operation": "sign_in"}),
            ),
            400,
            Some("operation"),
            "must be an operation of this mock: ",
        ),
        (
            post("/__mock/expectations", json!({"operation": "logout"})),
            400,
            Some("calls"),
            "is required, or `min`",
        ),
        (
            post(
                "/__mock/expectations",
                json!({"operation": "logout", "min": 2, "max": 1}),
            ),
            400,
            Some("min"),
            "must not exceed `max`",
        ),
        (
            post("/__mock/clock", json!({"advance_seconds": -1})),
            400,
            Some("advance_seconds"),
            "from 0 to",
        ),
        (
            post("/__mock/reset", json!({"clock": 1})),
            400,
            Some("clock"),
            "must be true or false",
        ),
        (
            post("/__mock/links", json!({"code": "not-a-real-code"})),
            404,
            None,
            "opens no link",
        ),
        (
            get("/__mock/outbox?after=x"),
            400,
            Some("after"),
            "must be an integer",
        ),
        (
            get("/__mock/requests?limit=0"),
            400,
            Some("limit"),
            "from 1 to 1000",
        ),
        (
            get("/__mock/requests?operation=x"),
            400,
            Some("operation"),
            "must be an operation",
        ),
        (
            get("/__mock/users?page=1"),
            400,
            Some("page"),
            "is not known here",
        ),
        (get("/__mock/nothing"), 404, None, "/__mock/openapi.yaml"),
        (get("/__mock/reset"), 405, None, "POST"),
        (
            (Method::PUT, "/__mock/users", json!({})),
            405,
            None,
            "GET, POST",
        ),
    ] {
        let response = server.control("wunder", method.clone(), path, &body).await;
        let shown = format!("{method} {path} {body}: {}", response.text);
        assert_eq!(response.status, status, "{shown}");
        let kind = response.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{shown}");
        let problem = response.json();
        assert_eq!(problem["status"], status, "{shown}");
        assert_eq!(problem["field"].as_str(), field, "{shown}");
        assert!(
            problem["detail"].as_str().unwrap().contains(detail),
            "{shown}"
        );
        assert!(!response.text.contains("not-a-real"), "{shown}");
        if status == 405 {
            assert_eq!(response.header("allow"), Some(detail), "{shown}");
        }
    }
    let users = server.get("wunder", "/__mock/users").await.json();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere() {
    let server = serve([] as [&str; 0]).await;
    for path in [
        "/__mock",
        "/__mock/",
        "/__mock/page.js",
        "/__mock/style.css",
    ] {
        let page = server.get("goodcity", path).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_process_ends_well_on_sigterm_with_unmet_expectations() {
    let mut server = serve([] as [&str; 0]).await;
    let expectation = json!({"operation": "logout", "calls": 1});
    let added = server
        .post("wunder", "/__mock/expectations", &expectation)
        .await;
    assert_eq!(added.status, 201);
    assert!(server.terminate().await);
}

//! Who may use the control API.

use reqwest::Method;
use serde_json::json;

use crate::process::{HttpResponse, Server, response, serve, serve_with};

const TOKEN: &str = "not-a-real-token-1";

/// A request to each of the mock's own paths that shows data.
const DATA: [&str; 4] = ["/__outbox", "/__clock", "/__mock/users", "/__mock/requests"];

async fn get_as(server: &Server, path: &str, headers: &[(&str, &str)]) -> HttpResponse {
    let mut request = server.request(Method::GET, "wunder", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    response(request).await.unwrap()
}

#[tokio::test]
async fn a_token_protects_all_data_but_not_the_page() {
    let by_flag = serve([format!("--control-token={TOKEN}")]).await;
    let by_variable = serve_with("VESTIBULE_MOCK_CONTROL_TOKEN", TOKEN, [] as [&str; 0]).await;
    for server in [by_flag, by_variable] {
        for path in DATA {
            for (token, status) in [
                (None, 401),
                (Some("Bearer not-a-real-token-2"), 401),
                (Some("Bearer not-a-real-token-1"), 200),
            ] {
                let token = token.map(|token| ("authorization", token));
                let got = get_as(&server, path, token.as_slice()).await;
                assert_eq!(got.status, status, "{path}: {}", got.text);
                if status == 401 {
                    assert_eq!(got.header("www-authenticate"), Some("Bearer"));
                    assert_eq!(got.header("content-type"), Some("application/problem+json"));
                    assert!(!got.text.contains("not-a-real"));
                }
            }
        }
        let user = json!({"phone": "+43123456789"});
        let added = server.post("wunder", "/__mock/users", &user).await;
        assert_eq!(added.status, 401);
        for path in [
            "/__mock/",
            "/__mock/page.js",
            "/__mock/style.css",
            "/__mock/openapi.yaml",
        ] {
            assert_eq!(get_as(&server, path, &[]).await.status, 200, "{path}");
        }
        // The API of the system needs no control token.
        let sign_in = server
            .post("wunder", "/acme/auth/sign-in-email", &json!({}))
            .await;
        assert_eq!(sign_in.status, 400);
    }
}

#[tokio::test]
async fn beyond_the_loopback_interface_a_token_is_required() {
    let server = serve(["--bind=0.0.0.0", &format!("--control-token={TOKEN}")]).await;
    assert!(server.url("fynd").starts_with("http://127.0.0.1:"));
    assert_eq!(get_as(&server, "/__outbox", &[]).await.status, 401);
    let token = format!("Bearer {TOKEN}");
    let allowed = get_as(&server, "/__outbox", &[("authorization", &token)]).await;
    assert_eq!(allowed.status, 200);
}

#[tokio::test]
async fn a_foreign_host_name_is_refused() {
    let server = serve(["--allow-host=mock.internal"]).await;
    for path in DATA.into_iter().chain(["/__mock/", "/__mock/openapi.yaml"]) {
        for (host, status) in [
            ("evil.example:4001", 403),
            ("localhost.evil.example", 403),
            ("localhost:4001", 200),
            ("192.168.0.7:4001", 200),
            ("mock.internal:4001", 200),
        ] {
            let got = get_as(&server, path, &[("host", host)]).await;
            assert_eq!(got.status, status, "{path} {host}: {}", got.text);
        }
    }
    let sign_in = "/acme/auth/sign-in-email";
    let system = server.request(Method::POST, "wunder", sign_in);
    let system = response(system.header("host", "evil.example"))
        .await
        .unwrap();
    assert_eq!(
        system.status, 400,
        "the API of the system has no host of its own"
    );
}

#[tokio::test]
async fn a_page_of_another_origin_can_neither_read_nor_change() {
    let server = serve(["--cors=http://localhost:3000"]).await;
    let own = server.url("wunder").to_owned();
    for (origin, status) in [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:3001", 403),
        ("http://localhost:3000", 200),
        (own.as_str(), 200),
    ] {
        for path in DATA {
            let got = get_as(&server, path, &[("origin", origin)]).await;
            assert_eq!(got.status, status, "{path} {origin}: {}", got.text);
        }
        let reset = server.request(Method::POST, "wunder", "/__mock/reset");
        let reset = response(reset.header("origin", origin)).await.unwrap();
        assert_eq!(reset.status, status, "{origin}");
    }
}

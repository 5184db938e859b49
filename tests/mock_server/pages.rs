//! Web pages of another origin.

use reqwest::Method;
use serde_json::json;

use crate::process::{HttpResponse, Server, response, serve};

const PATH: &str = "/acme/auth/sign-in-email";

async fn preflight(server: &Server) -> HttpResponse {
    let request = server.request(Method::OPTIONS, "wunder", PATH);
    let request = request
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-fp-date");
    response(request).await.unwrap()
}

#[tokio::test]
async fn pages_of_the_origin_may_call_with_cookies() {
    let server = serve(["--cors=http://localhost:3000"]).await;
    let asked = preflight(&server).await;
    assert_eq!(asked.status, 204);
    let allowed = "access-control-allow-headers";
    assert_eq!(asked.header(allowed), Some("content-type,x-fp-date"));
    let methods = asked.header("access-control-allow-methods").unwrap();
    assert!(
        ["GET", "POST", "PUT", "PATCH", "DELETE"]
            .iter()
            .all(|it| methods.contains(it))
    );
    let refused = server.post("wunder", PATH, &json!({})).await;
    assert_eq!(refused.status, 400);
    for response in [asked, refused, server.get("fynd", "/__outbox").await] {
        let origin = response.header("access-control-allow-origin");
        assert_eq!(origin, Some("http://localhost:3000"));
        assert_eq!(
            response.header("access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(response.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_call_without_cookies() {
    let server = serve(["--cors=*"]).await;
    for response in [
        preflight(&server).await,
        server.post("wunder", PATH, &json!({})).await,
    ] {
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_not_use_the_control_api() {
    let server = serve(["--cors=*"]).await;
    for path in ["/__outbox", "/__mock/users", "/__mock/openapi.yaml"] {
        let request = server.request(Method::GET, "wunder", path);
        let request = request.header("origin", "http://localhost:3000");
        assert_eq!(response(request).await.unwrap().status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_page_can_read_the_faults_too() {
    let server = serve([
        "--cors=http://localhost:3000",
        "--fault=wunder:sign_in_email=503",
    ])
    .await;
    assert_eq!(preflight(&server).await.status, 204);
    let fault = server.post("wunder", PATH, &json!({})).await;
    assert_eq!(fault.status, 503);
    let origin = fault.header("access-control-allow-origin");
    assert_eq!(origin, Some("http://localhost:3000"));
}

#[tokio::test]
async fn without_the_flag_no_page_may_call() {
    let server = serve([] as [&str; 0]).await;
    let asked = preflight(&server).await;
    assert_eq!(asked.status, 404);
    assert_eq!(asked.header("access-control-allow-origin"), None);
}

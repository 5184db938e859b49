//! Faults and profiles affect only what they name.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{HttpResponse, Server, response, serve};

const USER: &str = "--wunder-user=email=ada@example.org,password=not-a-real-one";
const SIGN_IN: &str = "/acme/auth/sign-in-email";

fn password() -> Value {
    json!({"email": "ada@example.org", "password": "not-a-real-one"})
}

async fn sign_in(server: &Server) -> Result<HttpResponse, reqwest::Error> {
    server.try_post("wunder", SIGN_IN, &password()).await
}

#[tokio::test]
async fn a_status_applies_to_one_operation_a_given_number_of_times() {
    let fault = "--fault=wunder:sign_in_email=429,retry-after=30,times=2";
    let server = serve([USER, fault]).await;
    for _ in 0..2 {
        let response = sign_in(&server).await.unwrap();
        assert_eq!(
            (response.status, response.header("retry-after")),
            (429, Some("30"))
        );
    }
    assert_eq!(sign_in(&server).await.unwrap().status, 200);
}

#[tokio::test]
async fn other_operations_and_control_endpoints_are_unaffected() {
    let server = serve([USER, "--fault=wunder:logout=503", "--fault=fynd:*=503"]).await;
    assert_eq!(sign_in(&server).await.unwrap().status, 200);
    let logout = server.post("wunder", "/acme/auth/logout", &json!({})).await;
    assert_eq!(logout.status, 503);
    let config = "/service/application/user/platform/v1.0/config";
    assert_eq!(server.get("fynd", config).await.status, 503);
    assert_eq!(server.get("fynd", "/__outbox").await.status, 200);
}

#[tokio::test]
async fn responses_are_lost_broken_or_late() {
    for (fault, is_ok) in [
        ("reset", false),
        ("reset-before", false),
        ("half", false),
        ("truncated", true),
        ("html", true),
        ("slow,delay=0", true),
    ] {
        let fault_flag = format!("--fault=wunder:sign_in_email={fault},times=1");
        let server = serve([USER, &fault_flag]).await;
        let response = sign_in(&server).await;
        assert_eq!(response.is_ok(), is_ok, "{fault}: {response:?}");
        if let Ok(response) = response {
            let is_json = serde_json::from_str::<Value>(&response.text).is_ok();
            assert_eq!(
                (response.status, is_json),
                (200, fault.starts_with("slow")),
                "{fault}"
            );
        }
        assert_eq!(sign_in(&server).await.unwrap().status, 200, "{fault}");
    }
}

#[tokio::test]
async fn a_silent_operation_never_responds() {
    for fault in ["silence", "stall"] {
        let fault_flag = format!("--fault=wunder:sign_in_email={fault}");
        let server = serve([USER, &fault_flag]).await;
        let request = server.request(Method::POST, "wunder", SIGN_IN);
        let request = request.timeout(Duration::from_millis(500));
        let error = response(request.body(password().to_string()))
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{fault}: {error:?}");
    }
}

#[tokio::test]
async fn a_body_in_chunks_passes_the_proxy() {
    let server = serve([USER, "--fault=wunder:logout=503"]).await;
    let text = password().to_string();
    let length = text.len();
    let raw = format!(
        "POST {SIGN_IN} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{length:x};a=b\r\n{text}\r\n0\r\nx-trailer: 1\r\n\r\n"
    );
    let address = server.url("wunder").trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, raw.as_bytes())
        .await
        .unwrap();
    let mut response = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut response);
    let read = tokio::time::timeout(Duration::from_secs(60), read).await;
    read.expect("the request arrives completely").unwrap();
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
}

#[tokio::test]
async fn profiles_apply_to_one_system_or_to_all() {
    let config = "/service/application/user/platform/v1.0/config";
    let server = serve(["--profile=outage"]).await;
    assert_eq!(server.get("fynd", config).await.status, 503);
    assert_eq!(sign_in(&server).await.unwrap().status, 503);

    let server = serve([USER, "--profile=fynd:rate-limit"]).await;
    let limited = server.get("fynd", config).await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, Some("5"))
    );
    assert_eq!(sign_in(&server).await.unwrap().status, 200);

    let server = serve([USER, "--profile=wunder:flaky"]).await;
    assert!(sign_in(&server).await.is_err());
    assert_eq!(sign_in(&server).await.unwrap().status, 200);

    let server = serve(["--profile=captive-portal"]).await;
    assert!(server.get("fynd", config).await.text.contains("<html>"));

    let server = serve([USER, "--profile=wunder:slow"]).await;
    let request = server.request(Method::POST, "wunder", SIGN_IN);
    let request = request.timeout(Duration::from_millis(200));
    let error = response(request.body(password().to_string()))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn a_fault_overrides_a_profile() {
    let server = serve(["--profile=outage", "--fault=wunder:sign_in_email=418"]).await;
    assert_eq!(sign_in(&server).await.unwrap().status, 418);
}

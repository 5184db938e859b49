//! The shapes of errors, content types and headers.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Harness, JSON, MOBILE, OWN, UNKNOWN, sign_up};

pub async fn a_number_that_is_no_text_is_an_invalid_number(harness: &Harness) {
    for mobile in [json!(51234567), json!([MOBILE]), json!(true), json!({})] {
        let request = harness.post("send_pin", json!({"mobile": mobile}));
        let refused = harness.send(request).await;
        refused.refused(422, &["errors"]);
        assert!(refused.json()["errors"].is_string(), "{}", refused.text);
    }
}

pub async fn null_in_a_verification_has_the_wrong_form(harness: &Harness) {
    for body in [
        json!({"otp_auth_key": null, "pin": "1234"}),
        json!({"otp_auth_key": "key", "pin": null}),
        json!({"otp_auth_key": null, "pin": null}),
        json!({"otp_auth_key": "key", "pin": 1234}),
    ] {
        let refused = harness.send(harness.post("verify", body)).await;
        refused.refused(422, &["error"]);
    }
    for body in [
        json!({}),
        json!({"pin": "1234"}),
        json!({"otp_auth_key": ""}),
    ] {
        let refused = harness.send(harness.post("verify", body)).await;
        refused.pin_refused();
    }
}

pub async fn a_broken_body_is_an_error_of_the_framework(harness: &Harness) {
    for operation in ["send_pin", "signup", "verify", "register_device"] {
        let request = harness.post(operation, json!({})).body("{\"mobile\"");
        let refused = harness.send(request).await;
        refused.refused(400, &["error", "status"]);
        let body = json!({"status": 400, "error": "Bad Request"});
        assert_eq!(refused.json(), body, "{operation}");
        assert_eq!(refused.content_type(), JSON, "{operation}");
    }
}

pub async fn a_device_needs_a_platform_and_no_handle(harness: &Harness) {
    let register = async |body: &str| {
        let request = harness.post("register_device", json!({}));
        let request = request.bearer_auth(harness.token());
        harness.send(request.body(body.to_owned())).await
    };
    for body in [
        r#"{"platform": "fcm"}"#,
        r#"{"platform": "aps", "handle": ""}"#,
    ] {
        let registered = register(body).await;
        assert_eq!((registered.status, registered.text.as_str()), (204, ""));
    }
    for body in ["{}", "", r#"{"handle": "h"}"#, r#"{"platform": "pager"}"#] {
        let refused = register(body).await;
        assert_eq!(
            (refused.status, refused.text.as_str()),
            (400, " "),
            "{body}"
        );
        assert_eq!(refused.content_type(), "text/plain", "{body}");
    }
}

pub async fn an_unknown_route_is_an_error_of_the_framework(harness: &Harness) {
    for request in [
        harness.get("no_such_route"),
        harness.get("send_pin"),
        harness.post("current_user_profile", json!({})),
    ] {
        let refused = harness.send(request).await;
        refused.refused(404, &["error", "status"]);
        assert_eq!(refused.json(), json!({"status": 404, "error": "Not Found"}));
        assert_eq!(refused.content_type(), JSON);
    }
}

pub async fn json_of_the_server_has_its_own_content_type(harness: &Harness) {
    let profile = || harness.get("current_user_profile");
    for (status, request) in [
        (200, harness.post("send_pin", json!({"mobile": UNKNOWN}))),
        (200, harness.post("signup", sign_up(UNKNOWN))),
        (200, harness.get("current_user_rooms")),
        (200, profile().bearer_auth(harness.token())),
        (401, profile()),
        (401, harness.post("send_pin", json!({"mobile": MOBILE}))),
        (409, {
            let mut body = sign_up("+85291234567");
            body["user_auth"]["address_attributes"]["district_id"] = json!("abc");
            harness.post("signup", body)
        }),
        (422, harness.post("verify", json!({}))),
        (422, harness.post("signup", json!({}))),
    ] {
        let reply = harness.send(request).await;
        assert_eq!((reply.status, reply.content_type()), (status, OWN));
    }
    harness.mock.disable_user(MOBILE);
    let reply = harness.send(profile().bearer_auth(harness.token())).await;
    assert_eq!((reply.status, reply.content_type()), (403, OWN));
}

pub async fn errors_of_the_framework_are_pages_without_accept(harness: &Harness) {
    for accept in ["*/*", "text/html", ""] {
        let unknown = harness.bare(Method::GET, "no_such_route");
        let unknown = harness.send(unknown.header("accept", accept)).await;
        assert_eq!((unknown.status, unknown.content_type()), (404, "text/html"));
        assert!(unknown.text.contains("<title>"), "{}", unknown.text);
        let broken = harness.bare(Method::POST, "verify").body("{");
        let broken = broken.header("content-type", JSON).header("accept", accept);
        let broken = harness.send(broken).await;
        assert_eq!((broken.status, broken.content_type()), (400, "text/html"));
        assert_eq!(broken.text, "");
        // The server's own code sends JSON whatever the client accepts.
        let rooms = harness.bare(Method::GET, "current_user_rooms");
        let rooms = harness.send(rooms.header("accept", accept)).await;
        assert_eq!((rooms.status, rooms.content_type()), (200, OWN));
    }
}

pub async fn a_blocked_request_is_forbidden_in_plain_text(harness: &Harness) {
    harness.mock.block_requests(true);
    for request in [
        harness.post("send_pin", json!({"mobile": MOBILE})),
        harness.get("current_user_profile"),
        harness.get("no_such_route"),
    ] {
        let refused = harness.send(request).await;
        assert_eq!((refused.status, refused.text.as_str()), (403, "Forbidden"));
        assert_eq!(refused.content_type(), "text/plain");
    }
    harness.mock.block_requests(false);
    harness.send_pin(UNKNOWN).await.key();
}

pub async fn no_response_tells_the_time(harness: &Harness) {
    for request in [
        harness.post("send_pin", json!({"mobile": UNKNOWN})),
        harness.get("current_user_profile"),
        harness.get("no_such_route"),
    ] {
        let reply = harness.send(request).await;
        let date = reply.headers.get("date").map(|date| date.as_bytes());
        assert_eq!(date.unwrap_or_default(), b"");
    }
}

pub async fn json_without_a_content_type_is_not_read(harness: &Harness) {
    for (operation, body) in [
        ("send_pin", json!({"mobile": UNKNOWN})),
        ("signup", sign_up(UNKNOWN)),
        ("verify", json!({"otp_auth_key": "key", "pin": "1234"})),
    ] {
        for content_type in [None, Some("text/plain")] {
            let mut request = harness.bare(Method::POST, operation);
            request = request.body(body.to_string());
            if let Some(content_type) = content_type {
                request = request.header("content-type", content_type);
            }
            let refused = harness.send(request).await;
            assert_eq!(refused.status, 422, "{operation}: {}", refused.text);
        }
    }
    assert!(harness.messages().is_empty());
}

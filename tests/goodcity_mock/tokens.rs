//! Tokens, and what needs none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::harness::{Harness, MOBILE};

pub async fn a_token_says_that_it_is_for_calls(harness: &Harness) {
    let key = harness.send_pin(MOBILE).await.key();
    let body = harness.verify(&key, &harness.pin(MOBILE)).await.ok();
    let token = body["jwt_token"].as_str().unwrap();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    assert_eq!(
        claims["https://goodcity.hk/jwt/metadata"],
        json!({"type": "api"})
    );
    let mut names: Vec<_> = claims.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "exp",
            "https://goodcity.hk/jwt/metadata",
            "iat",
            "iss",
            "user_id"
        ]
    );
}

pub async fn a_token_for_something_else_is_refused(harness: &Harness) {
    let token = harness.mock.otp_token_for(MOBILE).unwrap();
    for request in [
        harness.get("current_user_profile"),
        harness.post("register_device", json!({"platform": "fcm"})),
    ] {
        let refused = harness.send(request.bearer_auth(token.expose())).await;
        refused.refused(401, &["error", "status", "type"]);
        assert_eq!(refused.json()["type"], "UnauthorizedError");
    }
}

pub async fn a_token_needs_no_scheme(harness: &Harness) {
    for header in [harness.token(), format!("Bearer {}", harness.token())] {
        let request = harness.get("current_user_profile");
        harness
            .send(request.header("authorization", header))
            .await
            .ok();
    }
    let other = format!("Basic {}", harness.token());
    let request = harness.get("current_user_profile");
    let refused = harness.send(request.header("authorization", other)).await;
    assert_eq!(refused.status, 401);
}

pub async fn rooms_are_given_without_a_valid_token(harness: &Harness) {
    let expired = harness.token();
    harness
        .mock
        .clock()
        .advance(std::time::Duration::from_secs(48 * 3600));
    let otp = harness.mock.otp_token_for(MOBILE).unwrap();
    for token in [
        None,
        Some(""),
        Some("no token"),
        Some(&expired),
        Some(otp.expose()),
    ] {
        for (app, rooms) in [
            ("app", json!([])),
            ("stock", json!([])),
            ("bogus", json!([])),
            ("browse", json!(["browse"])),
        ] {
            let mut request = harness.get("current_user_rooms");
            request = request.header("x-goodcity-app-name", app);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            assert_eq!(harness.send(request).await.ok(), rooms, "{app}");
        }
    }
}

pub async fn rooms_depend_on_the_app(harness: &Harness) {
    for (app, rooms) in [
        ("app", json!(["user_1001"])),
        (
            "stock.goodcity",
            json!(["user_1001_stock", "inventory", "order_fulfilment"]),
        ),
        ("browse", json!(["user_1001_browse", "browse"])),
        ("admin", json!(["user_1001_admin"])),
    ] {
        let request = harness.get("current_user_rooms");
        let request = request.bearer_auth(harness.token());
        let request = request.header("x-goodcity-app-name", app);
        assert_eq!(harness.send(request).await.ok(), rooms, "{app}");
    }
    harness.mock.disable_user(MOBILE);
    let request = harness.get("current_user_rooms");
    let request = request.bearer_auth(harness.token());
    assert_eq!(harness.send(request).await.ok(), json!([]));
}

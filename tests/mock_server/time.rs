//! The time of the mocks.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::process::{HttpResponse, serve};

fn now(response: &HttpResponse) -> DateTime<Utc> {
    response.json()["now"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn time_starts_as_configured_and_moves_for_all_mocks_at_once() {
    let server = serve(["--start-time=2030-01-01T00:00:00Z"]).await;
    let start: DateTime<Utc> = "2030-01-01T00:00:00Z".parse().unwrap();
    let first = now(&server.get("fynd", "/__clock").await);
    assert!(
        (start..start + TimeDelta::hours(1)).contains(&first),
        "{first}"
    );

    let a_day = json!({"advance_seconds": 86_400});
    let moved = server.post("wunder", "/__clock", &a_day).await;
    assert_eq!(moved.status, 200);
    for system in ["wunder", "walletcrew", "goodcity", "fynd"] {
        let later = now(&server.get(system, "/__clock").await);
        assert!(later >= first + TimeDelta::days(1), "{system}: {later}");
    }
    let dated = server.get("wunder", "/__clock").await;
    assert!(
        dated
            .header("date")
            .unwrap()
            .starts_with("Wed, 02 Jan 2030")
    );
}

#[tokio::test]
async fn time_can_be_behind() {
    let before = Utc::now();
    let server = serve(["--clock-offset=-3600"]).await;
    let theirs = now(&server.get("goodcity", "/__clock").await) + TimeDelta::hours(1);
    assert!((before..=Utc::now()).contains(&theirs), "{theirs}");
}

#[tokio::test]
async fn a_code_expires_when_a_developer_advances_the_time() {
    let server = serve(["--goodcity-user=mobile=+85261234567"]).await;
    let mobile = json!({"mobile": "+85261234567"});
    let app = |path: &str, body: serde_json::Value| {
        let request = server.request(reqwest::Method::POST, "goodcity", path);
        let request = request.header("x-goodcity-app-name", "app");
        let request = request.header("content-type", "application/json");
        crate::process::response(request.body(body.to_string()))
    };
    for (seconds, status) in [(0, 200), (11 * 60, 422)] {
        let sent = app("/api/v1/auth/send_pin", mobile.clone())
            .await
            .unwrap()
            .json();
        let pin = server.last_code("goodcity", "+85261234567").await.unwrap();
        let moved = json!({"advance_seconds": seconds});
        assert_eq!(
            server.post("goodcity", "/__clock", &moved).await.status,
            200
        );
        let proof = json!({"otp_auth_key": sent["otp_auth_key"], "pin": pin});
        let verified = app("/api/v1/auth/verify", proof).await.unwrap();
        assert_eq!(verified.status, status);
    }
}

#[tokio::test]
async fn the_clock_describes_how_to_move_it() {
    let server = serve([] as [&str; 0]).await;
    for wrong in [
        json!({}),
        json!({"advance_seconds": -1}),
        json!({"advance_seconds": "60"}),
    ] {
        let response = server.post("fynd", "/__clock", &wrong).await;
        assert_eq!(response.status, 400, "{wrong}");
        assert!(response.text.contains("advance_seconds"));
    }
}

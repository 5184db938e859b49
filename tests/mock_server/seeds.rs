//! Seeded data exists, and seeded users can sign in.

use reqwest::Method;
use serde_json::json;
use vestibule::fynd;

use crate::calls;
use crate::process::{response, serve};

#[tokio::test]
async fn a_seeded_user_of_wunder_signs_in_by_password_and_by_token() {
    let server = serve([
        "--wunder-user=phone=+43123456789,email=ada@example.org,password=not-a-real-one,branch=2,\
         social=apple:not-a-real-token",
        "--wunder-user=email=eve@example.org,password=not-a-real-one,second-factor=yes",
        "--wunder-user=unverified-email=joe@example.org,password=not-a-real-one",
    ])
    .await;
    let sign_in = "/acme/auth/sign-in-email";
    let by_password = |email| json!({"email": email, "password": "not-a-real-one"});
    let ada = server
        .post("wunder", sign_in, &by_password("ada@example.org"))
        .await;
    assert_eq!(
        (ada.status, &ada.json()["mfaRequired"]),
        (200, &json!(false))
    );
    let eve = server
        .post("wunder", sign_in, &by_password("eve@example.org"))
        .await;
    assert_eq!(
        (eve.status, &eve.json()["mfaRequired"]),
        (200, &json!(true))
    );
    let social = json!({"token": "not-a-real-token"});
    let social = server
        .post("wunder", "/acme/auth/social-login", &social)
        .await;
    let token = social.json()["accessToken"].as_str().unwrap().to_owned();
    let profile = server.request(Method::GET, "wunder", "/acme/front/customers");
    let profile = response(profile.bearer_auth(token)).await.unwrap().json();
    assert_eq!(profile["phoneNumber"], "+43123456789");
    assert_eq!(profile["emailIsVerified"], true);
    assert!(!server.printed("wunder-user").is_empty());
    let joe = server
        .post("wunder", sign_in, &by_password("joe@example.org"))
        .await
        .json();
    let profile = server.request(Method::GET, "wunder", "/acme/front/customers");
    let profile = profile.bearer_auth(joe["accessToken"].as_str().unwrap());
    assert_eq!(
        response(profile).await.unwrap().json()["emailIsVerified"],
        false
    );
}

#[tokio::test]
async fn seeded_api_clients_and_terms_of_wunder_are_there() {
    let server = serve([
        "--wunder-api-client=client:key",
        "--wunder-terms=2=Our terms",
    ])
    .await;
    let client = json!({"clientId": "client", "clientKey": "key"});
    let signed_in = server
        .post("wunder", "/acme/auth/sign-in-api-client", &client)
        .await;
    assert_eq!(signed_in.status, 200);
    let id = server.printed("wunder-terms");
    let terms = server
        .get("wunder", &format!("/acme/front/termsandconditions/{id}"))
        .await;
    assert_eq!(terms.json()["title"], "Our terms");
    let listed = server
        .get("wunder", "/acme/front/termsandconditions?branchId=2")
        .await;
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_with_a_seeded_social_account_signs_up() {
    let server = serve(["--wunder-social-account=apple:not-a-real-token"]).await;
    let token = json!({"token": "not-a-real-token", "email": "ada@example.org"});
    let sign_up = "/acme/front/customers/social-sign-up";
    let signed_up = server.post("wunder", sign_up, &token).await;
    assert_eq!(
        (signed_up.status, &signed_up.json()["email"]),
        (200, &json!("ada@example.org"))
    );
    let sign_in = "/acme/auth/social-login";
    assert_eq!(server.post("wunder", sign_in, &token).await.status, 200);
}

#[tokio::test]
async fn a_seeded_customer_of_the_wallet_crew_keeps_every_member() {
    let seed = "--walletcrew-customer=tenant=acme,email=ada@example.com,firstName=Ada";
    let server = serve([seed]).await;
    let (identifier, account) = ("ada@example.com", json!({"email": "ada@example.com"}));
    let path = "/api/acme/customer?flow=activation";
    let saved = server.post("walletcrew", path, &account).await;
    assert_eq!(
        (saved.status, &saved.json()["firstName"]),
        (202, &json!("Ada"))
    );
    assert_eq!(saved.json()["id"], server.printed("walletcrew-customer"));
    let code = server.last_code("walletcrew", identifier).await.unwrap();
    let proof = json!({"identifier": identifier, "code": code});
    let path = "/api/acme/customer/authenticate?provider=otp";
    assert_eq!(server.post("walletcrew", path, &proof).await.status, 200);
}

#[tokio::test]
async fn a_seeded_user_of_goodcity_gets_a_pin_and_an_unknown_user_none() {
    let seed = "--goodcity-user=mobile=+85261234567,first-name=Ada,last-name=Wong";
    let server = serve([seed]).await;
    for mobile in ["+85261234567", "+85261234568"] {
        let request = server.request(Method::POST, "goodcity", "/api/v1/auth/send_pin");
        let request = request.header("x-goodcity-app-name", "app");
        let request = request.header("content-type", "application/json");
        let body = json!({"mobile": mobile}).to_string();
        assert_eq!(response(request.body(body)).await.unwrap().status, 200);
    }
    assert!(server.last_code("goodcity", "+85261234567").await.is_some());
    assert_eq!(server.last_code("goodcity", "+85261234568").await, None);
}

#[tokio::test]
async fn a_seeded_user_of_goodcity_has_a_language_and_may_use_an_app() {
    let seed = "--goodcity-user=mobile=+85261234567,language=zh-tw,app=admin";
    let server = serve([seed]).await;
    let request = server.request(Method::POST, "goodcity", "/api/v1/auth/send_pin");
    let request = request.header("x-goodcity-app-name", "admin");
    let request = request.header("content-type", "application/json");
    let body = json!({"mobile": "+85261234567"}).to_string();
    assert_eq!(response(request.body(body)).await.unwrap().status, 200);
    let outbox = server.get("goodcity", "/__outbox").await.json();
    assert_eq!(outbox[0]["language"], "zh-tw");
}

#[tokio::test]
async fn a_seeded_user_of_fynd_signs_in_by_what_the_server_printed() {
    let server = serve([
        "--fynd-user=first-name=Asha,last-name=Rao,mobile=+91:9000000001,email=asha@example.com,\
         password=not-a-real-one,social=google:1001,social=facebook:1002,social=apple:1003",
        "--fynd-attribute=loyalty_tier=text",
    ])
    .await;
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("not-a-real-token")
        .base_url(server.url("fynd"))
        .build()
        .unwrap();
    let api = client.api();
    let login_token = json!({"body": {"token": server.printed("fynd-login-token")}});
    let google = json!({"body": {"oauth2": {"access_token": server.printed("fynd-google-token")}}});
    let facebook =
        json!({"body": {"oauth2": {"access_token": server.printed("fynd-facebook-token")}}});
    let apple = json!({"body": {"oauth": {"identity_token": server.printed("fynd-apple-token")}}});
    let password = json!({"body": {"username": "asha@example.com", "password": "not-a-real-one"}});
    for (operation, arguments) in [
        ("login_with_token", login_token),
        ("login_with_google", google),
        ("login_with_facebook", facebook),
        ("login_with_apple_ios", apple),
        ("login_with_email_and_password", password),
    ] {
        let response = calls::fynd::call(&api, operation, &arguments).await;
        let response = serde_json::to_value(&*response.expect(operation)).unwrap();
        assert_eq!(
            response["user"]["user_id"],
            server.printed("fynd-user"),
            "{operation}"
        );
    }
}

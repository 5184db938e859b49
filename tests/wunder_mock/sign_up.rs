//! New users, and passwords.

use serde_json::json;
use vestibule::testing::{Channel, WunderUser};

use crate::server::{Reply, Server, ask, tokens};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "not-a-real-password";

async fn create(server: &Server, body: serde_json::Value) -> Reply {
    server.send(ask("create_customer").body(body)).await
}

pub async fn an_account_is_created_once_and_its_address_verified_by_link(server: &Server) {
    let body = json!({
        "email": EMAIL,
        "phoneNumber": PHONE,
        "password": PASSWORD,
        "branchId": "2",
        "customProperties": {"externalId": "example-1"},
        "uuid": "chosen",
        "emailIsVerified": true,
    });
    let created = create(server, body.clone()).await.ok();
    assert_eq!(created["email"], EMAIL);
    assert_eq!(created["customProperties"]["externalId"], "example-1");
    assert_eq!(created["emailIsVerified"], false);
    assert_ne!(created["uuid"], "chosen");
    assert_eq!(created.get("password"), None);
    create(server, body).await.refused(400, "U141");
    let email = json!({"email": "ADA@example.org"});
    create(server, email).await.refused(400, "U141");
    create(server, json!({"phoneNumber": PHONE}))
        .await
        .refused(400, "U102");

    let message = server.mock.outbox().messages().pop().unwrap();
    assert_eq!(
        (message.channel, message.to.as_str()),
        (Channel::Email, EMAIL)
    );
    let access = tokens(&server.by_password(EMAIL, PASSWORD).await.ok()).0;
    assert!(!server.mock.open_email_link("000000"));
    assert!(server.mock.open_email_link(&message.code));
    assert!(!server.mock.open_email_link(&message.code));
    assert_eq!(server.profile(&access).await["emailIsVerified"], true);
}

pub async fn an_account_needs_contacts_and_a_password_by_the_rules(server: &Server) {
    for (body, code) in [
        (json!({}), "R101"),
        (json!([]), "R101"),
        (json!({"password": PASSWORD}), "R101"),
        (json!({"email": "no address"}), "R101"),
        (json!({"phoneNumber": "12"}), "R101"),
        (json!({"email": EMAIL, "password": "2 short"}), "U101.1"),
        (json!({"email": EMAIL, "password": ""}), "U101.1"),
        (json!({"email": EMAIL, "password": 12_345_678}), "U101.1"),
        (
            json!({"email": EMAIL, "password": "Ada@example.org"}),
            "U101.2",
        ),
    ] {
        create(server, body).await.refused(400, code);
    }
    assert!(server.mock.outbox().messages().is_empty());
    server.mock.set_min_password_length(20);
    let body = json!({"email": EMAIL, "password": PASSWORD});
    create(server, body).await.refused(400, "U101.1");
    create(server, json!({"phoneNumber": PHONE})).await.ok();
    assert!(server.mock.outbox().messages().is_empty());
}

pub async fn a_social_account_becomes_a_user_once(server: &Server) {
    server
        .mock
        .add_social_account("google", &"genuine".into(), Some(EMAIL));
    server
        .mock
        .add_social_account("google", &"second".into(), Some(EMAIL));
    server
        .mock
        .add_social_account("apple", &"hidden".into(), None);
    server
        .mock
        .add_social_account("gaiyo", &"gaiyo".into(), None);
    let sign_up = |body| server.send(ask("social_sign_up").body(body));
    sign_up(json!({"token": "forged", "email": EMAIL}))
        .await
        .refused(401, "U107");
    sign_up(json!({"token": "gaiyo", "email": EMAIL}))
        .await
        .refused(401, "U107");
    sign_up(json!({})).await.refused(400, "R101");
    sign_up(json!({"token": "hidden"}))
        .await
        .refused(400, "R101");
    let created = sign_up(json!({"token": "genuine"})).await.ok();
    assert_eq!(
        (&created["email"], &created["emailIsVerified"]),
        (&json!(EMAIL), &json!(true))
    );
    sign_up(json!({"token": "genuine"}))
        .await
        .refused(400, "U102");
    sign_up(json!({"token": "second"}))
        .await
        .refused(400, "U141");
    let own = json!({"token": "hidden", "email": "bob@example.org", "phoneNumber": PHONE});
    assert_eq!(sign_up(own).await.ok()["emailIsVerified"], false);
    let login = ask("social_login").body(json!({"token": "genuine"}));
    let (access, _) = tokens(&server.send(login).await.ok());
    assert_eq!(server.profile(&access).await["uuid"], created["uuid"]);
}

pub async fn a_password_is_reset_by_a_code_that_is_valid_once(server: &Server) {
    let user = WunderUser::new().email(EMAIL).password(PASSWORD);
    server.mock.add_user(user);
    let reset = |email: &str| server.send(ask("request_password_reset").path("email", email));
    reset("unknown@example.org").await.done();
    assert!(server.mock.outbox().messages().is_empty());
    reset("no address").await.refused(400, "R101");
    reset(EMAIL).await.done();
    let old = server.mock.outbox().last_code(EMAIL).unwrap();
    reset(EMAIL).await.done();
    let code = server.mock.outbox().last_code(EMAIL).unwrap();
    let set = |code: &str, password: &str| {
        let body = json!({"password": password});
        server.send(ask("set_password").path("code", code).body(body))
    };
    set(&old, "another-password").await.refused(401, "U107");
    set("000000", "another-password").await.refused(401, "U107");
    set(&code, "short").await.refused(400, "U101.1");
    set(&code, EMAIL).await.refused(400, "U101.2");
    set(&code, "").await.refused(400, "R101");
    set(&code, "another-password").await.ok_empty();
    set(&code, "third-password").await.refused(401, "U107");
    server
        .by_password(EMAIL, PASSWORD)
        .await
        .refused(401, "U107");
    tokens(&server.by_password(EMAIL, "another-password").await.ok());
}

//! Signed operations: required on two, checked on all six.

use serde_json::{Value, json};
use vestibule::Clock;

use crate::server::{Server, TestRequest, ask};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";

/// Every signed operation with its signed member, and whether the signature is required.
fn signed() -> [(&'static str, &'static str, Option<Value>, bool); 7] {
    let phone = json!({"phoneNumber": PHONE, "branchId": "2"});
    let email = json!({"email": EMAIL, "branchId": "2"});
    let both = json!({"email": EMAIL, "phoneNumber": PHONE, "token": "t"});
    [
        (
            "create_or_sign_in_with_phone_number",
            PHONE,
            Some(phone.clone()),
            true,
        ),
        (
            "create_or_sign_in_with_email_code",
            EMAIL,
            Some(email),
            true,
        ),
        ("create_customer", EMAIL, Some(both.clone()), false),
        ("create_customer", PHONE, Some(phone), false),
        ("social_sign_up", EMAIL, Some(both), false),
        ("request_password_reset", EMAIL, None, false),
        ("resend_email_verification", EMAIL, None, false),
    ]
}

fn filled(id: &'static str, body: &Option<Value>) -> TestRequest {
    let ask = ask(id).path("email", EMAIL);
    match body {
        Some(body) => ask.body(body.clone()),
        None => ask,
    }
}

pub async fn a_wrong_a_stale_and_a_replayed_signature_are_refused(server: &Server) {
    for (id, identifier, body, _) in signed() {
        let send = |pair: &(String, String)| server.send(filled(id, &body).signature(pair));
        let (signature, timestamp) = server.sign(identifier);
        send(&(format!("{signature}0"), timestamp.clone()))
            .await
            .refused(403, "A104");
        send(&(signature.clone(), format!("{timestamp}0")))
            .await
            .refused(403, "A104");
        send(&(signature.clone(), "now".to_owned()))
            .await
            .refused(403, "A104");
        send(&server.sign("another user"))
            .await
            .refused(403, "A104");
        let half = filled(id, &body).query("signature", &signature);
        server.send(half).await.refused(403, "A104");
        let half = filled(id, &body).query("timestamp", &timestamp);
        server.send(half).await.refused(403, "A104");
        let now = server.mock.clock().now().timestamp_millis();
        for stale in [now - 301_000, now + 301_000] {
            send(&server.sign_at(identifier, stale))
                .await
                .refused(403, "A105");
        }
        let before = server.mock.signatures_seen();
        let good = server.sign(identifier);
        let status = send(&good).await.status;
        assert_ne!(status, 403, "{id}");
        assert_eq!(server.mock.signatures_seen(), before + 1, "{id}");
        let seen = server.mock.last_signed_url().unwrap();
        assert!(seen.contains(&good.0), "{id}");
        send(&good).await.refused(403, "A106");
    }
}

pub async fn only_the_two_code_flows_must_be_signed(server: &Server) {
    for (id, _, body, must) in signed() {
        let reply = server.send(filled(id, &body)).await;
        match must {
            true => reply.refused(403, "A104"),
            false => assert_ne!(reply.status, 403, "{id}"),
        }
    }
    assert_eq!(server.mock.signatures_seen(), 0);
}

pub async fn a_code_goes_to_a_well_formed_contact_of_a_branch(server: &Server) {
    for (id, name, wrong, right) in [
        (
            "create_or_sign_in_with_phone_number",
            "phoneNumber",
            "0123",
            PHONE,
        ),
        ("create_or_sign_in_with_email_code", "email", "ada", EMAIL),
    ] {
        for (value, body) in [
            (wrong, json!({name: wrong, "branchId": "2"})),
            (right, json!({name: right})),
            (right, json!({name: right, "branchId": ""})),
            (right, json!({name: right, "branchId": true})),
        ] {
            let ask = ask(id).signature(&server.sign(value)).body(body);
            server.send(ask).await.refused(400, "R101");
        }
        let missing = ask(id)
            .signature(&server.sign(""))
            .body(json!({"branchId": "2"}));
        server.send(missing).await.refused(400, "R101");
    }
    assert!(server.mock.outbox().messages().is_empty());
}

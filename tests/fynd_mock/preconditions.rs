//! Checks that every operation makes first.

use serde_json::{Value, json};

use super::harness::{Harness, Jar};

/// The application's credential is checked first, then its signature.
pub async fn every_operation_requires_the_application_and_its_signature(harness: &Harness) {
    for operation in &harness.operations {
        let id = operation.value["operationId"].as_str().unwrap();
        let raw = || harness.signed(operation, &json!({}), &Jar::default());

        let mut anonymous = raw();
        anonymous
            .headers
            .retain(|(name, _)| *name != "authorization");
        let reply = harness.send(id, anonymous).await;
        reply.refused(401, "APPLICATION_UNKNOWN");

        let mut unsigned = raw();
        unsigned
            .headers
            .retain(|(name, _)| *name != "x-fp-signature");
        harness
            .send(id, unsigned)
            .await
            .refused(403, "SIGNATURE_INVALID");

        let stale = raw();
        harness.wait(16 * 60);
        harness
            .send(id, stale)
            .await
            .refused(403, "SIGNATURE_STALE");
    }
    assert_eq!(harness.messages(), 0);
}

/// 401 with `authenticated: false`, where the document requires a session in addition to the
/// application.
pub async fn a_session_is_required_where_the_document_says_so(harness: &Harness) {
    for operation in &harness.operations {
        let id = operation.value["operationId"].as_str().unwrap();
        let alternatives = operation.value["security"].as_array().unwrap();
        let needed = alternatives.iter().all(|set| set.get("session").is_some());
        let reply = harness.call(id, json!({})).await;
        let refused = reply.status == 401 && reply.body["authenticated"] == false;
        // It accepts a registration's token in place of a session; the request has neither.
        let either = id == "update_profile";
        assert_eq!(refused, needed || either, "{id}: {}", reply.body);
        if needed {
            let mut forged = Jar(Some("mock.sid=0123456789abcdef".to_owned()));
            let reply = harness.call_as(&mut forged, id, json!({})).await;
            reply.refused(401, "SESSION_UNKNOWN");
        }
    }
}

/// A body is a JSON object of a bounded size.
pub async fn a_body_is_an_object_and_not_too_large(harness: &Harness) {
    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse("+919000000001").unwrap()),
    );
    for operation in &harness.operations {
        let id = operation.value["operationId"].as_str().unwrap();
        if operation.value.get("requestBody").is_none() {
            continue;
        }
        let large = json!({"first_name": "x".repeat(70_000)});
        harness.call(id, large).await.refused(413, "BODY_TOO_LARGE");
        let mut jar = super::signing_in::by_code(harness, "9000000001").await;
        for body in [json!([]), json!("text"), Value::Null] {
            let reply = harness.call_as(&mut jar, id, body).await;
            reply.refused(400, "BODY_INVALID");
        }
    }
}

pub async fn a_missing_member_or_parameter_is_refused(harness: &Harness) {
    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse("+919000000001").unwrap()),
    );
    for operation in &harness.operations {
        let id = operation.value["operationId"].as_str().unwrap();
        let mut jar = super::signing_in::by_code(harness, "9000000001").await;
        let parameters = operation.value["parameters"].as_array().unwrap();
        let required = parameters
            .iter()
            .any(|parameter| parameter["required"] == true);
        let has_body = operation.value.get("requestBody").is_some();
        let reply = harness.call_as(&mut jar, id, json!({})).await;
        // An empty change of the profile changes nothing.
        let expected = if (has_body || required) && id != "update_profile" {
            [400, 401].as_slice()
        } else {
            [200].as_slice()
        };
        assert!(expected.contains(&reply.status), "{id}: {}", reply.body);
    }
}

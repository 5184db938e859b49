//! The mobiles and e-mail addresses of a profile.

use serde_json::{Value, json};
use vestibule::testing::FyndUser;

use super::harness::{Harness, Jar, Reply};
use super::signing_in::{ASHA, by_code, user};

/// The two kinds of contacts, by what differs.
struct Kind {
    list: &'static str,
    flag: &'static str,
    add: &'static str,
    link: &'static str,
    verify: &'static str,
    primary: &'static str,
    delete: &'static str,
    first: Value,
    second: Value,
    to: &'static str,
}

fn mobiles() -> Kind {
    Kind {
        list: "phone_numbers",
        flag: "verify_mobile_link",
        add: "add_mobile_number",
        link: "send_verification_link_to_mobile",
        verify: "verify_mobile",
        primary: "set_mobile_number_as_primary",
        delete: "delete_mobile_number",
        first: json!({"phone": ASHA, "country_code": "91"}),
        second: json!({"phone": "9000000002", "country_code": "91"}),
        to: "+919000000002",
    }
}

fn emails() -> Kind {
    Kind {
        list: "emails",
        flag: "verify_email_link",
        add: "add_email",
        link: "send_verification_link_to_email",
        verify: "verify_email",
        primary: "set_email_as_primary",
        delete: "delete_email",
        first: json!({"email": "asha@example.com"}),
        second: json!({"email": "asha.work@example.com"}),
        to: "asha.work@example.com",
    }
}

async fn signed_in(harness: &Harness) -> Jar {
    let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    harness.mock.add_user(asha.email("asha@example.com"));
    harness.mock.add_user(
        FyndUser::new("Bela")
            .phone(vestibule::Phone::parse("+919000000009").unwrap())
            .email("b@example.com"),
    );
    by_code(harness, ASHA).await
}

/// `contact` with the three flags.
fn described(contact: &Value, active: bool, primary: bool, verified: bool) -> Value {
    let mut whole = json!({"active": active, "primary": primary, "verified": verified});
    for (name, value) in contact.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

/// Adds a contact, confirms it by its link, makes it primary, and removes the previous primary one.
async fn live(harness: &Harness, kind: Kind) {
    let jar = &mut signed_in(harness).await;
    let added = harness
        .call_as(jar, kind.add, kind.second.clone())
        .await
        .ok();
    assert_eq!(added[kind.flag], true);
    let flags = |user: &Value| -> Vec<[Value; 3]> {
        let entries = user[kind.list].as_array().unwrap().iter();
        let flags = ["active", "primary", "verified"];
        entries
            .map(|entry| flags.map(|flag| entry[flag].clone()))
            .collect()
    };
    let [yes, no] = [json!(true), json!(false)];
    let main = [yes.clone(), yes.clone(), yes.clone()];
    let second = [yes.clone(), no.clone(), yes.clone()];
    let unconfirmed = [no.clone(), no.clone(), no.clone()];
    assert_eq!(flags(&added["user"]), [main.clone(), unconfirmed]);
    let again = harness.call_as(jar, kind.add, kind.second.clone()).await;
    again.refused(400, "CONTACT_TAKEN");
    let early = harness
        .call_as(jar, kind.primary, kind.second.clone())
        .await;
    early.refused(400, "CONTACT_UNVERIFIED");

    let old = harness.code(kind.to);
    let sent = harness
        .call_as(jar, kind.link, kind.second.clone())
        .await
        .ok();
    assert_eq!(sent[kind.flag], true);
    harness
        .call(kind.verify, json!({"code": old}))
        .await
        .refused(400, "LINK_INVALID");
    let body = json!({"code": harness.code(kind.to)});
    let other = if kind.verify == "verify_email" {
        "verify_mobile"
    } else {
        "verify_email"
    };
    harness
        .call(other, body.clone())
        .await
        .refused(400, "LINK_INVALID");
    let reply = harness.call(kind.verify, body.clone()).await.ok();
    assert_eq!(reply["message"], "success");
    harness
        .call(kind.verify, body)
        .await
        .refused(400, "LINK_INVALID");
    let messages = harness.messages();
    let needless = harness
        .call_as(jar, kind.link, kind.second.clone())
        .await
        .ok();
    assert_eq!(needless[kind.flag], false);
    assert_eq!(harness.messages(), messages);

    let reply = harness
        .call_as(jar, kind.delete, described(&kind.first, true, true, true))
        .await;
    reply.refused(400, "CONTACT_PRIMARY");
    let reply = harness
        .call_as(jar, kind.primary, kind.second.clone())
        .await
        .ok();
    assert_eq!(flags(&reply["user"]), [second.clone(), main.clone()]);
    let reply = harness
        .call_as(jar, kind.delete, described(&kind.first, true, true, true))
        .await;
    reply.refused(400, "CONTACT_CHANGED");
    let delete = described(&kind.first, true, false, true);
    let reply = harness.call_as(jar, kind.delete, delete.clone()).await.ok();
    assert_eq!(flags(&reply["user"]), std::slice::from_ref(&main));
    assert_eq!(flags(&user(harness, jar).await), [main]);
    harness
        .call_as(jar, kind.delete, delete)
        .await
        .refused(400, "CONTACT_UNKNOWN");
}

pub async fn a_mobile_is_added_confirmed_made_primary_and_removed(harness: &Harness) {
    live(harness, mobiles()).await;
}

pub async fn an_e_mail_is_added_confirmed_made_primary_and_removed(harness: &Harness) {
    live(harness, emails()).await;
}

/// Each query parameter except `platform` is required, and the flags are booleans.
pub async fn a_removal_needs_every_documented_parameter(harness: &Harness) {
    let jar = &mut signed_in(harness).await;
    for kind in [mobiles(), emails()] {
        harness
            .call_as(jar, kind.add, kind.second.clone())
            .await
            .ok();
        let whole = described(&kind.second, false, false, false);
        for name in whole.as_object().unwrap().keys() {
            let mut partial = whole.clone();
            partial.as_object_mut().unwrap().remove(name);
            let reply = harness.call_as(jar, kind.delete, partial).await;
            assert_eq!(reply.status, 400, "{name}: {}", reply.body);
        }
        let mut wrong = whole.clone();
        wrong["active"] = json!("perhaps");
        harness
            .call_as(jar, kind.delete, wrong)
            .await
            .refused(400, "QUERY_INVALID");
        let code = harness.code(kind.to);
        harness.call_as(jar, kind.delete, whole).await.ok();
        let reply = harness.call(kind.verify, json!({"code": code})).await;
        reply.refused(400, "LINK_INVALID");
    }
}

pub async fn contacts_of_another_user_cannot_be_changed(harness: &Harness) {
    let jar = &mut signed_in(harness).await;
    let refuse = async |jar: &mut Jar, operation: &str, body: Value, code: &str| {
        let reply: Reply = harness.call_as(jar, operation, body).await;
        reply.refused(400, code);
    };
    let number = json!({"phone": "9000000009", "country_code": "91"});
    let email = json!({"email": "b@example.com"});
    for (kind, contact) in [(mobiles(), number), (emails(), email)] {
        refuse(jar, kind.add, contact.clone(), "CONTACT_TAKEN").await;
        refuse(jar, kind.primary, contact.clone(), "CONTACT_UNKNOWN").await;
        refuse(jar, kind.link, contact.clone(), "CONTACT_UNKNOWN").await;
        let delete = described(&contact, true, true, true);
        refuse(jar, kind.delete, delete, "CONTACT_UNKNOWN").await;
    }
    let body = json!({"mobile": {"phone": "9000000009", "country_code": "91"}});
    refuse(jar, "update_profile", body, "CONTACT_TAKEN").await;
    refuse(
        jar,
        "update_profile",
        json!({"email": "b@example.com"}),
        "CONTACT_TAKEN",
    )
    .await;
}

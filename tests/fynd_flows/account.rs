//! Account data of a signed-in user.

use serde_json::{Map, json};
use vestibule::Contact;
use vestibule::fynd::OwnContact;
use vestibule::testing::FyndAttribute;

use super::*;

async fn own(session: &Session, contact: &Contact) -> OwnContact {
    let contacts = session.contacts().await.unwrap();
    let found = contacts
        .into_iter()
        .find(|own| own.contact().as_ref() == Some(contact));
    found.expect("a contact of the profile")
}

#[tokio::test]
async fn a_password_change_requires_the_old_password() {
    let (harness, _) = Harness::with_asha().await;
    let asha = harness.asha().await;
    assert!(asha.has_password().await.unwrap());
    let wrong = asha
        .update_password(
            vestibule::CurrentPassword::new("another"),
            vestibule::NewPassword::new("new"),
        )
        .await;
    assert_eq!(refused(wrong), "PASSWORD_WRONG");
    asha.update_password(
        vestibule::CurrentPassword::new(PASSWORD),
        vestibule::NewPassword::new("new"),
    )
    .await
    .unwrap();
    let signed_in = harness.client.sign_in_with_password(EMAIL, "new").await;
    assert!(signed_in.unwrap().signed_in().is_some());

    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Bela")
            .phone(vestibule::Phone::parse("+919000000002").unwrap()),
    );
    let pending = harness
        .client
        .sign_in_with_phone_code(&"+919000000002".parse().unwrap())
        .send();
    let confirmed = pending
        .await
        .unwrap()
        .confirm(harness.code("+919000000002"));
    let bela = session(confirmed.await.unwrap());
    assert!(!bela.has_password().await.unwrap());
}

#[tokio::test]
async fn contacts_are_added_confirmed_made_primary_and_removed() {
    let (harness, _) = Harness::with_asha().await;
    let asha = harness.asha().await;
    let added = [
        (Contact::phone("+919000000007").unwrap(), "+919000000007"),
        (
            Contact::email("asha@work.example").unwrap(),
            "asha@work.example",
        ),
    ];
    let former = [
        Contact::phone(&format!("+91{ASHA}")).unwrap(),
        Contact::email(EMAIL).unwrap(),
    ];
    for ((contact, to), former) in added.iter().zip(former) {
        assert!(asha.add_contact(contact).await.unwrap());
        let new = own(&asha, contact).await;
        assert!(!new.verified && !new.primary);
        assert_eq!(
            refused(asha.update_primary_contact(&new).await),
            "CONTACT_UNVERIFIED"
        );

        let first = harness.code(to);
        harness.mock.clock().advance(Duration::from_secs(31));
        assert!(asha.request_verification_link(&new).await.unwrap());
        let verify = async |code: String| match contact {
            Contact::Phone(_) => harness.other.verify_phone_link(code).await,
            Contact::Email(_) => harness.other.verify_email_link(code).await,
        };
        assert_eq!(refused(verify(first).await), "LINK_INVALID");
        verify(harness.code(to)).await.unwrap();
        let verified = own(&asha, contact).await;
        assert!(verified.verified);
        harness.mock.clock().advance(Duration::from_secs(31));
        assert!(!asha.request_verification_link(&verified).await.unwrap());

        asha.update_primary_contact(&verified).await.unwrap();
        assert!(own(&asha, contact).await.primary);
        let stale = asha.delete_contact(&verified).await;
        assert_eq!(refused(stale), "CONTACT_CHANGED");
        let former = own(&asha, &former).await;
        asha.delete_contact(&former).await.unwrap();
    }
    let left = asha.contacts().await.unwrap();
    let left: Vec<Contact> = left.iter().filter_map(|own| own.contact()).collect();
    assert_eq!(left, [added[0].0.clone(), added[1].0.clone()]);
    assert_eq!(harness.messages(), 4);
}

#[tokio::test]
async fn profile_attributes_and_sessions_are_those_of_the_user() {
    let (harness, id) = Harness::with_asha().await;
    harness.mock.define_attribute("size", FyndAttribute::Text);
    let asha = harness.asha().await;
    let change = asha.update_profile().first_name("Ashika").gender("female");
    let user = change.send().await.unwrap();
    let user = user.user.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Ashika"));
    assert_eq!(user.gender.as_deref(), Some("female"));
    assert_eq!(first_name(&asha).await, "Ashika");

    assert!(asha.attributes().await.unwrap().is_empty());
    let size = |value| Map::from_iter([("size".to_owned(), value)]);
    let changed = asha.update_attributes(size(json!("M"))).await.unwrap();
    assert_eq!(changed["size"], "M");
    assert_eq!(asha.attributes().await.unwrap()["size"], "M");
    let wrong = asha.update_attributes(size(json!(7))).await;
    assert_eq!(refused(wrong), "ATTRIBUTE_TYPE");

    let second = harness.asha().await;
    assert_eq!(asha.active_sessions().await.unwrap().len(), 2);
    second.sign_out().await.unwrap();
    assert_eq!(asha.active_sessions().await.unwrap().len(), 1);
    assert_eq!(harness.mock.sessions_of(&id), 1);
}

#[tokio::test]
async fn user_existence_and_sales_channel_settings_need_no_session() {
    let (harness, _) = Harness::with_asha().await;
    assert!(harness.client.user_exists(EMAIL).await.unwrap());
    assert!(
        !harness
            .client
            .user_exists("bela@example.com")
            .await
            .unwrap()
    );
    let config = harness.client.platform_config().await.unwrap();
    assert_eq!(config.login.unwrap().password, Some(true));
}

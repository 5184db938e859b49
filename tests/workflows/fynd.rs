//! Runs Fynd's workflows.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, json};
use vestibule::Contact;
use vestibule::fynd::{Client, OwnContact, PendingCodes, Session};
use vestibule::fynd::{SignIn, SocialSignIn};
use vestibule::testing::{Fynd, FyndAttribute, FyndProvider, FyndUser};

use super::calls::Calls;

const ASHA: &str = "9000000001";
const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";
const PASSWORD: &str = "the-password";

struct Harness {
    mock: Fynd,
    client: Client,
    /// Asha's session.
    session: Session,
    /// The id of Asha.
    id: String,
}

impl Harness {
    async fn start() -> Self {
        let mock = Fynd::start().await;
        let asha = FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
            .email(EMAIL);
        let asha = asha.social(FyndProvider::Facebook, "f1");
        let asha = asha.social(FyndProvider::Google, "g1");
        let asha = asha.social(FyndProvider::Apple, "a1");
        let id = mock.add_user(asha.password(PASSWORD));
        mock.define_attribute("size", FyndAttribute::Text);
        let client =
            Client::builder("64b000000000000000000001").application_token("application-token");
        let client = client.base_url(mock.base_url());
        let client = client.clock(mock.clock().clone()).build().unwrap();
        let session = client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap();
        Self {
            session: session.signed_in().unwrap(),
            mock,
            client,
            id,
        }
    }

    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).unwrap()
    }

    async fn own(&self, contact: &Contact) -> OwnContact {
        let own = self.session.contacts().await.unwrap();
        let mut own = own
            .into_iter()
            .filter(|own| own.contact().as_ref() == Some(contact));
        own.next().expect("a contact of the profile")
    }
}

fn contacts() -> [(Contact, &'static str); 2] {
    [
        (Contact::phone(&format!("+91{ASHA}")).unwrap(), SMS),
        (Contact::email(EMAIL).unwrap(), EMAIL),
    ]
}

fn codes(sign_in: SignIn) -> PendingCodes {
    match sign_in {
        SignIn::CodesRequired(codes) => codes,
        other => panic!("{other:?} has no codes"),
    }
}

/// Runs the row that starts with this method; returns the operations that it called.
pub async fn run(first_method: &str) -> BTreeSet<String> {
    let harness = Harness::start().await;
    let calls = Calls::new("fynd", |id| harness.mock.count(id));
    let client = &harness.client;
    match first_method {
        "Client::sign_in_with_phone_code" => {
            let sign_in = client.sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap());
            let mut pending = sign_in.send().await.unwrap();
            harness.mock.clock().advance(Duration::from_secs(31));
            pending.resend().await.unwrap();
            let signed_in = pending.confirm(harness.code(SMS)).await.unwrap();
            signed_in.signed_in().unwrap();
        }
        "Client::sign_in_with_email_code" => {
            let pending = client.sign_in_with_email_code(EMAIL).send().await.unwrap();
            let signed_in = pending.confirm(harness.code(EMAIL)).await.unwrap();
            signed_in.signed_in().unwrap();
        }
        "Client::sign_in_with_password" => {
            let signed_in = client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap();
            signed_in.signed_in().unwrap();
        }
        "Client::sign_in_with_token" => {
            let token = harness.mock.issue_login_token(&harness.id);
            let signed_in = client.sign_in_with_token(token.as_str()).await.unwrap();
            signed_in.signed_in().unwrap();
        }
        "Client::sign_in_with_social" => social(&harness).await,
        "CompleteProfile::send" => {
            let google = FyndProvider::Google;
            let token = harness
                .mock
                .issue_social_token(google, "g9", Some("bela@example.com"));
            let signed_in = client
                .sign_in_with_social(SocialSignIn::google(token))
                .await;
            let SignIn::ProfileRequired(profile) = signed_in.unwrap() else {
                panic!("the account is not registered yet");
            };
            calls.reset();
            let profile = profile.phone(vestibule::Phone::parse("+919000000002").unwrap());
            let left = codes(
                profile
                    .first_name("Bela")
                    .last_name("Rao")
                    .send()
                    .await
                    .unwrap(),
            );
            assert!(left.phone().is_some());
        }
        "Client::sign_up" => {
            let form = client
                .sign_up("Bela")
                .phone(vestibule::Phone::parse("+919000000002").unwrap());
            let form = form.email("bela@example.com").password(PASSWORD);
            let left = codes(form.send().await.unwrap());
            let left = left.confirm_phone(harness.code("+919000000002")).await;
            let left = codes(left.unwrap());
            let signed_in = left.confirm_email(harness.code("bela@example.com")).await;
            signed_in.unwrap().signed_in().unwrap();
        }
        "Client::reset_password_by_code" => {
            for (contact, to) in contacts() {
                let pending = client.reset_password_by_code(contact).send().await.unwrap();
                let password = pending.confirm(harness.code(to)).await.unwrap();
                password
                    .set_password(vestibule::NewPassword::new("another"))
                    .await
                    .unwrap();
            }
        }
        "Client::reset_password_by_link" => {
            for (contact, to) in contacts() {
                client.reset_password_by_link(&contact).await.unwrap();
                let link = client.password_link(harness.code(to));
                link.verify().await.unwrap();
                link.set_password(vestibule::NewPassword::new("another"))
                    .await
                    .unwrap();
            }
        }
        "Client::user_exists" => assert!(client.user_exists(EMAIL).await.unwrap()),
        "Client::platform_config" => drop(client.platform_config().await.unwrap()),
        "Client::deletion_terms" => {
            let mut reasons = client.deletion_terms().await.unwrap().reasons.into_iter();
            let reason = reasons.find(|reason| !reason.requires_text()).unwrap();
            let contact = Contact::phone(&format!("+91{ASHA}")).unwrap();
            let sent = harness
                .session
                .request_deletion(reason, contact)
                .send()
                .await;
            sent.unwrap().confirm(harness.code(SMS)).await.unwrap();
        }
        other => run_as(&harness, other).await,
    }
    calls.made()
}

/// Workflows of a signed-in user.
async fn run_as(harness: &Harness, first_method: &str) {
    let asha = &harness.session;
    match first_method {
        "Session::has_password" => {
            assert!(asha.has_password().await.unwrap());
            asha.update_password(
                vestibule::CurrentPassword::new(PASSWORD),
                vestibule::NewPassword::new("another"),
            )
            .await
            .unwrap();
        }
        "Session::profile" => drop(asha.profile().await.unwrap()),
        "Session::update_profile" => {
            let change = asha.update_profile().first_name("Ashika");
            change.send().await.unwrap();
        }
        "Session::attributes" => {
            asha.attributes().await.unwrap();
            let size = Map::from_iter([("size".to_owned(), json!("M"))]);
            asha.update_attributes(size).await.unwrap();
        }
        "Session::contacts" => change_contacts(harness).await,
        "Session::active_sessions" => {
            assert_eq!(asha.active_sessions().await.unwrap().len(), 1);
        }
        "Session::sign_out" => asha.clone().sign_out().await.unwrap(),
        other => panic!("{other} is not run"),
    }
}

async fn social(harness: &Harness) {
    let token = |party, id| harness.mock.issue_social_token(party, id, None);
    let google = || token(FyndProvider::Google, "g1");
    let accounts = [
        SocialSignIn::facebook(token(FyndProvider::Facebook, "f1")).id("f1"),
        SocialSignIn::google(google()),
        SocialSignIn::google_android(google()),
        SocialSignIn::google_ios(google()),
        SocialSignIn::apple(token(FyndProvider::Apple, "a1")).id("a1"),
    ];
    for account in accounts {
        let signed_in = harness.client.sign_in_with_social(account).await.unwrap();
        signed_in.signed_in().unwrap();
    }
}

/// A new contact of each kind replaces the previous one.
async fn change_contacts(harness: &Harness) {
    let asha = &harness.session;
    let new = [
        (Contact::phone("+919000000007").unwrap(), "+919000000007"),
        (
            Contact::email("asha@work.example").unwrap(),
            "asha@work.example",
        ),
    ];
    for ((contact, to), (former, _)) in new.iter().zip(contacts()) {
        asha.add_contact(contact).await.unwrap();
        let added = harness.own(contact).await;
        harness.mock.clock().advance(Duration::from_secs(31));
        asha.request_verification_link(&added).await.unwrap();
        let code = harness.code(to);
        match contact {
            Contact::Email(_) => harness.client.verify_email_link(code).await.unwrap(),
            _ => harness.client.verify_phone_link(code).await.unwrap(),
        }
        asha.update_primary_contact(&harness.own(contact).await)
            .await
            .unwrap();
        asha.delete_contact(&harness.own(&former).await)
            .await
            .unwrap();
    }
}

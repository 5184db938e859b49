//! Runs Wunder's workflows.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{
    Client, MfaRequired, Session, SignIn, SignedProfileVerifier, SigningAlgorithm, TermsScope,
};

use super::calls::Calls;

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";

fn session(sign_in: SignIn) -> Session {
    match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor was expected"),
    }
}

fn mfa(sign_in: SignIn) -> MfaRequired {
    match sign_in {
        SignIn::MfaRequired(mfa) => mfa,
        SignIn::SignedIn(_) => panic!("a second factor was expected"),
    }
}

/// Runs the row that starts with this method; returns the operations that it called.
pub async fn run(first_method: &str) -> BTreeSet<String> {
    let mock = Wunder::start().await;
    let client = Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    let ada = WunderUser::new().phone(PHONE).email(EMAIL).branch("2");
    let ada = ada
        .password(PASSWORD)
        .social("google", "from-google".into());
    let id = mock.add_user(
        ada.social("gaiyo", "from-gaiyo".into())
            .created_by("service"),
    );
    mock.add_api_client("service", &"service-key".into());
    mock.add_terms(
        TermsScope::Branch("2".to_owned()),
        json!({"title": "Rental"}),
    );
    let ada = session(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
    let code_to = |to: &str| mock.outbox().last_code(to).unwrap();
    let calls = Calls::new("wunder", |id| mock.count(id));
    match first_method {
        "Client::branch" => {
            let branch = client.branch(48.2, 16.4).await.unwrap();
            let sign_in = client
                .sign_in_with_phone_code(&PHONE.parse().unwrap())
                .branch_id(branch.id());
            let pending = sign_in.send().await.unwrap();
            session(pending.confirm(code_to(PHONE)).await.unwrap());
        }
        "Client::sign_in_with_email_code" => {
            let sign_in = client.sign_in_with_email_code(EMAIL).branch_id("2");
            let pending = sign_in.send().await.unwrap();
            session(pending.confirm(code_to(EMAIL)).await.unwrap());
        }
        "Client::sign_in_with_password" => {
            session(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
        }
        "Client::sign_in_with_gaiyo" => {
            let login = json!({"token": "from-gaiyo"});
            session(client.sign_in_with_gaiyo(&login).await.unwrap());
        }
        "Client::sign_in_with_social" => {
            let login = json!({"provider": "google", "token": "from-google"});
            session(client.sign_in_with_social(&login).await.unwrap());
        }
        "Client::sign_in_with_api_client" => {
            let service = client
                .sign_in_with_api_client("service", vestibule::Secret::from("service-key"))
                .await;
            session(service.unwrap()).impersonate(&id).unwrap();
        }
        "Session::access_token" => {
            mock.clock().advance(Duration::from_secs(24 * 3_600));
            ada.access_token().await.unwrap();
        }
        "Session::sign_out" => ada.sign_out().await.unwrap(),
        "Session::request_openid_token" => {
            let token = json!({"token": "from-google"});
            ada.request_openid_token(&token).await.unwrap();
        }
        "Session::request_mfa_enrolment" => enrol(&mock, &ada).await,
        "MfaRequired::confirm" => {
            enrol(&mock, &ada).await;
            let needed = mfa(client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap());
            calls.reset();
            needed.confirm(next_code(&mock)).await.unwrap();
        }
        "Client::sign_up" => {
            let bob = client.sign_up().email("bob@example.org");
            bob.password(PASSWORD).send().await.unwrap();
        }
        "Client::sign_up_with_social" => {
            mock.add_social_account("google", &"from-bob".into(), Some("bob@example.org"));
            let login = json!({"email": "bob@example.org", "token": "from-bob"});
            client.sign_up_with_social(&login).await.unwrap();
        }
        "Session::signed_profile" => {
            let signed = ada.signed_profile().await.unwrap();
            let key = Wunder::SIGNED_DATA_KEY;
            let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256]);
            let verifier = verifier.unwrap().clock(mock.clock().clone());
            verifier.verify(signed.jwt()).unwrap();
        }
        "Client::reset_password_by_code" => {
            let reset = client.reset_password_by_code(EMAIL).await.unwrap();
            let set = reset
                .set_password(
                    code_to(EMAIL),
                    vestibule::NewPassword::new("a better horse"),
                )
                .await;
            set.unwrap();
        }
        "Session::verify_phone" => {
            let verification = ada.verify_phone().await.unwrap();
            verification.confirm(code_to(PHONE)).await.unwrap();
        }
        "Client::resend_email_verification" => {
            client.resend_email_verification(EMAIL).await.unwrap();
        }
        other => run_as(&ada, &client, other).await,
    }
    calls.made()
}

/// Workflows of a signed-in user.
async fn run_as(ada: &Session, client: &Client, first_method: &str) {
    match first_method {
        "Session::profile" => {
            ada.profile().await.unwrap();
            let change = ada.update_profile().member("firstName", "Ada");
            change.send().await.unwrap();
        }
        "Session::request_deletion" => drop(ada.request_deletion().await.unwrap()),
        "Session::verify_identity" => {
            ada.verify_identity(&json!({})).await.unwrap();
        }
        "Session::identity_cards" => drop(ada.identity_cards().next_page().await.unwrap()),
        "Client::terms" => {
            let mut terms = client.terms(TermsScope::Branch("2".to_owned()));
            let page = terms.next_page().await.unwrap().expect("a page");
            let id = page.items[0].id.as_ref().expect("an id").0.to_string();
            let terms = client.terms_by_id(id).await.unwrap();
            ada.accept_terms(&terms).await.unwrap();
        }
        "Session::accepted_terms" => {
            let mut accepted = ada.accepted_terms("2");
            accepted.next_page().await.unwrap();
        }
        "Session::onboarding" => {
            let onboarding = ada.onboarding("2").send().await.unwrap();
            assert!(!onboarding.is_done());
        }
        other => panic!("{other} is not run"),
    }
}

/// A code is valid once, so wait for the next one.
fn next_code(mock: &Wunder) -> String {
    mock.clock().advance(Duration::from_secs(30));
    mock.second_factor_code(EMAIL).unwrap()
}

async fn enrol(mock: &Wunder, ada: &Session) {
    let enrolment = ada.request_mfa_enrolment().await.unwrap();
    enrolment.qr_picture().await.unwrap();
    enrolment.confirm(next_code(mock)).await.unwrap();
}

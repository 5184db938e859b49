//! The flows of Wunder, with marks in whatever is entered and whatever a server answers.

use std::fmt::Debug;

use serde_json::{Value, json};
use vestibule::session::Tokens;
use vestibule::wunder::{Client, Session, SignIn, SignedProfileVerifier, SigningAlgorithm};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::Search;
use crate::marks::MARK;

const EMAIL: &str = "ada@example.org";

/// What a server answers to every call.
fn answers() -> [(&'static str, u16, Value); 4] {
    let all = |mfa: bool| {
        json!({
            "accessToken": MARK,
            "refreshToken": MARK,
            "mfaRequired": mfa,
            "secret": MARK,
            "otpauthUrl": format!("otpauth://totp/ada?secret={MARK}"),
            "phoneNumber": "+43123456789",
            "email": EMAIL,
            "signed": format!("{MARK}.{MARK}.{MARK}"),
            "further": MARK,
        })
    };
    let refused = json!({"errorCode": "U107", "userMessage": MARK});
    let asks = json!({"errorCode": "U301", "userMessage": MARK});
    [
        ("all", 200, all(false)),
        ("a second factor", 200, all(true)),
        ("a refusal", 401, refused),
        ("a step", 403, asks),
    ]
}

/// Looks at everything that a flow gives or fails with, and counts the looks.
struct Looking<'a> {
    search: &'a mut Search,
    what: &'static str,
    looks: usize,
}

impl Looking<'_> {
    fn at<T: Debug>(&mut self, flow: &str, value: T) -> T {
        let place = format!("wunder flow {flow}: {}", self.what);
        self.search.look(&place, &format!("{value:?} {value:#?}"));
        self.looks += 1;
        value
    }
}

pub async fn look(search: &mut Search) -> usize {
    let mut looks = 0;
    for (what, status, body) in answers() {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(any()).respond_with(answer).mount(&server).await;
        let client = Client::builder(server.uri(), "tenant01")
            .signature_key(MARK)
            .build()
            .unwrap();
        let mut looking = Looking {
            search: &mut *search,
            what,
            looks: 0,
        };
        without_session(&client, &mut looking).await;
        let tokens = Tokens::new(MARK, Some(MARK.into()));
        let session = Session::from_tokens(&client, tokens).await.unwrap();
        with_session(&session, &mut looking).await;
        looks += looking.looks;
    }
    looks
}

async fn without_session(client: &Client, looking: &mut Looking<'_>) {
    let login = json!({"token": MARK});
    let signed_in = looking.at("password", client.password_sign_in(EMAIL, MARK).await);
    if let Ok(SignIn::MfaRequired(mfa)) = signed_in {
        let enrolment = looking.at("enrol half signed in", mfa.enrol().await);
        looking
            .at(
                "enable half signed in",
                enrolment.unwrap().enable(MARK).await,
            )
            .unwrap();
        let _ = looking.at("validate", mfa.validate(MARK).await);
    }
    let _ = looking.at("social", client.social_sign_in(&login).await);
    let _ = looking.at("gaiyo", client.gaiyo_sign_in(&login).await);
    let _ = looking.at("api client", client.api_client_sign_in("id", MARK).await);
    let _ = looking.at("social sign-up", client.social_sign_up(&login).await);
    let registration = client.register().email(EMAIL).password(MARK);
    let registration = looking.at("registration", registration.member("further", MARK));
    let _ = looking.at("create", registration.create().await);
    let sign_in = looking.at("email code", client.email_code_sign_in(EMAIL, "2"));
    if let Ok(pending) = looking.at("send code", sign_in.send_code().await) {
        let _ = looking.at("confirm", pending.confirm(MARK).await);
    }
    if let Ok(reset) = looking.at("reset", client.request_password_reset(EMAIL).await) {
        let _ = looking.at("set password", reset.set_password(MARK, MARK).await);
    }
    let _ = looking.at("set password", client.set_password(MARK, MARK).await);
    let _ = looking.at(
        "malformed code",
        client.set_password(format!("{MARK}/"), MARK).await,
    );
    let verifier = SignedProfileVerifier::new(MARK, [SigningAlgorithm::Hs256]).unwrap();
    let token = format!("{MARK}.{MARK}.{MARK}").into();
    looking.at("verifier", &verifier);
    let _ = looking.at("verify", verifier.verify(&token));
}

async fn with_session(session: &Session, looking: &mut Looking<'_>) {
    if let Ok(enrolment) = looking.at("enrol", session.enrol_mfa().await) {
        looking.at("secret", (enrolment.secret(), enrolment.otpauth_uri()));
        let _ = looking.at("picture", enrolment.qr_picture().await);
        let _ = looking.at("enable", enrolment.enable(MARK).await);
    }
    if let Ok(sent) = looking.at("verify phone", session.verify_phone().await) {
        let _ = looking.at("check", sent.check(MARK).await);
    }
    let token = json!({"token": MARK});
    let _ = looking.at("exchange", session.exchange_openid_token(&token).await);
    let _ = looking.at(
        "start verification",
        session.start_verification(&token).await,
    );
    let change = looking.at("change", session.change_profile().member("further", MARK));
    let _ = looking.at("save", change.save().await);
    let _ = looking.at("signed", session.signed_profile().await);
    let _ = looking.at("deletion", session.request_deletion().await);
    let _ = looking.at("onboarding", session.onboarding("2").check().await);
    looking.at("session", session);
}

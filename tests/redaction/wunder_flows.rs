//! The flows of Wunder, with markers in every input and every response.

use std::fmt::Debug;

use serde_json::{Value, json};
use vestibule::session::Tokens;
use vestibule::wunder::{Client, Session, SignIn, SignedProfileVerifier, SigningAlgorithm};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::Search;
use crate::markers::MARKER;

const EMAIL: &str = "ada@example.org";

/// The server's response to every call.
fn responses() -> [(&'static str, u16, Value); 4] {
    let all = |mfa: bool| {
        json!({
            "accessToken": MARKER,
            "refreshToken": MARKER,
            "mfaRequired": mfa,
            "secret": MARKER,
            "otpauthUrl": format!("otpauth://totp/ada?secret={MARKER}"),
            "phoneNumber": "+43123456789",
            "email": EMAIL,
            "signed": format!("{MARKER}.{MARKER}.{MARKER}"),
            "further": MARKER,
        })
    };
    let refused = json!({"errorCode": "U107", "userMessage": MARKER});
    let asks = json!({"errorCode": "U301", "userMessage": MARKER});
    [
        ("all", 200, all(false)),
        ("a second factor", 200, all(true)),
        ("an api error", 401, refused),
        ("a step", 403, asks),
    ]
}

/// Searches every output and error of a flow, and counts them.
struct FlowSearch<'a> {
    search: &'a mut Search,
    what: &'static str,
    looks: usize,
}

impl FlowSearch<'_> {
    fn at<T: Debug>(&mut self, flow: &str, value: T) -> T {
        let place = format!("wunder flow {flow}: {}", self.what);
        self.search.check(&place, &format!("{value:?} {value:#?}"));
        self.looks += 1;
        value
    }
}

pub async fn search(search: &mut Search) -> usize {
    let mut looks = 0;
    for (what, status, body) in responses() {
        let server = MockServer::builder()
            .disable_request_recording()
            .start()
            .await;
        let response = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let client = Client::builder(server.uri())
            .tenant("tenant01")
            .signing_key(MARKER)
            .build()
            .unwrap();
        let mut looking = FlowSearch {
            search: &mut *search,
            what,
            looks: 0,
        };
        without_session(&client, &mut looking).await;
        let tokens = Tokens::new(MARKER, Some(MARKER.into()));
        let session = client.resume_with_tokens(tokens).await.unwrap();
        with_session(&session, &mut looking).await;
        looks += looking.looks;
    }
    looks
}

async fn without_session(client: &Client, looking: &mut FlowSearch<'_>) {
    let login = json!({"token": MARKER});
    let signed_in = looking.at(
        "password",
        client.sign_in_with_password(EMAIL, MARKER).await,
    );
    if let Ok(SignIn::MfaRequired(mfa)) = signed_in {
        let enrolment = looking.at(
            "enrol with provisional credential",
            mfa.request_mfa_enrolment().await,
        );
        looking
            .at(
                "enable with provisional credential",
                enrolment.unwrap().confirm(MARKER).await,
            )
            .unwrap();
        let _ = looking.at("validate", mfa.confirm(MARKER).await);
    }
    let _ = looking.at("social", client.sign_in_with_social(&login).await);
    let _ = looking.at("gaiyo", client.sign_in_with_gaiyo(&login).await);
    let _ = looking.at(
        "api client",
        client
            .sign_in_with_api_client("id", vestibule::Secret::from(MARKER))
            .await,
    );
    let _ = looking.at("social sign-up", client.sign_up_with_social(&login).await);
    let registration = client.sign_up().email(EMAIL).password(MARKER);
    let registration = looking.at("registration", registration.member("further", MARKER));
    let _ = looking.at("create", registration.send().await);
    let sign_in = looking.at(
        "email code",
        client.sign_in_with_email_code(EMAIL).branch_id("2"),
    );
    if let Ok(pending) = looking.at("send code", sign_in.send().await) {
        let _ = looking.at("confirm", pending.confirm(MARKER).await);
    }
    if let Ok(reset) = looking.at("reset", client.reset_password_by_code(EMAIL).await) {
        let _ = looking.at(
            "set password",
            reset
                .set_password(MARKER, vestibule::NewPassword::new(MARKER))
                .await,
        );
    }
    let _ = looking.at(
        "set password",
        client
            .set_password(MARKER, vestibule::NewPassword::new(MARKER))
            .await,
    );
    let _ = looking.at(
        "malformed code",
        client
            .set_password(format!("{MARKER}/"), vestibule::NewPassword::new(MARKER))
            .await,
    );
    let verifier = SignedProfileVerifier::new(MARKER.repeat(8), [SigningAlgorithm::Hs256]).unwrap();
    let token = format!("{MARKER}.{MARKER}.{MARKER}").into();
    looking.at("verifier", &verifier);
    let _ = looking.at("verify", verifier.verify(&token));
}

async fn with_session(session: &Session, looking: &mut FlowSearch<'_>) {
    if let Ok(enrolment) = looking.at("enrol", session.request_mfa_enrolment().await) {
        looking.at("secret", (enrolment.secret(), enrolment.otpauth_uri()));
        let _ = looking.at("picture", enrolment.qr_picture().await);
        let _ = looking.at("enable", enrolment.confirm(MARKER).await);
    }
    if let Ok(sent) = looking.at("verify phone", session.verify_phone().await) {
        let _ = looking.at("check", sent.confirm(MARKER).await);
    }
    let token = json!({"token": MARKER});
    let _ = looking.at("exchange", session.request_openid_token(&token).await);
    let _ = looking.at("start verification", session.verify_identity(&token).await);
    let change = looking.at("change", session.update_profile().member("further", MARKER));
    let _ = looking.at("save", change.send().await);
    let _ = looking.at("signed", session.signed_profile().await);
    let _ = looking.at("deletion", session.request_deletion().await);
    let _ = looking.at("onboarding", session.onboarding("2").send().await);
    looking.at("session", session);
}

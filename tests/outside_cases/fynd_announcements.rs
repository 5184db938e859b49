//! Fynd: what the start of a sign-in and a change of a profile announce, and arguments of the vendor's
//! page that flows can set.

use std::time::Duration;

use serde_json::{Value, json};
use vestibule::fynd::{PendingCode, SignIn, SocialSignIn};
use vestibule::{ErrorKind, Phone, Settings};
use wiremock::MockServer;

use super::fynd::{EMAIL, asha, client_of, phone, requests, scripted, with_asha};

/// The body of the newest request to a path.
async fn body(server: &MockServer, path: &str) -> Value {
    let requests = requests(server, path).await;
    serde_json::from_slice(&requests.last().unwrap().body).unwrap()
}

const SENT: &str = r#"{"success":true,"request_id":"r","resend_token":"t","resend_timer":0}"#;
const USER: &str = r#"{"user":{"_id":"u1"},"user_exists":true}"#;
const SESSION: &str = "f.session=user; Path=/";

/// The vendor's page: `SendOtp` names a mailbox, and which codes are mandatory for registration.
#[tokio::test]
async fn what_the_start_of_a_sign_in_announces_reaches_the_caller() {
    let announced = r#"{"success":true,"request_id":"r","resend_token":"t","resend_timer":0,
        "email":"asha@example.com","resend_email_token":"e","register_token":"g",
        "verify_email_otp":true,"verify_mobile_otp":false,"user_exists":true}"#;
    let (server, client) = scripted(&[
        ("/login/otp", "f.session=visitor; Path=/", announced),
        (
            "/otp/email/send",
            "",
            r#"{"success":true,"resend_email_token":"e2"}"#,
        ),
        ("/otp/email/verify", SESSION, USER),
    ])
    .await;
    let pending = client
        .sign_in_with_phone_code(&phone())
        .send()
        .await
        .unwrap();
    let check = |pending: &PendingCode| {
        assert_eq!(pending.announced_email(), Some(EMAIL));
        assert_eq!(pending.requires_email_code(), Some(true));
        assert_eq!(pending.requires_phone_code(), Some(false));
        assert_eq!(pending.user_exists(), Some(true));
        assert!(!format!("{pending:?}").contains("asha"));
    };
    check(&pending);
    let Ok(vestibule::fynd::Challenge::PendingCode(mut pending)) =
        client.resume_challenge(pending.id()).await
    else {
        panic!("the code can be resumed");
    };
    check(&pending);

    for token in ["e", "e2"] {
        pending.resend_email().await.unwrap();
        let expected = json!(
            {"email": EMAIL, "action": "resend", "token": token, "register_token": "g"}
        );
        assert_eq!(body(&server, "/otp/email/send").await, expected);
    }
    let session = pending.confirm_email("1234").await.unwrap().signed_in();
    assert!(session.is_some());
    let expected = json!(
        {"email": EMAIL, "otp": "1234", "register_token": "g", "action": "register"}
    );
    assert_eq!(body(&server, "/otp/email/verify").await, expected);
    let sent = requests(&server, "/otp/email/verify").await;
    assert_eq!(sent[0].headers["cookie"], "f.session=visitor");

    let (_server, client) = scripted(&[("/login/otp", "", SENT)]).await;
    let mut pending = client
        .sign_in_with_phone_code(&phone())
        .send()
        .await
        .unwrap();
    assert_eq!(pending.announced_email(), None);
    assert_eq!(pending.user_exists(), None);
    let error = pending.resend_email().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepRequired);
    let failed = pending.confirm_email("1234").await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::StepRequired);
}

/// The vendor's page of `otp/email/send`: during a registration its token goes along.
#[tokio::test]
async fn a_code_by_email_is_requested_and_confirmed_with_one_token_of_the_registration() {
    for of_response in ["", r#","register_token":"theirs""#] {
        let announced = format!(
            r#"{{"success":true,"request_id":"r","resend_token":"t","resend_timer":0,
                "email":"asha@example.com","resend_email_token":"e"{of_response}}}"#
        );
        let sent = r#"{"success":true,"resend_email_token":"e2"}"#;
        let (server, client) = scripted(&[
            ("/login/otp", "", &announced),
            ("/otp/email/send", "", sent),
            ("/otp/email/verify", SESSION, USER),
        ])
        .await;
        let sign_in = client.sign_in_with_phone_code(&phone());
        let pending = sign_in.register_token("ours").send().await;
        let mut pending = pending.unwrap();
        pending.resend_email().await.unwrap();
        let sent = body(&server, "/otp/email/send").await;
        assert_eq!(sent["register_token"], "ours");
        let _ = pending.confirm_email("1234").await.unwrap();
        let verified = body(&server, "/otp/email/verify").await;
        assert_eq!(verified["register_token"], "ours");
    }
}

/// The server sends a code that the client did not ask for, while the timer of an earlier one runs.
#[tokio::test]
async fn a_code_to_a_contact_that_only_the_response_names_can_be_confirmed() {
    let sent = r#"{"success":true,"request_id":"r","resend_token":"t","resend_timer":30}"#;
    let changed = r#"{"success":true,"user":{"_id":"u1"},"mobile":"9000000001","country_code":"91",
        "user_exists":true,"verify_mobile_otp":true,"request_id":"r2","resend_token":"t2",
        "resend_timer":30}"#;
    let (server, client) = scripted(&[
        ("/login/otp", "", sent),
        ("/v1.0/detail", "", changed),
        ("/otp/mobile/verify", "", USER),
    ])
    .await;
    let first = client.sign_in_with_phone_code(&phone()).send().await;
    let first = first.unwrap();
    let session = client.resume_with_cookies([("f.session", "user")]).await;
    let change = session.unwrap().update_profile().first_name("Asha");
    let codes = change.send().await.unwrap().codes.expect("a code was sent");
    let confirmed = codes.confirm_phone("1234").await.unwrap();
    assert!(matches!(confirmed, SignIn::SignedIn(_)), "{confirmed:?}");
    let error = first.confirm("1234").await.unwrap_err().error;
    assert_eq!(error.kind(), ErrorKind::StepRequired, "{error}");
    assert_eq!(requests(&server, "/otp/mobile/verify").await.len(), 1);
}

/// One of the vendor's examples spells `resendToken` and `userExists`.
#[tokio::test]
async fn both_spellings_of_a_member_are_read() {
    let sent = r#"{"success":true,"request_id":"r","resendToken":"t","userExists":false,"resend_timer":0}"#;
    let (server, client) = scripted(&[
        ("/login/otp", "", sent),
        ("/otp/mobile/send", "", sent),
        (
            "/otp/mobile/verify",
            "f.session=visitor; Path=/",
            r#"{"userExists":false,"register_token":"g","user":{"_id":"u1"}}"#,
        ),
    ])
    .await;
    let mut pending = client
        .sign_in_with_phone_code(&phone())
        .send()
        .await
        .unwrap();
    assert_eq!(pending.user_exists(), Some(false));
    for _ in 0..2 {
        pending.resend().await.unwrap();
        assert_eq!(body(&server, "/otp/mobile/send").await["token"], "t");
    }
    let step = pending.confirm("1234").await.unwrap();
    assert!(matches!(step, SignIn::ProfileRequired(_)), "{step:?}");
}

/// The vendor's page: what the requests of a sign-in take.
#[tokio::test]
async fn a_sign_in_sends_every_argument_that_is_set() {
    let (server, client) = scripted(&[
        ("/login/otp", "", SENT),
        ("/otp/mobile/send", "", SENT),
        ("/otp/mobile/verify", SESSION, USER),
        ("/otp/email/send", "", r#"{"resend_email_token":"e"}"#),
        ("/otp/email/verify", SESSION, USER),
        ("/login/google-token", SESSION, USER),
        ("/register/form", "", r#"{"register_token":"g2"}"#),
        (
            "/login/password/mobile/reset",
            "",
            r#"{"status":"success"}"#,
        ),
    ])
    .await;
    let sign_in = client.sign_in_with_phone_code(&phone()).encrypt_otp(true);
    let sign_in = sign_in.force("a text").captcha_code("c1").android_hash("h");
    let mut pending = sign_in.register_token("g").send().await.unwrap();
    let expected = json!({
        "mobile": "9000000001", "country_code": "91", "encrypt_otp": true,
        "android_hash": "h", "captcha_code": "c1",
    });
    assert_eq!(body(&server, "/login/otp").await, expected);
    pending.resend_with_captcha("c2").await.unwrap();
    let mut expected = json!({
        "mobile": "9000000001", "country_code": "91", "encrypt_otp": true, "force": "a text",
        "android_hash": "h", "captcha_code": "c2", "action": "resend", "token": "t",
    });
    assert_eq!(body(&server, "/otp/mobile/send").await, expected);
    // The solution of a captcha is valid once.
    pending.resend().await.unwrap();
    expected.as_object_mut().unwrap().remove("captcha_code");
    assert_eq!(body(&server, "/otp/mobile/send").await, expected);
    assert!(pending.confirm("1234").await.unwrap().signed_in().is_some());
    let expected = json!({"request_id": "r", "register_token": "g", "otp": "1234"});
    assert_eq!(body(&server, "/otp/mobile/verify").await, expected);

    let sign_in = client.sign_in_with_email_code(EMAIL).register_token("g");
    let pending = sign_in.send().await.unwrap();
    let expected = json!({"email": EMAIL, "register_token": "g", "action": "send"});
    assert_eq!(body(&server, "/otp/email/send").await, expected);
    assert!(pending.confirm("1234").await.unwrap().signed_in().is_some());
    assert_eq!(
        body(&server, "/otp/email/verify").await["register_token"],
        "g"
    );

    for is_signed_in in [true, false] {
        let account = SocialSignIn::google("t").is_signed_in(is_signed_in);
        let signed_in = client.sign_in_with_social(account).await.unwrap();
        assert!(signed_in.signed_in().is_some());
        let sent = body(&server, "/login/google-token").await;
        assert_eq!(sent["is_signed_in"], is_signed_in);
    }
    let form = client.sign_up("Asha").register_token("g");
    let step = form.send().await.unwrap();
    assert!(matches!(step, SignIn::ProfileRequired(_)), "{step:?}");
    assert_eq!(body(&server, "/register/form").await["register_token"], "g");

    client
        .reset_password_by_link_with_captcha(phone(), "c3")
        .await
        .unwrap();
    let sent = body(&server, "/login/password/mobile/reset").await;
    assert_eq!(sent["captcha_code"], "c3");
    // Another client has a store of its own, and with it no wait.
    let client = client_of(&server.uri());
    client.reset_password_by_link(phone()).await.unwrap();
    let sent = body(&server, "/login/password/mobile/reset").await;
    assert_eq!(sent, json!({"mobile": "9000000001", "country_code": "91"}));
}

/// The vendor's page: the query parameters of the configuration and of the attributes.
#[tokio::test]
async fn the_name_of_an_application_and_the_slug_of_an_attribute_are_sent() {
    let (server, client) = scripted(&[
        ("/platform/v1.0/config", "", r#"{"display":"A shop"}"#),
        ("/user-attributes", "", r#"{"attributes":{"size":"M"}}"#),
    ])
    .await;
    client.platform_config().await.unwrap();
    client.platform_config_of("64b0").await.unwrap();
    client.deletion_terms_of("64b1").await.unwrap();
    let sent = requests(&server, "/platform/v1.0/config").await;
    let queries: Vec<_> = sent.iter().map(|it| it.url.query()).collect();
    assert_eq!(queries, [None, Some("name=64b0"), Some("name=64b1")]);
    let error = client.platform_config_of(" ").await.unwrap_err();
    assert_eq!(error.field(), Some("name"));

    let session = client.resume_with_cookies([("f.session", "user")]).await;
    let session = session.unwrap();
    assert_eq!(
        session.attributes_of_slug("size").await.unwrap()["size"],
        "M"
    );
    let sent = requests(&server, "/user-attributes").await;
    assert_eq!(sent[0].url.query(), Some("slug=size"));
    let error = session.attributes_of_slug("").await.unwrap_err();
    assert_eq!(error.field(), Some("slug"));
}

/// The vendor's page: a profile takes contacts, and gives a request id and tokens for another message.
#[tokio::test]
async fn a_change_of_contacts_sends_all_it_takes_and_gives_codes_to_confirm() {
    let changed = r#"{"success":true,"user":{"_id":"u1"},"user_exists":true,
        "verify_mobile_otp":true,"verify_email_otp":true,"verify_email_link":true,
        "request_id":"r","resend_token":"t","resend_email_token":"e","resend_timer":0}"#;
    let (server, client) = scripted(&[
        ("/v1.0/detail", "", changed),
        ("/otp/mobile/send", "", SENT),
        (
            "/otp/email/send",
            "",
            r#"{"success":true,"resend_email_token":"e2"}"#,
        ),
        ("/otp/mobile/verify", "", USER),
        ("/otp/email/verify", "", "{}"),
    ])
    .await;
    let session = client.resume_with_cookies([("f.session", "user")]).await;
    let session = session.unwrap();
    let change = session.update_profile().phone(phone()).email(EMAIL);
    let change = change.sender("S").encrypt_otp(false).android_hash("h");
    let update = change.register_token("g").send().await.unwrap();
    let expected = json!({
        "mobile": {"phone": "9000000001", "country_code": "91"}, "email": EMAIL,
        "sender": "S", "encrypt_otp": false, "android_hash": "h", "register_token": "g",
    });
    assert_eq!(body(&server, "/v1.0/detail").await, expected);
    assert!(update.user.is_some() && update.email_link_was_sent);
    let mut codes = update.codes.unwrap();
    assert_eq!(codes.request_id(), Some("r"));
    codes.resend_phone_with_captcha("c").await.unwrap();
    let sent = body(&server, "/otp/mobile/send").await;
    assert_eq!(
        (&sent["token"], &sent["captcha_code"]),
        (&json!("t"), &json!("c"))
    );
    // As the first message.
    assert_eq!(
        (&sent["encrypt_otp"], &sent["android_hash"]),
        (&json!(false), &json!("h"))
    );
    codes.resend_email().await.unwrap();
    assert_eq!(body(&server, "/otp/email/send").await["token"], "e");
    let SignIn::SignedInWithCodes(same, codes) = codes.confirm_phone("1234").await.unwrap() else {
        panic!("the code by e-mail remains");
    };
    assert_eq!(same.id(), session.id());
    assert!(codes.phone().is_none() && codes.email().is_some());
    let signed_in = codes.confirm_email("5678").await.unwrap();
    assert!(matches!(signed_in, SignIn::SignedIn(_)), "{signed_in:?}");
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.headers["cookie"], "f.session=user");
    }

    let change = session.update_profile().email("no address").send().await;
    assert_eq!(change.unwrap_err().field(), Some("email"));
    let soon = session
        .update_profile()
        .first_name("A")
        .send()
        .await
        .unwrap();
    assert!(
        soon.codes.is_none(),
        "codes to contacts that neither side names"
    );
}

/// A success status beside `success: false`, for a call that may send two messages.
#[tokio::test]
async fn a_change_of_contacts_that_is_denied_starts_no_timer() {
    let (_server, client) = scripted(&[("/v1.0/detail", "", r#"{"success":false}"#)]).await;
    let session = client.resume_with_cookies([("f.session", "user")]).await;
    let session = session.unwrap();
    for _ in 0..3 {
        let change = session.update_profile().phone(phone()).send().await;
        assert_eq!(change.unwrap_err().kind(), ErrorKind::Rejected);
    }
}

/// The mailbox that a sign-in by phone announces may have got a message from elsewhere.
#[tokio::test]
async fn a_code_to_an_announced_mailbox_waits_for_the_last_message_to_it() {
    let announced = r#"{"success":true,"request_id":"r","resend_token":"t","resend_timer":0,
        "email":"asha@example.com","resend_email_token":"e"}"#;
    let sent = r#"{"success":true,"resend_email_token":"e2"}"#;
    let (server, client) =
        scripted(&[("/login/otp", "", announced), ("/otp/email/send", "", sent)]).await;
    let first = client.sign_in_with_email_code(EMAIL).send().await;
    let _ = first.unwrap();
    let pending = client.sign_in_with_phone_code(&phone()).send().await;
    let mut pending = pending.unwrap();
    let before = server.received_requests().await.unwrap().len();
    let error = pending.resend_email().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert!(error.retry_after().is_some());
    assert_eq!(server.received_requests().await.unwrap().len(), before);
}

/// The official clients send the cookie with every call, also to a public one.
#[tokio::test]
async fn the_code_for_a_deletion_is_requested_with_the_session() {
    let (mock, client) = with_asha().await;
    let session = asha(&client).await;
    let terms = client.deletion_terms().await.unwrap();
    let reason = terms.reasons.into_iter().next().unwrap();
    let deletion = session.request_deletion(reason, phone()).captcha_code("c");
    let pending = deletion.send().await.unwrap();
    let requests = mock.requests();
    let sent = |operation| {
        let mut requests = requests.iter().rev();
        requests
            .find(|request| request.operation == Some(operation))
            .unwrap()
    };
    let cookie = sent("get_logged_in_user").header("cookie");
    assert!(cookie.is_some());
    assert_eq!(sent("send_otp_on_mobile").header("cookie"), cookie);
    let code = mock.outbox().last_code("+919000000001").unwrap();
    pending.confirm(code).await.unwrap();
}

/// Whether a wait has just begun.
fn is_about(rest: Duration, wait: Duration) -> bool {
    rest <= wait && rest + Duration::from_secs(5) >= wait
}

/// The waits and the tries of the official clients are defaults.
#[tokio::test]
async fn the_wait_between_messages_and_the_wrong_codes_are_settings() {
    let sent = r#"{"success":true,"request_id":"r","resend_token":"t"}"#;
    let (server, _) = scripted(&[("/login/otp", "", sent), ("/otp/mobile/send", "", sent)]).await;
    let client = |settings: Settings| {
        let builder = vestibule::fynd::Client::builder("64b000000000000000000001");
        let builder = builder
            .application_token("test-token")
            .base_url(server.uri());
        builder.settings(settings).build().unwrap()
    };
    let seconds = Duration::from_secs;
    for (settings, wait, tries) in [
        (Settings::new(), 30, 5),
        (
            Settings::new().resend_wait(seconds(90)).max_wrong_codes(2),
            90,
            2,
        ),
        (
            Settings::new().resend_wait(seconds(0)).max_wrong_codes(0),
            0,
            1,
        ),
    ] {
        let client = client(settings);
        let mut pending = client
            .sign_in_with_phone_code(&phone())
            .send()
            .await
            .unwrap();
        let rest = pending.resend_timer().remaining();
        assert!(is_about(rest, seconds(wait)), "{rest:?}");
        assert_eq!(pending.resend().await.is_ok(), wait == 0);
        assert_eq!(pending.tries_left(), tries);
        for left in (0..tries).rev() {
            // The path is not scripted: 404.
            let failed = pending.confirm("1234").await.unwrap_err();
            assert_ne!(failed.error.kind(), ErrorKind::StepRequired);
            pending = failed.state;
            assert_eq!(pending.tries_left(), left);
        }
        let failed = pending.confirm("1234").await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::StepRequired);
    }
}

/// The wait of GoodCity's own clients, and none for Wunder, are defaults.
#[tokio::test]
async fn the_waits_of_other_systems_are_settings_too() {
    use vestibule::testing::{GoodCity, GoodCityUser, Wunder};

    let wait = Duration::from_secs(90);
    let settings = || Settings::new().resend_wait(wait).max_wrong_codes(1);
    let mock = GoodCity::start().await;
    let number = Phone::parse("+85261234567").unwrap();
    mock.add_user(
        GoodCityUser::new(number.clone())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app");
    let client = client.clock(mock.clock().clone()).settings(settings());
    let pending = client
        .build()
        .unwrap()
        .sign_in_with_pin(&number)
        .await
        .unwrap();
    assert!(is_about(pending.resend_timer().remaining(), wait));
    assert_eq!(pending.tries_left(), 1);
    let failed = pending.confirm("0000").await.unwrap_err();
    let failed = failed.state.confirm("0000").await.unwrap_err();
    assert_eq!(failed.error.kind(), ErrorKind::StepRequired);

    let mock = Wunder::start().await;
    let client = |own: Option<Duration>| {
        let builder = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
        let builder = builder
            .signing_key(Wunder::SIGNING_KEY)
            .clock(mock.clock().clone());
        let builder = builder.settings(settings());
        match own {
            Some(wait) => builder.resend_wait(wait).build().unwrap(),
            None => builder.build().unwrap(),
        }
    };
    let number = Phone::parse("+43123456789").unwrap();
    let send = |own| {
        client(own)
            .sign_in_with_phone_code(&number)
            .branch_id("2")
            .send()
    };
    let pending = send(None).await.unwrap();
    assert!(is_about(pending.resend_timer().remaining(), wait));
    let pending = send(Some(Duration::ZERO)).await.unwrap();
    assert!(pending.resend_timer().remaining().is_zero());
}

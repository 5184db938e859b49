//! Fynd: members that decide whether a user exists and whether a code was sent, in every odd form.

use std::fmt::Debug;

use vestibule::fynd::{Client, SignIn, SocialSignIn};
use vestibule::{Error, ErrorKind};
use wiremock::MockServer;

use super::fynd::{EMAIL, phone, scripted};

const VISITOR: &str = "f.session=visitor; Path=/";
const SENT: &str = r#"{"success":true,"request_id":"r","resend_token":"t","resend_timer":0}"#;

/// Values that are neither true nor false, and members that are there twice; MEMBER is its name.
const UNREADABLE: [&str; 24] = [
    "0",
    "1",
    "2",
    "-1",
    "1.0",
    "1e999",
    r#""""#,
    r#""0""#,
    r#""1""#,
    r#""True""#,
    r#""FALSE""#,
    r#""yes""#,
    r#""no""#,
    r#""null""#,
    r#"" true""#,
    r#""true\ud83d""#,
    "{}",
    "[]",
    "[true]",
    r#"{"value":true}"#,
    r#"true,"MEMBER":false"#,
    r#"false,"MEMBER":true"#,
    r#"true,"MEMBER":true"#,
    r#"null,"MEMBER":true"#,
];

/// The readable values, and what they say.
const READABLE: [(&str, Option<bool>); 5] = [
    ("true", Some(true)),
    (r#""true""#, Some(true)),
    ("false", Some(false)),
    (r#""false""#, Some(false)),
    ("null", None),
];

/// Every value of a member as JSON members, and what the member says: `when_unreadable` counts for
/// those that are neither true nor false.
fn values(
    member: &str,
    when_unreadable: Option<bool>,
) -> impl Iterator<Item = (String, Option<bool>)> {
    let unreadable = UNREADABLE.map(|value| (value, when_unreadable)).into_iter();
    let values = unreadable.chain(READABLE);
    values.map(move |(value, said)| {
        let member = format!(r#""{member}":{value}"#).replace("MEMBER", member);
        (member, said)
    })
}

/// A server that signs in with this body, whatever the way.
async fn signing_in(body: &str) -> (MockServer, Client) {
    scripted(&[
        ("/login/otp", "", SENT),
        ("/otp/email/send", "", SENT),
        ("/otp/mobile/verify", VISITOR, body),
        ("/otp/email/verify", VISITOR, body),
        ("/login/google-token", VISITOR, body),
    ])
    .await
}

/// The results of a sign-in by each code and by a social account.
async fn sign_ins(client: &Client) -> [SignIn; 3] {
    let mobile = client.sign_in_with_phone_code(&phone()).send();
    let email = client.sign_in_with_email_code(EMAIL).send();
    let social = SocialSignIn::google("a token");
    [
        mobile.await.unwrap().confirm("1234").await.unwrap(),
        email.await.unwrap().confirm("1234").await.unwrap(),
        client.sign_in_with_social(social).await.unwrap(),
    ]
}

fn kind<T: Debug>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    result.unwrap_err().into().kind()
}

/// A registration that may be unfinished, in a response that names a user.
#[tokio::test]
async fn an_unreadable_user_exists_continues_a_registration_that_may_be_unfinished() {
    for name in ["user_exists", "userExists"] {
        for (member, said) in values(name, Some(false)) {
            let body = format!(r#"{{"user":{{"_id":"u1"}},"register_token":"g",{member}}}"#);
            let (_server, client) = signing_in(&body).await;
            for step in sign_ins(&client).await {
                let continues = matches!(step, SignIn::ProfileRequired(_));
                assert_eq!(continues, said == Some(false), "{member}: {step:?}");
                assert_eq!(step.signed_in().is_some(), !continues, "{member}");
            }
        }
    }
}

/// Two spellings that say different things.
#[tokio::test]
async fn contradictory_spellings_of_user_exists_continue_the_registration() {
    for (members, continues) in [
        (r#""user_exists":true,"userExists":false"#, true),
        (r#""user_exists":false,"userExists":true"#, true),
        (r#""user_exists":1,"userExists":true"#, true),
        (r#""user_exists":true,"userExists":"yes""#, true),
        (r#""user_exists":true,"userExists":true"#, false),
        (r#""user_exists":true,"userExists":null"#, false),
        (r#""user_exists":null,"userExists":"true""#, false),
    ] {
        let body = format!(r#"{{"user":{{"_id":"u1"}},"register_token":"g",{members}}}"#);
        let (_server, client) = signing_in(&body).await;
        for step in sign_ins(&client).await {
            let profile = matches!(step, SignIn::ProfileRequired(_));
            assert_eq!(profile, continues, "{members}: {step:?}");
        }
    }
}

/// A code that was announced in an odd form.
#[tokio::test]
async fn an_unreadable_announcement_of_a_code_counts_as_one() {
    let sent = r#""success":true,"request_id":"r","resend_token":"t","resend_email_token":"e""#;
    for (name, by_mobile) in [("verify_mobile_otp", true), ("verify_email_otp", false)] {
        for (member, said) in values(name, Some(true)) {
            let announces = said == Some(true);
            let form = format!(r#"{{{sent},"register_token":"g",{member}}}"#);
            let profile = format!(r#"{{{sent},"user":{{"_id":"u1"}},{member}}}"#);
            let (_server, client) = scripted(&[
                ("/register/form", VISITOR, &form),
                (
                    "/login/google-token",
                    "",
                    r#"{"user_exists":false,"register_token":"g"}"#,
                ),
                ("/v1.0/detail", VISITOR, &profile),
            ])
            .await;
            let check = |step: &SignIn, at: &str| {
                let codes = match step {
                    SignIn::CodesRequired(codes) | SignIn::SignedInWithCodes(_, codes) => codes,
                    _ => return assert!(!announces, "{at} {member}: {step:?}"),
                };
                assert!(announces, "{at} {member}");
                assert_eq!(codes.phone().is_some(), by_mobile, "{at} {member}");
                assert_eq!(codes.email().is_some(), !by_mobile, "{at} {member}");
            };
            let form = client.sign_up("Asha").phone(phone()).email(EMAIL);
            let form = form.send().await.unwrap();
            check(&form, "form");
            assert!(form.signed_in().is_none(), "{member}");

            // Another client: the timers of the contacts run at the first one.
            let client = super::fynd::client_of(&_server.uri());
            let social = SocialSignIn::google("a token");
            let new = client.sign_in_with_social(social).await.unwrap();
            let SignIn::ProfileRequired(profile) = new else {
                panic!("{new:?}: a profile is required");
            };
            let profile = profile.first_name("Asha").phone(phone()).email(EMAIL);
            let signed_in = profile.send().await.unwrap();
            check(&signed_in, "profile");
            assert!(signed_in.signed_in().is_some(), "{member}");
        }
    }
}

/// What only the caller decides by has no safe value.
#[tokio::test]
async fn an_unreadable_announcement_of_a_sign_in_says_nothing() {
    for name in ["user_exists", "userExists"] {
        for (member, said) in values(name, None) {
            let body = SENT.replace('}', &format!(",{member}}}"));
            let (_server, client) = scripted(&[("/login/otp", "", &body)]).await;
            let sent = client.sign_in_with_phone_code(&phone()).send().await;
            assert_eq!(sent.unwrap().user_exists(), said, "{member}");
        }
    }
    for name in ["verify_mobile_otp", "verify_email_otp"] {
        for (member, said) in values(name, None) {
            let body = SENT.replace('}', &format!(",{member}}}"));
            let (_server, client) = scripted(&[("/login/otp", "", &body)]).await;
            let sent = client
                .sign_in_with_phone_code(&phone())
                .send()
                .await
                .unwrap();
            let told = match name {
                "verify_mobile_otp" => sent.requires_phone_code(),
                _ => sent.requires_email_code(),
            };
            assert_eq!(told, said, "{member}");
        }
    }
}

/// A look-up of a user whose result cannot be read.
#[tokio::test]
async fn an_unreadable_look_up_of_a_user_is_no_result() {
    for (member, said) in values("user_exists", None) {
        let body = format!("{{{member}}}");
        let (_server, client) = scripted(&[("/user-exists", "", &body)]).await;
        let found = client.user_exists(EMAIL).await;
        match said {
            Some(said) => assert_eq!(found.unwrap(), said, "{member}"),
            None => assert_eq!(kind(found), ErrorKind::InvalidResponse, "{member}"),
        }
    }
}

//! Input that is refused before it is sent, and values that are never shown.

use vestibule::Contact;
use vestibule::fynd::SocialSignIn;

use super::*;

#[track_caller]
fn field<T: Debug>(result: Result<T, impl Into<Error>>) -> String {
    let error = result.unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.field().unwrap().to_owned()
}

#[tokio::test]
async fn wrong_input_is_named_and_never_sent() {
    let harness = Harness::start().await;
    let client = &harness.client;
    assert_eq!(
        field(client.sign_in_with_password(" ", "x").await),
        "username"
    );
    assert_eq!(
        field(client.sign_in_with_password("x", "").await),
        "password"
    );
    assert_eq!(field(client.sign_in_with_token("").await), "token");
    let social = async |account| field(client.sign_in_with_social(account).await);
    assert_eq!(social(SocialSignIn::google("")).await, "access_token");
    assert_eq!(
        social(SocialSignIn::facebook("x").email("x")).await,
        "email"
    );
    assert_eq!(
        social(SocialSignIn::apple("").id("x")).await,
        "identity_token"
    );
    assert_eq!(social(SocialSignIn::apple("x").id("")).await, "id");

    for address in ["", "asha", "@example.com", "asha@", "a b@example.com"] {
        let sent = client.sign_in_with_email_code(address).send().await;
        assert_eq!(field(sent), "email");
        let sent = client.sign_up("Asha").email(address).send().await;
        assert_eq!(field(sent), "email");
        assert_eq!(field(Contact::email(address)), "email");
    }
    let form = || client.sign_up("Asha");
    assert_eq!(field(client.sign_up(" ").send().await), "first_name");
    assert_eq!(field(form().password("").send().await), "password");
    assert_eq!(field(client.user_exists("").await), "q");
    assert_eq!(field(client.verify_phone_link("").await), "code");
    assert_eq!(field(client.verify_email_link(" ").await), "code");
    assert_eq!(field(client.password_link("").verify().await), "code");
    assert!(harness.mock.journal().is_empty());
}

#[tokio::test]
async fn wrong_input_of_a_session_is_named_and_never_sent() {
    let (harness, _) = Harness::with_asha().await;
    let asha = harness.asha().await;
    let before = harness.mock.journal().len();
    assert_eq!(
        field(
            asha.update_password(
                vestibule::CurrentPassword::new(""),
                vestibule::NewPassword::new("x")
            )
            .await
        ),
        "old_password"
    );
    assert_eq!(
        field(
            asha.update_password(
                vestibule::CurrentPassword::new("x"),
                vestibule::NewPassword::new("")
            )
            .await
        ),
        "new_password"
    );
    let change = asha.update_profile().first_name(" ");
    assert_eq!(field(change.send().await), "first_name");
    assert_eq!(harness.mock.journal().len(), before);
}

#[tokio::test]
async fn debug_shows_no_secret_and_no_contact() {
    let (harness, _) = Harness::with_asha().await;
    let client = &harness.client;
    let form = client.sign_up("Bela").password("a-secret-password");
    let form = form
        .email("bela@example.com")
        .phone(vestibule::Phone::parse("+919000000002").unwrap());
    let social = SocialSignIn::google("a-secret-token").email("bela@example.com");
    let link = client.password_link("a-secret-code");
    let mut shown = format!("{form:?} {social:?} {link:?}");
    let sent = codes(form.send().await.unwrap());
    let forgotten_password = client.reset_password_by_code(Contact::email(EMAIL).unwrap());
    let pending = forgotten_password.clone().send().await.unwrap();
    shown += &format!(
        "{sent:?} {forgotten_password:?} {pending:?} {:?}",
        sent.email()
    );
    let right = harness.code(EMAIL);
    let returned = sent.confirm_email("a-wrong-code").await.unwrap_err();
    shown += &format!("{returned:?} {returned}");
    let step = pending.confirm(right.as_str()).await.unwrap();
    let asha = harness.asha().await;
    shown += &format!("{step:?} {:?}", asha.contacts().await.unwrap());
    let secrets = [
        "secret",
        "example.com",
        "9000000",
        "wrong",
        asha.id().expose(),
    ];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(!shown.contains(right.as_str()), "{shown}");
}

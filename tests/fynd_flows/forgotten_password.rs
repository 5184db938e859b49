//! A forgotten password, by code and by link.

use vestibule::Contact;
use vestibule::fynd::{Challenge, PasswordReset, PendingResetCode};

use super::*;

fn contacts() -> [(Contact, &'static str); 2] {
    [
        (Contact::phone(&format!("+91{ASHA}")).unwrap(), SMS),
        (Contact::email(EMAIL).unwrap(), EMAIL),
    ]
}

async fn resumed(client: &Client, pending: &PendingResetCode) -> PendingResetCode {
    match client.resume_challenge(pending.id()).await.unwrap() {
        Challenge::PendingResetCode(pending) => pending,
        other => panic!("{other:?} sets no password"),
    }
}

async fn new_password(client: &Client, step: &PasswordReset) -> PasswordReset {
    match client.resume_challenge(step.id()).await.unwrap() {
        Challenge::PasswordReset(step) => step,
        other => panic!("{other:?} sets no password"),
    }
}

#[tokio::test]
async fn a_code_by_mobile_or_e_mail_sets_a_password_with_a_restart_before_each_step() {
    for (contact, to) in contacts() {
        let (harness, _) = Harness::with_asha().await;
        let forgotten_password = harness.client.reset_password_by_code(contact.clone());
        let pending = forgotten_password.send().await.unwrap();
        assert_eq!(*pending.contact(), contact);
        let first = harness.code(to);
        harness.wait(31);
        let mut pending = resumed(&harness.other, &pending).await;
        pending.resend().await.unwrap();
        assert_eq!(kind(pending.resend().await), ErrorKind::RateLimited);
        assert_eq!(harness.messages(), 2);

        let pending = resumed(&harness.client, &pending).await;
        let returned = pending.confirm(first).await.unwrap_err();
        assert_eq!(returned.error.code(), Some("OTP_INVALID"));
        let pending = resumed(&harness.other, &returned.state).await;
        let step = pending.confirm(harness.code(to)).await.unwrap();
        assert_eq!(
            kind(returned.state.confirm("1234").await),
            ErrorKind::StepRequired
        );

        let step = new_password(&harness.client, &step).await;
        let returned = step
            .set_password(vestibule::NewPassword::new(""))
            .await
            .unwrap_err();
        assert_eq!(returned.error.field(), Some("password"));
        let step = new_password(&harness.other, &returned.state).await;
        step.set_password(vestibule::NewPassword::new("another"))
            .await
            .unwrap();
        let used = returned
            .state
            .set_password(vestibule::NewPassword::new("a third"))
            .await;
        assert_eq!(kind(used), ErrorKind::Unauthenticated);
        assert_eq!(harness.mock.count("reset_forgot_password"), 1);
        let signed_in = harness.client.sign_in_with_password(EMAIL, "another").await;
        assert_eq!(first_name(&session(signed_in.unwrap())).await, "Asha");
    }
}

#[tokio::test]
async fn a_link_by_sms_or_e_mail_sets_a_password_and_signs_in() {
    for (contact, to) in contacts() {
        let (harness, _) = Harness::with_asha().await;
        harness
            .client
            .reset_password_by_link(&contact)
            .await
            .unwrap();
        let link = harness.other.password_link(harness.code(to));
        link.verify().await.unwrap();
        link.verify().await.unwrap();
        let returned = link
            .set_password(vestibule::NewPassword::new(""))
            .await
            .unwrap_err();
        assert_eq!(returned.error.field(), Some("password"));
        let asha = returned
            .state
            .set_password(vestibule::NewPassword::new("another"))
            .await
            .unwrap();
        assert_eq!(first_name(&asha).await, "Asha");

        let used = harness.client.password_link(harness.code(to));
        assert_eq!(refused(used.verify().await), "LINK_INVALID");
        assert_eq!(
            refused(
                used.set_password(vestibule::NewPassword::new("a third"))
                    .await
            ),
            "LINK_INVALID"
        );
    }
}

#[tokio::test]
async fn no_code_is_sent_to_an_unknown_contact() {
    let harness = Harness::start().await;
    for (contact, _) in contacts() {
        let sent = harness
            .client
            .reset_password_by_code(contact.clone())
            .send();
        assert_eq!(refused(sent.await), "USER_UNKNOWN");
        let sent = harness.client.reset_password_by_link(&contact).await;
        assert_eq!(refused(sent), "USER_UNKNOWN");
    }
    assert_eq!(harness.messages(), 0);
}

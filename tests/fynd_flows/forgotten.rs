//! A forgotten password, by code and by link.

use vestibule::fynd::{Challenge, Contact, NewPassword, PasswordCode};

use super::*;

fn contacts() -> [(Contact, &'static str); 2] {
    [
        (Contact::mobile(ASHA, "+91"), SMS),
        (Contact::email(EMAIL), EMAIL),
    ]
}

async fn taken_up(client: &Client, pending: &PasswordCode) -> PasswordCode {
    match client.challenge(pending.id()).await.unwrap() {
        Challenge::PasswordCode(pending) => pending,
        other => panic!("{other:?} sets no password"),
    }
}

async fn new_password(client: &Client, step: &NewPassword) -> NewPassword {
    match client.challenge(step.id()).await.unwrap() {
        Challenge::NewPassword(step) => step,
        other => panic!("{other:?} sets no password"),
    }
}

#[tokio::test]
async fn a_code_by_mobile_or_e_mail_sets_a_password_with_a_restart_before_each_step() {
    for (contact, to) in contacts() {
        let (bench, _) = Bench::with_asha().await;
        let forgotten = bench.client.forgotten_password(contact.clone());
        let pending = forgotten.send_code().await.unwrap();
        assert_eq!(*pending.contact(), contact);
        let first = bench.code(to);
        bench.wait(31);
        let mut pending = taken_up(&bench.other, &pending).await;
        pending.resend().await.unwrap();
        assert_eq!(kind(pending.resend().await), ErrorKind::SlowDown);
        assert_eq!(bench.messages(), 2);

        let pending = taken_up(&bench.client, &pending).await;
        let returned = pending.confirm(first).await.unwrap_err();
        assert_eq!(returned.error.code(), Some("OTP_INVALID"));
        let pending = taken_up(&bench.other, &returned.state).await;
        let step = pending.confirm(bench.code(to)).await.unwrap();
        assert_eq!(
            kind(returned.state.confirm("1234").await),
            ErrorKind::StepRequired
        );

        let step = new_password(&bench.client, &step).await;
        let returned = step.set("").await.unwrap_err();
        assert_eq!(returned.error.field(), Some("password"));
        let step = new_password(&bench.other, &returned.state).await;
        step.set("another").await.unwrap();
        let used = returned.state.set("a third").await;
        assert_eq!(kind(used), ErrorKind::SignInAgain);
        assert_eq!(bench.mock.count("reset_forgot_password"), 1);
        let signed_in = bench.client.password_sign_in(EMAIL, "another").await;
        assert_eq!(first_name(&session(signed_in.unwrap())).await, "Asha");
    }
}

#[tokio::test]
async fn a_link_by_sms_or_e_mail_sets_a_password_and_signs_in() {
    for (contact, to) in contacts() {
        let (bench, _) = Bench::with_asha().await;
        bench.client.send_password_link(&contact).await.unwrap();
        let link = bench.other.password_link(bench.code(to));
        link.check().await.unwrap();
        link.check().await.unwrap();
        let returned = link.set_password("").await.unwrap_err();
        assert_eq!(returned.error.field(), Some("password"));
        let asha = returned.state.set_password("another").await.unwrap();
        assert_eq!(first_name(&asha).await, "Asha");

        let used = bench.client.password_link(bench.code(to));
        assert_eq!(refused(used.check().await), "LINK_INVALID");
        assert_eq!(refused(used.set_password("a third").await), "LINK_INVALID");
    }
}

#[tokio::test]
async fn nobody_is_told_a_code_for_a_contact_that_nobody_has() {
    let bench = Bench::start().await;
    for (contact, _) in contacts() {
        let sent = bench.client.forgotten_password(contact.clone()).send_code();
        assert_eq!(refused(sent.await), "USER_UNKNOWN");
        let sent = bench.client.send_password_link(&contact).await;
        assert_eq!(refused(sent), "USER_UNKNOWN");
    }
    assert_eq!(bench.messages(), 0);
}

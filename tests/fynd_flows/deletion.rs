//! Account deletion.

use vestibule::Contact;
use vestibule::fynd::{DeletionReason, PendingDeletion};

use super::*;

async fn reason(harness: &Harness, requires_text: bool) -> DeletionReason {
    let terms = harness.client.deletion_terms().await.unwrap();
    assert!(terms.consent.is_some());
    assert_eq!(terms.days, Some(7));
    let mut reasons = terms.reasons.into_iter();
    let found = reasons.find(|reason| reason.requires_text() == requires_text);
    let found = found.expect("a reason");
    assert!(found.text().is_some());
    found
}

async fn pending(harness: &Harness, session: &Session, contact: Contact) -> PendingDeletion {
    let reason = reason(harness, false).await;
    session
        .request_deletion(reason, contact)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_code_by_mobile_or_e_mail_deletes_the_user_and_ends_the_session() {
    let contacts = [
        (Contact::phone(&format!("+91{ASHA}")).unwrap(), SMS),
        (Contact::email(EMAIL).unwrap(), EMAIL),
    ];
    for (contact, to) in contacts {
        let (harness, id) = Harness::with_asha().await;
        let asha = harness.asha().await;
        let sent = pending(&harness, &asha, contact.clone()).await;
        assert_eq!(*sent.contact(), contact);
        let wrong = other_than(&harness.code(to));
        let returned = sent.confirm(wrong).await.unwrap_err();
        assert_eq!(returned.error.code(), Some("OTP_INVALID"));
        assert_eq!(harness.mock.sessions_of(&id), 1);

        // Another instance continues, after a resend.
        harness.wait(31);
        let there = harness.other.resume_session(asha.id()).await.unwrap();
        let resumed = there.resume_deletion(returned.state.id()).await;
        let mut resumed = resumed.unwrap();
        resumed.resend().await.unwrap();
        let id = resumed.id().clone();
        resumed.confirm(harness.code(to)).await.unwrap();

        assert_eq!(kind(there.profile().await), ErrorKind::Unauthenticated);
        let gone = harness.other.resume_session(asha.id()).await;
        assert_eq!(kind(gone), ErrorKind::Unauthenticated);
        assert_eq!(kind(asha.profile().await), ErrorKind::Unauthenticated);
        let over = there.resume_deletion(&id).await;
        assert_eq!(kind(over), ErrorKind::Unauthenticated);
        assert!(!harness.client.user_exists(EMAIL).await.unwrap());
    }
}

#[tokio::test]
async fn a_reason_that_requires_a_text_is_checked_before_anything_is_sent() {
    let (harness, _) = Harness::with_asha().await;
    let asha = harness.asha().await;
    let reason = reason(&harness, true).await;
    let deletion = asha.request_deletion(
        reason.clone(),
        Contact::phone(&format!("+91{ASHA}")).unwrap(),
    );
    let error = deletion.clone().send().await.unwrap_err();
    assert_eq!(error.field(), Some("reason"));
    let others = Contact::phone("+919000000002").unwrap();
    let of_others = asha.request_deletion(reason, others);
    let error = of_others.explanation("too far").send().await;
    assert_eq!(error.unwrap_err().field(), Some("phone"));
    assert_eq!(harness.messages(), 0);
    let sent = deletion.explanation("too far").send().await.unwrap();
    sent.confirm(harness.code(SMS)).await.unwrap();
    assert!(!harness.client.user_exists(EMAIL).await.unwrap());
}

#[tokio::test]
async fn a_deletion_is_no_sign_in_and_is_bound_to_its_session() {
    let (harness, _) = Harness::with_asha().await;
    let bela = FyndUser::new("Bela").email("bela@example.com");
    harness.mock.add_user(bela.password("another"));
    let bela = harness
        .client
        .sign_in_with_password("bela@example.com", "another");
    let bela = session(bela.await.unwrap());
    let asha = harness.asha().await;
    let sent = pending(
        &harness,
        &asha,
        Contact::phone(&format!("+91{ASHA}")).unwrap(),
    )
    .await;
    let as_sign_in = harness.client.resume_challenge(sent.id()).await;
    assert_eq!(kind(as_sign_in), ErrorKind::StepRequired);

    let of_bela = bela.resume_deletion(sent.id()).await;
    assert_eq!(kind(of_bela), ErrorKind::Unauthenticated);
    assert_eq!(harness.mock.count("delete_user"), 0);
    assert_eq!(first_name(&bela).await, "Bela");
    assert_eq!(first_name(&asha).await, "Asha");

    harness.wait(31);
    let code = harness
        .client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    let code = code.unwrap();
    let as_deletion = asha.resume_deletion(code.id()).await;
    assert_eq!(kind(as_deletion), ErrorKind::StepRequired);
}

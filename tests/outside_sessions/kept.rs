//! Sessions that a challenge keeps while something goes wrong: a store that reports a write as failed, a
//! record that is removed or expires, and a message that is requested meanwhile.

use std::time::Duration;

use serde_json::json;
use vestibule::testing::{Fynd, WalletCrew};
use vestibule::{Clock, ErrorKind, Phone, Secret, Settings, fynd, walletcrew};

use super::{EMAIL, Fixture, Mock, confirm, fynd_client, walletcrew_client, wrong};
use crate::step_store::StepStore;

const KEPT: &str = r#""state":"Unclaimed""#;
const CLAIMED: &str = r#""state":"Finished""#;

/// How long a session is kept in these tests.
const TIME: Duration = Duration::from_secs(2);

fn settings() -> Settings {
    Settings::new().unclaimed_session_time(TIME)
}

async fn after_its_time() {
    tokio::time::sleep(TIME + Duration::from_secs(1)).await;
}

/// The write of a kept session that was reported as failed has happened: it is not repeated, so that the
/// codes before still count, and the session is released once and not signed out.
#[tokio::test]
async fn a_kept_session_whose_write_was_reported_as_failed_is_released_once() {
    for fixture in Fixture::all(settings).await {
        let name = fixture.checks;
        let (challenge, code) = fixture.challenge().await;
        let id = challenge.id().clone();
        let failed = challenge.confirm(wrong(&code)).await.unwrap_err();
        fixture.store.lose_reply_of(KEPT);
        assert!(fixture.drop_at(failed.state, &code, 4).await);
        fixture.store.quiet().await;
        assert!(fixture.store.has_lost_reply(), "{name}: nothing was kept");
        let session = confirm(&*fixture.other, &id, &code).await.unwrap();
        let error = confirm(&*fixture.one, &id, &code).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{name}: {error}");
        after_its_time().await;
        assert_eq!(fixture.signed_out(), 0, "{name}");
        let stored = fixture.one.resume_session(session.id()).await;
        assert!(stored.is_ok(), "{name}");

        let (challenge, code) = fixture.challenge().await;
        let id = challenge.id().clone();
        let failed = challenge.confirm(wrong(&code)).await.unwrap_err();
        fixture.store.lose_reply_of(KEPT);
        assert!(fixture.drop_at(failed.state, &code, 4).await);
        fixture.store.quiet().await;
        for _ in 0..4 {
            let error = confirm(&*fixture.one, &id, &wrong(&code)).await;
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Rejected, "{name}");
        }
        let error = confirm(&*fixture.one, &id, &code).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StepRequired, "{name}: {error}");
    }
}

/// A claim that was reported as failed has happened: its caller gets the session.
#[tokio::test]
async fn a_claim_that_was_reported_as_failed_gets_its_session() {
    for fixture in Fixture::all(settings).await {
        let name = fixture.checks;
        let (id, code, _) = fixture.kept().await;
        fixture.store.lose_reply_of(CLAIMED);
        let session = confirm(&*fixture.other, &id, &code).await.unwrap();
        assert!(
            fixture.store.has_lost_reply(),
            "{name}: nothing was claimed"
        );
        after_its_time().await;
        assert_eq!(fixture.signed_out(), 0, "{name}");
        assert!(session.ended().is_none(), "{name}");
    }
}

/// A caller goes away while one of two codes is checked: that code is confirmed, and the wrong codes of the
/// other contact still count. Five of them in all are sent.
#[tokio::test]
async fn a_dropped_confirm_keeps_the_wrong_codes_of_the_other_contact() {
    let (mock, store) = (Fynd::start().await, StepStore::default());
    let client = fynd_client(&mock, &store, Settings::new());
    let form = client.sign_up("Asha").email(EMAIL);
    let form = form.phone(Phone::parse("+919000000001").unwrap());
    let fynd::SignIn::CodesRequired(mut codes) = form.send().await.unwrap() else {
        panic!("both contacts are confirmed by codes");
    };
    let id = codes.id().clone();
    let code = |to: &str| Secret::from(mock.outbox().last_code(to).unwrap());
    let (phone_code, email_code) = (code("+919000000001"), code(EMAIL));
    for _ in 0..3 {
        let failed = codes.confirm_email(wrong(&email_code)).await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Rejected);
        codes = failed.state;
    }
    let reached = store.after_events(6);
    tokio::select! {
        biased;
        () = reached => {}
        confirmed = codes.confirm_phone(phone_code) => panic!("{confirmed:?} is too early"),
    }
    store.quiet().await;
    assert_eq!(mock.count("verify_mobile_otp"), 1);

    let fynd::Challenge::PendingCodes(mut codes) = client.resume_challenge(&id).await.unwrap()
    else {
        panic!("the code of the mailbox remains");
    };
    for _ in 0..2 {
        let failed = codes.confirm_email(wrong(&email_code)).await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Rejected);
        codes = failed.state;
    }
    let refused = codes.confirm_email(email_code).await.unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::StepRequired);
    assert_eq!(mock.count("verify_email_otp"), 5);
}

/// The caller of a claim may go away as well: whenever that was, the session is kept again.
#[tokio::test]
async fn a_dropped_claim_keeps_its_session_for_the_same_code() {
    for fixture in Fixture::all(Settings::new).await {
        let name = fixture.checks;
        for event in 1.. {
            let (id, code, _) = fixture.kept().await;
            let claimed = fixture.other.resume_challenge(&id).await.unwrap();
            if !fixture.drop_at(claimed, &code, event).await {
                assert!(event > 4, "{name}: only {event} points");
                break;
            }
            fixture.store.quiet().await;
            let session = confirm(&*fixture.one, &id, &code).await;
            assert!(session.is_ok(), "{name} at {event}: {session:?}");
        }
        assert_eq!(fixture.signed_out(), 0, "{name}");
    }
}

/// A code that is confirmed when its challenge is about to expire: the record of the challenge is gone
/// before the session could be claimed, which is signed out.
#[tokio::test]
async fn a_session_of_an_expiring_challenge_is_signed_out() {
    let fixture = Fixture::wunder(Settings::new()).await;
    let (challenge, code) = fixture.challenge().await;
    let Mock::Wunder(mock) = &fixture.mock else {
        panic!("the fixture is one of Wunder");
    };
    let left = challenge.expires_at() - mock.clock().now();
    mock.clock()
        .advance(left.to_std().unwrap() - Duration::from_secs(3));
    assert!(fixture.drop_at(challenge, &code, 4).await);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(fixture.signed_out(), 1);
}

/// Something else has finished the challenge, and so removed its record: the session cannot be claimed.
#[tokio::test]
async fn a_session_whose_record_was_removed_is_signed_out() {
    let fixture = Fixture::wunder(settings()).await;
    let _ = fixture.kept().await;
    assert_eq!(fixture.store.remove_with(KEPT).await, 1);
    after_its_time().await;
    assert_eq!(fixture.signed_out(), 1);
}

/// Another code was requested while the server checked the first: the session of the first is signed out,
/// and the second code is sent.
#[tokio::test]
async fn a_code_that_is_requested_during_an_exchange_is_valid() {
    let fixture = Fixture::wunder(Settings::new()).await;
    let Mock::Wunder(mock) = &fixture.mock else {
        panic!("the fixture is one of Wunder");
    };
    let (challenge, code) = fixture.challenge().await;
    let id = challenge.id().clone();
    mock.clock().advance(super::PAUSE);
    mock.delay(fixture.checks, Duration::from_millis(400));
    assert!(fixture.drop_at(challenge, &code, 4).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut challenge = fixture.other.resume_challenge(&id).await.unwrap();
    challenge.resend().await.unwrap();
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(fixture.signed_out(), 1);
    let code = mock.outbox().last_code(&fixture.to.to_text()).unwrap();
    confirm(&*fixture.one, &id, &code.into()).await.unwrap();
    assert_eq!(fixture.checked(), 2);
}

/// Whether a session is kept is not to be told from the refusal of a wrong code.
#[tokio::test]
async fn a_wrong_code_is_refused_alike_with_a_kept_session() {
    for fixture in Fixture::all(Settings::new).await {
        let (challenge, code) = fixture.challenge().await;
        let sent = challenge.confirm(wrong(&code)).await.unwrap_err().error;
        let (id, code, _) = fixture.kept().await;
        let unsent = confirm(&*fixture.one, &id, &wrong(&code))
            .await
            .unwrap_err();
        assert_eq!(unsent.kind(), sent.kind());
        assert_eq!(unsent.operation(), sent.operation(), "{unsent}");
    }
}

/// The id of a challenge of this flow, whose account data were sent again by a caller that went away.
async fn dropped_send_again(mock: &WalletCrew, store: &StepStore, flow: &str) -> Secret {
    let client = walletcrew_client(mock, store, Settings::new());
    let account = client.customer(&json!({"email": EMAIL})).flow(flow);
    let walletcrew::Saved::ChallengeIssued(challenge) = account.send().await.unwrap() else {
        panic!("the flow asks for a verification");
    };
    let id = challenge.id().clone();
    let reached = store.after_events(2);
    tokio::select! {
        biased;
        () = reached => {}
        done = challenge.send_again() => panic!("{done:?} came too soon"),
    }
    client.shutdown(Duration::from_secs(10)).await.unwrap();
    assert!(client.resume_challenge(&id).await.is_ok());
    id
}

/// Account data that is sent again may lead to another challenge, whose id is lost if the caller is
/// gone: the first one still continues.
#[tokio::test]
async fn a_dropped_send_again_keeps_the_challenge() {
    let mock = WalletCrew::start().await;
    mock.challenge_by_link("check-in");
    dropped_send_again(&mock, &StepStore::default(), "check-in").await;
}

/// The same with a flow that sends a code: the newest one completes the challenge.
#[tokio::test]
async fn a_dropped_send_again_keeps_a_challenge_that_the_newest_code_completes() {
    let mock = WalletCrew::start().await;
    let store = StepStore::default();
    let id = dropped_send_again(&mock, &store, "activation").await;
    assert_eq!(mock.outbox().messages().len(), 2);
    let elsewhere = walletcrew_client(&mock, &store, Settings::new());
    let challenge = elsewhere.resume_challenge(&id).await.unwrap();
    let login = json!({"identifier": EMAIL, "code": mock.outbox().last_code(EMAIL).unwrap()});
    challenge.confirm("otp", &login).await.unwrap();
}

/// A sign-out by id leaves no session behind: also if there is none any more.
#[tokio::test]
async fn a_sign_out_of_a_session_that_has_ended_succeeds() {
    for fixture in Fixture::all(Settings::new).await {
        let name = fixture.checks;
        let (id, code, _) = fixture.kept().await;
        let session = confirm(&*fixture.other, &id, &code).await.unwrap();
        for instance in [&fixture.one, &fixture.other, &fixture.one] {
            instance.sign_out(session.id()).await.unwrap();
            let error = instance.resume_session(session.id()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{name}: {error}");
        }
        fixture.one.sign_out(&"unknown".into()).await.unwrap();
    }
}

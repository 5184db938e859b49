//! A challenge is sent on one instance, resent on another and confirmed on a third.

use serde_json::Value;
use vestibule::fynd::SignIn as FyndSignIn;
use vestibule::testing::WalletCrew;
use vestibule::wunder::{Challenge, SignIn};

use crate::instances::*;
use crate::stores::SharedStore;
use crate::support::proof;

async fn wunder(shared: &SharedStore) {
    let mock = start_wunder().await;
    let instance = async || on_wunder(&mock, shared.open().await);
    let (a, b, c) = (instance().await, instance().await, instance().await);
    let sent = a
        .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
        .branch_id("2")
        .language("de")
        .send();
    let id = sent.await.unwrap().id().clone();
    wunder_code(&b, &id).await.resend().await.unwrap();
    let code = mock.outbox().last_code(MFA_PHONE).unwrap();
    let confirmed = wunder_code(&c, &id).await.confirm(code).await.unwrap();
    let SignIn::MfaRequired(mfa) = confirmed else {
        panic!("a second factor was expected");
    };
    assert_eq!(mfa.id(), &id);
    let Ok(Challenge::MfaRequired(mfa)) = a.resume_challenge(&id).await else {
        panic!("the second factor has the id of the code");
    };
    let session = mfa.confirm(MFA_CODE).await.unwrap();
    let session = b.resume_session(session.id()).await.unwrap();
    session.profile().await.unwrap();
    assert_eq!(mock.count("create_or_sign_in_with_phone_number"), 2);
    assert_eq!(mock.count("sign_in_phone_number"), 1);
    assert_eq!(mock.count("two_factor_code_validate"), 1);
}

async fn goodcity(shared: &SharedStore) {
    let mock = start_goodcity().await;
    let instance = async || on_goodcity(&mock, shared.open().await);
    let (a, b, c) = (instance().await, instance().await, instance().await);
    let id = a
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap()
        .id()
        .clone();
    mock.clock().advance(PIN_WAIT);
    b.resume_challenge(&id)
        .await
        .unwrap()
        .resend()
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let pending = c.resume_challenge(&id).await.unwrap();
    assert_eq!(pending.phone().to_e164(), MOBILE);
    assert!(pending.resend_timer().remaining() > PIN_WAIT / 2);
    let _ = pending.confirm(pin).await.unwrap();
    assert_eq!((mock.count("send_pin"), mock.count("verify")), (2, 1));
}

async fn fynd(shared: &SharedStore) {
    let mock = start_fynd().await;
    let instance = async || on_fynd(&mock, shared.open().await);
    let (a, b, c) = (instance().await, instance().await, instance().await);
    let sent = a
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .platform("Shop")
        .send()
        .await;
    let sent = sent.unwrap();
    mock.clock().advance(CODE_WAIT);
    let mut again = fynd_code(&b, sent.id()).await;
    again.resend().await.unwrap();
    let code = mock.outbox().last_code(&format!("+91{ASHA}")).unwrap();
    let pending = fynd_code(&c, sent.id()).await;
    assert_eq!(pending.request_id(), again.request_id());
    let Ok(FyndSignIn::SignedIn(session)) = pending.confirm(code).await else {
        panic!("a known user signs in");
    };
    session.profile().await.unwrap();
    assert_eq!(mock.count("send_otp_on_mobile"), 1);
    assert_eq!(mock.count("verify_mobile_otp"), 1);
}

/// A resend is a new save, which creates a new challenge.
async fn walletcrew(shared: &SharedStore) {
    let mock = WalletCrew::start().await;
    let instance = async || on_walletcrew(&mock, shared.open().await);
    let (a, b, c) = (instance().await, instance().await, instance().await);
    let first = challenge_of(&a).await;
    let again = challenge_of(&b).await;
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let old = c.resume_challenge(first.id()).await.unwrap();
    let refused = old.confirm("otp", &login(&code)).await;
    assert_eq!(kind(refused), vestibule::ErrorKind::StepRequired);
    let challenge = c.resume_challenge(again.id()).await.unwrap();
    assert_eq!(challenge.expose_body()["email"], EMAIL);
    let session = challenge.confirm("otp", &login(&code)).await.unwrap();
    session.profile::<Value>().await.unwrap();
    assert_eq!(mock.count("authenticate"), 1);
}

#[tokio::test]
async fn a_challenge_is_sent_resent_and_confirmed_on_three_instances() {
    let mut stores = 0;
    for shared in SharedStore::all() {
        wunder(&shared).await;
        goodcity(&shared).await;
        fynd(&shared).await;
        walletcrew(&shared).await;
        stores += 1;
    }
    proof("challenges-shared", &format!("systems=4 stores={stores}"));
}

//! During a store outage no message is sent whose challenge could not be stored, and a user who has
//! a code can still sign in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vestibule::fynd::SignIn as FyndSignIn;
use vestibule::testing::WalletCrew;
use vestibule::wunder::SignIn;
use vestibule::{BoxFuture, Clock, ErrorKind, chrono};

use crate::instances::*;
use crate::stores::FaultyStore;

#[tokio::test]
async fn while_the_store_is_down_no_message_is_sent() {
    let store = Arc::new(FaultyStore::default());
    let (wunder, goodcity) = (start_wunder().await, start_goodcity().await);
    let (fynd, walletcrew) = (start_fynd().await, WalletCrew::start().await);
    let on_goodcity = on_goodcity(&goodcity, store.clone());
    let mut pending = on_goodcity
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    goodcity.clock().advance(PIN_WAIT);
    store.set_down(true);

    let on_wunder = on_wunder(&wunder, store.clone());
    let sent = on_wunder
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await;
    assert_eq!(kind(sent), ErrorKind::Unavailable);
    let sent = on_goodcity.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    assert_eq!(kind(sent), ErrorKind::Unavailable);
    let sign_up = on_goodcity
        .sign_up(&MOBILE.parse().unwrap())
        .first_name("Ada")
        .last_name("Wong");
    assert_eq!(kind(sign_up.send().await), ErrorKind::Unavailable);
    assert_eq!(kind(pending.resend().await), ErrorKind::Unavailable);
    let sent = on_fynd(&fynd, store.clone())
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap());
    assert_eq!(kind(sent.send().await), ErrorKind::Unavailable);
    let on_walletcrew = on_walletcrew(&walletcrew, store.clone());
    let account = serde_json::json!({"email": EMAIL});
    let saved = on_walletcrew.customer(&account).flow("activation").send();
    assert_eq!(kind(saved.await), ErrorKind::Unavailable);
    let found = on_goodcity.resume_challenge(pending.id()).await;
    assert_eq!(kind(found), ErrorKind::Unavailable);

    assert_eq!(goodcity.count("send_pin") + goodcity.count("signup"), 1);
    let others = [wunder.outbox(), fynd.outbox(), walletcrew.outbox()];
    assert!(others.iter().all(|outbox| outbox.messages().is_empty()));

    store.set_down(false);
    pending.resend().await.unwrap();
}

#[tokio::test]
async fn a_resumed_challenge_sends_no_code_while_attempts_cannot_be_counted() {
    let store = Arc::new(FaultyStore::default());
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, store.clone());
    let own = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    store.set_read_only(true);
    for _ in 0..20 {
        let resumed = client.resume_challenge(own.id()).await.unwrap();
        let error = resumed.confirm("0000").await.unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(mock.count("verify"), 0);
    assert!(
        own.confirm(pin).await.is_ok(),
        "the instance that sent the message counts attempts itself"
    );
}

#[tokio::test]
async fn a_hanging_store_times_out_before_a_message_is_sent() {
    let store = Arc::new(FaultyStore::default());
    let (wunder, goodcity) = (start_wunder().await, start_goodcity().await);
    let (fynd, walletcrew) = (start_fynd().await, WalletCrew::start().await);
    let a = on_wunder(&wunder, store.clone());
    let b = on_goodcity(&goodcity, store.clone());
    let c = on_fynd(&fynd, store.clone());
    let d = on_walletcrew(&walletcrew, store.clone());
    let mut pending = a
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    store.set_hanging(true);
    let account = serde_json::json!({"email": EMAIL});
    let begun = Instant::now();
    let mobile = MOBILE.parse().unwrap();
    let (a, b, c, d, e) = tokio::join!(
        a.sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
            .branch_id("2")
            .send(),
        b.sign_in_with_pin(&mobile),
        c.sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
            .send(),
        d.customer(&account).flow("activation").send(),
        pending.resend(),
    );
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let kinds = [kind(a), kind(b), kind(c), kind(d), kind(e)];
    assert_eq!(kinds, [ErrorKind::Unavailable; 5]);
    let sent = wunder.journal().len() + goodcity.journal().len();
    assert_eq!(sent + fynd.journal().len() + walletcrew.journal().len(), 1);
}

#[tokio::test]
async fn a_user_with_a_code_signs_in_while_the_store_is_down() {
    let store = Arc::new(FaultyStore::default());
    let mock = start_wunder().await;
    let client = on_wunder(&mock, store.clone());
    let pending = client
        .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let id = pending.id().clone();
    store.set_down(true);
    let code = mock.outbox().last_code(MFA_PHONE).unwrap();
    let Ok(SignIn::MfaRequired(mfa)) = pending.confirm(code).await else {
        panic!("the code is valid");
    };
    let session = mfa.confirm(MFA_CODE).await.unwrap();
    session.profile().await.unwrap();
    // The challenge is removed and the session saved when the store recovers.
    store.set_down(false);
    client.shutdown(Duration::from_secs(10)).await.unwrap();
    let later = on_wunder(&mock, store);
    assert_eq!(
        kind(later.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
    later.resume_session(session.id()).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_are_limited_during_and_after_a_store_outage() {
    let store = Arc::new(FaultyStore::default());
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, store.clone());
    let mut pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let attempt = async |pending: vestibule::goodcity::PendingCode, nth| {
        let returned = pending.confirm(other_than(&pin, nth)).await.unwrap_err();
        (returned.state, returned.error.kind())
    };
    for nth in 0..4 {
        store.set_down(nth >= 2);
        let refused;
        (pending, refused) = attempt(pending, nth).await;
        assert_eq!(refused, ErrorKind::Rejected);
    }
    store.set_down(false);
    let refused;
    (pending, refused) = attempt(pending, 4).await;
    assert_eq!(refused, ErrorKind::Rejected);
    for down in [false, true] {
        store.set_down(down);
        let refused;
        (pending, refused) = attempt(pending, 5).await;
        assert_eq!(refused, ErrorKind::StepRequired);
    }
    assert_eq!(mock.count("verify"), 5);
}

/// The mock's clock, with short sleeps between two attempts to save.
#[derive(Clone)]
struct ShortSleeps(vestibule::testing::TestClock);

impl Clock for ShortSleeps {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(20)))
    }
}

#[tokio::test]
async fn an_unsaved_challenge_works_locally_and_is_saved_later() {
    let store = Arc::new(FaultyStore::default());
    let mock = start_goodcity().await;
    let build = || {
        let clock = Arc::new(ShortSleeps(mock.clock().clone()));
        let builder = goodcity_at(mock.base_url(), &mock, store.clone()).clock(clock);
        builder.build().unwrap()
    };
    let client = build();
    mock.delay("send_pin", Duration::from_millis(200));
    // The store fails while the message is being sent.
    let phone = MOBILE.parse().unwrap();
    let (pending, ()) = tokio::join!(client.sign_in_with_pin(&phone), async {
        while mock.count("send_pin") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        store.set_down(true);
    });
    let pending = pending.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let returned = pending.confirm(other_than(&pin, 0)).await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Rejected);
    store.set_down(false);
    client.shutdown(Duration::from_secs(10)).await.unwrap();
    let on_other_instance = build().resume_challenge(returned.state.id()).await.unwrap();
    assert!(on_other_instance.resend_timer().remaining() > PIN_WAIT / 2);
    let _ = on_other_instance.confirm(pin).await.unwrap();

    // The same for a resent message.
    mock.clock().advance(PIN_WAIT);
    mock.delay("send_pin", Duration::ZERO);
    let mut pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    mock.clock().advance(PIN_WAIT);
    mock.delay("send_pin", Duration::from_millis(200));
    let (resent, ()) = tokio::join!(pending.resend(), async {
        while mock.count("send_pin") < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        store.set_down(true);
    });
    resent.unwrap();
    store.set_down(false);
    // The holder does not wait for the save.
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    let _ = pending.confirm(pin).await.unwrap();
    assert_eq!(mock.count("verify"), 3);
}

#[tokio::test]
async fn a_registration_continues_with_its_other_code_after_an_outage() {
    let store = Arc::new(FaultyStore::default());
    let mock = start_fynd().await;
    let client = on_fynd(&mock, store.clone());
    let form = || {
        let form = client.sign_up("Chandra").email(EMAIL);
        form.phone(vestibule::Phone::parse(&format!("+91{NEW}")).unwrap())
    };
    store.set_down(true);
    assert_eq!(kind(form().send().await), ErrorKind::Unavailable);
    let signed_in = client.sign_in_with_password(EMAIL, "the-password").await;
    assert_eq!(kind(signed_in), ErrorKind::Unavailable);
    assert!(mock.journal().is_empty());
    store.set_down(false);

    let Ok(FyndSignIn::CodesRequired(codes)) = form().send().await else {
        panic!("codes are sent");
    };
    store.set_down(true);
    let code = mock.outbox().last_code(&format!("+91{NEW}")).unwrap();
    let Ok(FyndSignIn::CodesRequired(mut half)) = codes.confirm_phone(code).await else {
        panic!("the code by e-mail remains");
    };
    mock.clock().advance(CODE_WAIT);
    assert_eq!(kind(half.resend_email().await), ErrorKind::Unavailable);
    assert_eq!(mock.outbox().messages().len(), 2);

    store.set_down(false);
    half.resend_email().await.unwrap();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    let signed_in = half.confirm_email(code).await.unwrap();
    let user = signed_in.signed_in().unwrap().profile().await.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Chandra"));
}

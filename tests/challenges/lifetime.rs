//! How long a challenge is stored, which client may resume it, and what is shown of it.

use std::time::Duration;

use vestibule::testing::WalletCrew;
use vestibule::wunder::{Challenge, SignIn};
use vestibule::{ErrorKind, Secret};

use crate::instances::*;
use crate::stores::SharedStore;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_challenge_expires() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let client = on_goodcity(&mock, shared.open().await);
    let mut pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    mock.clock().advance(14 * MINUTE);
    assert!(client.resume_challenge(pending.id()).await.is_ok());
    pending.resend().await.unwrap();
    mock.clock().advance(14 * MINUTE);
    assert!(
        client.resume_challenge(pending.id()).await.is_ok(),
        "the time to live starts with the newest message"
    );
    mock.clock().advance(2 * MINUTE);
    let gone = client.resume_challenge(pending.id()).await;
    assert_eq!(kind(gone), ErrorKind::Unauthenticated);
    assert_eq!(kind(pending.resend().await), ErrorKind::Unauthenticated);
    assert_eq!(
        kind(pending.confirm("1234").await),
        ErrorKind::Unauthenticated
    );
    assert_eq!((mock.count("send_pin"), mock.count("verify")), (2, 0));

    let mock = start_wunder().await;
    let client = on_wunder(&mock, shared.open().await);
    let pending = client
        .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let code = mock.outbox().last_code(MFA_PHONE).unwrap();
    let Ok(SignIn::MfaRequired(mfa)) = pending.confirm(code).await else {
        panic!("a second factor was expected");
    };
    mock.clock().advance(11 * MINUTE);
    let gone = client.resume_challenge(mfa.id()).await;
    assert_eq!(kind(gone), ErrorKind::Unauthenticated);
    assert_eq!(
        kind(mfa.confirm(MFA_CODE).await),
        ErrorKind::Unauthenticated
    );
    assert_eq!(mock.count("two_factor_code_validate"), 0);

    let mock = WalletCrew::start().await;
    let client = on_walletcrew(&mock, shared.open().await);
    let challenge = challenge_of(&client).await;
    mock.clock().advance(61 * MINUTE);
    let gone = challenge.confirm("otp", &login("123456")).await;
    assert_eq!(kind(gone), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("authenticate"), 0);
}

#[tokio::test]
async fn a_finished_challenge_is_refused_on_every_instance() {
    let shared = SharedStore::memory();
    let mock = start_goodcity().await;
    let (a, b) = (
        on_goodcity(&mock, shared.open().await),
        on_goodcity(&mock, shared.open().await),
    );
    let pending = a.sign_in_with_pin(&MOBILE.parse().unwrap()).await.unwrap();
    let mut copy = b.resume_challenge(pending.id()).await.unwrap();
    let (id, pin) = (
        pending.id().clone(),
        mock.outbox().last_code(MOBILE).unwrap(),
    );
    let _ = pending.confirm(pin.as_str()).await.unwrap();
    assert_eq!(
        kind(a.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
    mock.clock().advance(PIN_WAIT);
    assert_eq!(kind(copy.resend().await), ErrorKind::Unauthenticated);
    assert_eq!(kind(copy.confirm(pin).await), ErrorKind::Unauthenticated);
    assert_eq!((mock.count("send_pin"), mock.count("verify")), (1, 1));

    // A completed step is no longer valid, its successor is.
    let mock = start_wunder().await;
    let client = on_wunder(&mock, shared.open().await);
    let pending = client
        .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let id = pending.id().clone();
    let mut other = wunder_code(&client, &id).await;
    let code = mock.outbox().last_code(MFA_PHONE).unwrap();
    assert!(pending.confirm(code.as_str()).await.is_ok());
    assert_eq!(kind(other.resend().await), ErrorKind::StepRequired);
    assert_eq!(kind(other.confirm(code).await), ErrorKind::StepRequired);
    assert!(matches!(
        client.resume_challenge(&id).await,
        Ok(Challenge::MfaRequired(_))
    ));
    assert_eq!(mock.count("sign_in_phone_number"), 1);
}

#[tokio::test]
async fn a_challenge_is_bound_to_its_tenant_and_system_and_is_no_session() {
    let shared = SharedStore::memory();
    let mock = start_wunder().await;
    let client = on_wunder(&mock, shared.open().await);
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let id = pending.id().clone();

    let other_tenant = wunder_of(&mock, shared.open().await, "tenant02");
    let other_tenant = other_tenant.build().unwrap();
    let error = other_tenant.resume_challenge(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("tenant"), "{error}");
    let goodcity = start_goodcity().await;
    let other_system = on_goodcity(&goodcity, shared.open().await);
    assert_eq!(
        kind(other_system.resume_challenge(&id).await),
        ErrorKind::Unauthenticated
    );
    let unknown = client
        .resume_challenge(&Secret::from("0123456789abcdef"))
        .await;
    assert_eq!(kind(unknown), ErrorKind::Unauthenticated);

    assert_eq!(
        kind(client.resume_session(&id).await),
        ErrorKind::Unauthenticated
    );
    let code = mock.outbox().last_code(PHONE).unwrap();
    let Ok(SignIn::SignedIn(session)) = pending.confirm(code).await else {
        panic!("the code is valid");
    };
    assert_ne!(session.id(), &id);
    let of_session = client.resume_challenge(session.id()).await;
    assert_eq!(kind(of_session), ErrorKind::Unauthenticated);
    assert_eq!(
        kind(client.resume_session(&id).await),
        ErrorKind::Unauthenticated
    );
}

/// The states that a caller holds, and their errors, show no id and no submitted value.
#[tokio::test]
async fn ids_and_stored_values_are_never_shown() {
    let shared = SharedStore::memory();
    let mut shown = String::new();
    let mut secrets = vec![
        PHONE.to_owned(),
        ASHA.to_owned(),
        MOBILE.to_owned(),
        EMAIL.to_owned(),
    ];

    let wunder = start_wunder().await;
    let client = on_wunder(&wunder, shared.open().await);
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let found = client.resume_challenge(pending.id()).await.unwrap();
    shown += &format!("{pending:?} {found:?}");
    secrets.push(pending.id().expose().to_owned());

    let fynd = start_fynd().await;
    let client = on_fynd(&fynd, shared.open().await);
    let pending = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let found = client.resume_challenge(pending.id()).await.unwrap();
    let early = fynd_code(&client, pending.id()).await.resend().await;
    shown += &format!("{pending:?} {found:?} {early:?}");
    secrets.push(pending.id().expose().to_owned());

    let goodcity = start_goodcity().await;
    let client = on_goodcity(&goodcity, shared.open().await);
    let pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    let again = client.sign_in_with_pin(&MOBILE.parse().unwrap()).await;
    shown += &format!("{pending:?} {again:?} {:?}", pending.resend_timer());
    secrets.push(pending.id().expose().to_owned());

    let walletcrew = WalletCrew::start().await;
    let client = on_walletcrew(&walletcrew, shared.open().await);
    let challenge = challenge_of(&client).await;
    let found = client.resume_challenge(challenge.id()).await.unwrap();
    shown += &format!("{challenge:?} {found:?}");
    secrets.push(challenge.id().expose().to_owned());

    for secret in secrets {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(shown.contains("wunder::PendingCode") && shown.contains("walletcrew::Challenge"));
}

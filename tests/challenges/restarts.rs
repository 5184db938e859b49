//! A process that restarts between any two steps of a flow resumes the challenge by its id.

use serde_json::Value;
use vestibule::Contact;
use vestibule::fynd::{Challenge as OnFynd, SignIn as FyndSignIn};
use vestibule::testing::WalletCrew;
use vestibule::wunder::{Challenge as OnWunder, SignIn};

use crate::instances::*;
use crate::stores::SharedStore;
use crate::support::proof;

/// Each step uses a new client, which is dropped before the next.
async fn wunder(shared: &SharedStore) -> usize {
    let mock = start_wunder().await;
    let client = async || on_wunder(&mock, shared.open().await);
    let id = {
        let sign_in = client()
            .await
            .sign_in_with_phone_code(&MFA_PHONE.parse().unwrap())
            .branch_id("2");
        sign_in.send().await.unwrap().id().clone()
    };
    {
        let wrong = wunder_code(&client().await, &id).await.confirm("000000");
        assert!(wrong.await.is_err());
    }
    {
        let mut pending = wunder_code(&client().await, &id).await;
        assert_eq!(pending.contact().to_text(), MFA_PHONE);
        pending.resend().await.unwrap();
    }
    {
        let code = mock.outbox().last_code(MFA_PHONE).unwrap();
        let pending = wunder_code(&client().await, &id).await;
        let confirmed = pending.confirm(code).await;
        assert!(matches!(confirmed, Ok(SignIn::MfaRequired(_))));
    }
    for code in ["111111", MFA_CODE] {
        let Ok(OnWunder::MfaRequired(mfa)) = client().await.resume_challenge(&id).await else {
            panic!("the second factor is resumed");
        };
        let Ok(session) = mfa.confirm(code).await else {
            continue;
        };
        let session = client().await.resume_session(session.id()).await.unwrap();
        session.profile().await.unwrap();
    }
    assert!(client().await.resume_challenge(&id).await.is_err());
    assert_eq!(mock.count("two_factor_code_validate"), 2);
    6
}

async fn goodcity(shared: &SharedStore) -> usize {
    let mut steps = 0;
    for sign_up in [false, true] {
        let mock = start_goodcity().await;
        let client = async || on_goodcity(&mock, shared.open().await);
        let id = {
            let client = client().await;
            let pending = match sign_up {
                true => {
                    client
                        .sign_up(&MOBILE.parse().unwrap())
                        .first_name("Ada")
                        .last_name("Wong")
                        .send()
                        .await
                }
                false => client.sign_in_with_pin(&MOBILE.parse().unwrap()).await,
            };
            pending.unwrap().id().clone()
        };
        {
            let pin = other_than(&mock.outbox().last_code(MOBILE).unwrap(), 0);
            let pending = client().await.resume_challenge(&id).await.unwrap();
            assert!(pending.confirm(pin).await.is_err());
        }
        mock.clock().advance(PIN_WAIT);
        {
            let mut pending = client().await.resume_challenge(&id).await.unwrap();
            pending.resend().await.unwrap();
        }
        let session = {
            let pin = mock.outbox().last_code(MOBILE).unwrap();
            let pending = client().await.resume_challenge(&id).await.unwrap();
            let signed_in = pending.confirm(pin).await.unwrap();
            signed_in.session.id().clone()
        };
        let session = client().await.resume_session(&session).await.unwrap();
        session.profile().await.unwrap();
        assert!(client().await.resume_challenge(&id).await.is_err());
        assert_eq!(mock.count("verify"), 2);
        steps += 4;
    }
    steps
}

async fn fynd(shared: &SharedStore) -> usize {
    let mock = start_fynd().await;
    let client = async || on_fynd(&mock, shared.open().await);
    let code = || mock.outbox().last_code(&format!("+91{NEW}")).unwrap();
    let id = {
        let sign_in = client()
            .await
            .sign_in_with_phone_code(&format!("+91{NEW}").parse().unwrap());
        sign_in.send().await.unwrap().id().clone()
    };
    {
        let wrong = if code() == "1111" { "2222" } else { "1111" };
        let pending = fynd_code(&client().await, &id).await;
        assert!(pending.confirm(wrong).await.is_err());
    }
    mock.clock().advance(CODE_WAIT);
    {
        let mut pending = fynd_code(&client().await, &id).await;
        assert_eq!(
            *pending.contact(),
            Contact::phone(&format!("+91{NEW}")).unwrap()
        );
        pending.resend().await.unwrap();
    }
    {
        let pending = fynd_code(&client().await, &id).await;
        let confirmed = pending.confirm(code()).await;
        assert!(matches!(confirmed, Ok(FyndSignIn::ProfileRequired(_))));
    }
    let profile = async || match client().await.resume_challenge(&id).await {
        Ok(OnFynd::CompleteProfile(profile)) => profile,
        _ => panic!("the profile is resumed"),
    };
    assert!(
        profile()
            .await
            .first_name(" ")
            .last_name("Sen")
            .send()
            .await
            .is_err()
    );
    mock.fail_next("update_profile", 400);
    assert!(
        profile()
            .await
            .first_name("Chandra")
            .last_name("Sen")
            .send()
            .await
            .is_err()
    );
    let session = {
        let profile = profile().await.email("chandra@example.com");
        let signed_in = profile
            .first_name("Chandra")
            .last_name("Sen")
            .send()
            .await
            .unwrap();
        signed_in.signed_in().unwrap().id().clone()
    };
    let session = client().await.resume_session(&session).await.unwrap();
    let user = session.profile().await.unwrap();
    assert_eq!(user.first_name.as_deref(), Some("Chandra"));
    assert!(client().await.resume_challenge(&id).await.is_err());
    assert_eq!(mock.count("update_profile"), 2);
    7
}

async fn walletcrew(shared: &SharedStore) -> usize {
    let mock = WalletCrew::start().await;
    let client = async || on_walletcrew(&mock, shared.open().await);
    let id = challenge_of(&client().await).await.id().clone();
    let code = mock.outbox().last_code(EMAIL).unwrap();
    for code in ["000000", code.as_str()] {
        let challenge = client().await.resume_challenge(&id).await.unwrap();
        assert_eq!(challenge.expose_body()["firstName"], "Ada");
        let Ok(session) = challenge.confirm("otp", &login(code)).await else {
            continue;
        };
        let session = client().await.resume_session(session.id()).await.unwrap();
        session.profile::<Value>().await.unwrap();
    }
    assert!(client().await.resume_challenge(&id).await.is_err());
    assert_eq!(mock.count("authenticate"), 2);
    3
}

#[tokio::test]
async fn a_flow_survives_a_restart_between_any_two_steps() {
    let mut steps = 0;
    for shared in SharedStore::all() {
        steps += wunder(&shared).await;
        steps += goodcity(&shared).await;
        steps += fynd(&shared).await;
        steps += walletcrew(&shared).await;
    }
    proof(
        "challenge-restarts",
        &format!("systems=4 steps={steps} lost=0"),
    );
}

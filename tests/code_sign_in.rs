//! A back end written against `CodeSignIn` works with any of the four systems.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mod.rs"]
mod support;
#[path = "code_sign_in/systems.rs"]
mod systems;

use systems::{TestSystem, all};
use vestibule::challenge::StepError;
use vestibule::code_sign_in::{Awaited, CodeChallenge, CodeSignIn, Confirmed};
use vestibule::{Channel, Contact, Delivery, Error, ErrorKind, Secret, System};

/// Independent of the system: drops the challenge and its client between any two steps and resumes
/// it by its id.
async fn sign_in(target: &TestSystem) -> Result<Secret, Error> {
    let id = target.system().send_code(&target.to).await?.id().clone();
    let resumed = async || target.system().resume_challenge(&id).await;

    let Err(StepError { state, error, .. }) = resumed().await?.confirm(target.wrong_code()).await
    else {
        panic!("{}: a wrong code does not sign in", target.name);
    };
    assert_eq!(error.kind(), ErrorKind::Rejected, "{}", target.name);
    assert_eq!(*state.id(), id);

    let mut challenge = resumed().await?;
    if let Some(timer) = challenge.resend_timer() {
        target.pass_time(timer.remaining());
        challenge.resend().await?;
    }
    let mut challenge = resumed().await?;
    loop {
        let code = match challenge.awaits() {
            Awaited::Message => target.code(),
            Awaited::Authenticator => target.authenticator_code(),
            other => panic!("{other:?} is not known"),
        };
        match challenge.confirm(code).await? {
            Confirmed::SignedIn(session) => return Ok(session.id().clone()),
            Confirmed::SecondFactor(next) => {
                assert_eq!(*next.id(), id);
                drop(next);
                challenge = resumed().await?;
            }
            other => panic!("{}: {other:?}", target.name),
        }
    }
}

#[tokio::test]
async fn one_function_signs_users_in_on_each_system() {
    let mut signed_in = 0;
    for target in all().await {
        let id = sign_in(&target).await.unwrap();
        let session = target.system().resume_session(&id).await.unwrap();
        assert_eq!(session.ended(), None, "{}", target.name);
        target.check_signed_in(&id).await;
        target.system().sign_out(&id).await.unwrap();
        let error = target.system().resume_session(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{}", target.name);
        signed_in += 1;
    }
    support::proof("code-sign-in", &format!("channels={signed_in} systems=4"));
}

#[tokio::test]
async fn a_sign_in_is_observed_as_a_funnel_without_its_code_contact_or_id() {
    use vestibule::ChallengeProgress::{Confirmed, MessageSent, WrongCode};

    for target in all().await {
        let id = sign_in(&target).await.unwrap();
        let seen = target.funnel.take();
        let step = match target.system().system() {
            System::Wunder => "login_code",
            System::WalletCrew => "verification",
            System::GoodCity => "pin",
            _ => "code",
        };
        let mut expected = vec![(step, MessageSent), (step, WrongCode)];
        if target.system().system() != System::WalletCrew {
            expected.push((step, MessageSent));
        }
        expected.push((step, Confirmed));
        if target.name == "wunder, phone" {
            expected.push(("second_factor", Confirmed));
        }
        let steps: Vec<_> = seen.iter().map(|it| (it.step, it.progress)).collect();
        assert_eq!(steps, expected, "{}", target.name);
        let secrets = [id.expose().to_owned(), target.code().expose().to_owned()];
        let to = target.to.to_text();
        for progress in &seen {
            assert_eq!(progress.system, target.system().system());
            assert_eq!(progress.challenge, seen[0].challenge, "{}", target.name);
            assert_eq!(progress.challenge.to_string().len(), 8);
            let shown = &progress.shown;
            assert!(!secrets.iter().any(|secret| shown.contains(secret)));
            assert!(!shown.contains(&to), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_challenge_that_allows_no_other_code_is_observed_as_locked_once_for_each_message() {
    use vestibule::ChallengeProgress::{Locked, MessageSent, WrongCode};

    for target in all().await {
        let mut challenge = target.system().send_code(&target.to).await.unwrap();
        for _ in 0..7 {
            let wrong = challenge.confirm(target.wrong_code()).await;
            challenge = wrong.unwrap_err().state;
        }
        let seen = target.funnel.take();
        let seen: Vec<_> = seen.iter().map(|it| it.progress).collect();
        let mut expected = vec![MessageSent];
        expected.extend([WrongCode; 5]);
        expected.push(Locked);
        assert_eq!(seen, expected, "{}", target.name);
        let Some(timer) = challenge.resend_timer() else {
            continue;
        };
        target.pass_time(timer.remaining());
        challenge.resend().await.unwrap();
        for _ in 0..6 {
            let wrong = challenge.confirm(target.wrong_code()).await;
            challenge = wrong.unwrap_err().state;
        }
        let seen = target.funnel.take();
        let seen: Vec<_> = seen.iter().map(|it| it.progress).collect();
        assert_eq!(seen, expected, "{}", target.name);
    }
}

#[tokio::test]
async fn a_used_challenge_is_gone_and_signing_out_an_unknown_session_succeeds() {
    for target in all().await {
        let challenge = target.system().send_code(&target.to).await.unwrap();
        let id = challenge.id().clone();
        let confirmed = challenge.confirm(target.code()).await.unwrap();
        if let Confirmed::SecondFactor(mfa) = confirmed {
            let confirmed = mfa.confirm(target.authenticator_code()).await;
            assert!(matches!(confirmed, Ok(Confirmed::SignedIn(_))));
        }
        let error = target.system().resume_challenge(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{}", target.name);
        // The id of a challenge is that of no session.
        let signed_out = target.system().sign_out(&id).await;
        assert!(signed_out.is_ok(), "{}: {signed_out:?}", target.name);
    }
}

#[tokio::test]
async fn an_unsupported_operation_is_refused_before_anything_is_sent() {
    let address = Contact::email("ada@example.com").unwrap();
    let mut lacking = Vec::new();
    for target in all().await {
        let system = target.system();
        let before = target.requests();
        if !system.offers(Channel::Email) {
            let error = system.send_code(&address).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert_eq!(target.requests(), before);
            lacking.push((system.system(), "e-mail"));
        }
        let mut challenge = system.send_code(&target.to).await.unwrap();
        let before = target.requests();
        if challenge.resend_timer().is_none() {
            let error = challenge.resend().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert_eq!(target.requests(), before);
            lacking.push((system.system(), "resend"));
        }
        let confirmed = challenge.confirm(target.code()).await.unwrap();
        if let Confirmed::SecondFactor(mut mfa) = confirmed {
            assert!(mfa.resend_timer().is_none());
            let error = mfa.resend().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            lacking.push((system.system(), "resend of a second factor"));
        }
    }
    assert_eq!(
        lacking,
        [
            (System::Wunder, "resend of a second factor"),
            (System::WalletCrew, "resend"),
            (System::GoodCity, "e-mail"),
        ]
    );
}

#[tokio::test]
async fn invalid_input_is_refused_by_each_system_before_anything_is_sent() {
    for number in ["+", "+43 12 34", "+4x660000001"] {
        let error = Contact::phone(number).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert_eq!(error.field(), Some("phone"));
    }
    let in_vienna = Contact::phone("+43660000001").unwrap();
    for target in all().await {
        let system = target.system();
        let before = target.requests();
        if system.system() == System::GoodCity {
            // A valid number that this system does not reach.
            let error = system.send_code(&in_vienna).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert_eq!(error.field(), Some("phone"));
        }
        let challenge = system.send_code(&target.to).await.unwrap();
        let after = target.requests();
        assert_eq!(after, before + 1, "{}", target.name);
        let StepError { error, .. } = challenge.confirm("12.34".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.field().is_some());
        assert_eq!(target.requests(), after, "{}", target.name);
    }
}

#[tokio::test]
async fn an_empty_code_does_not_count_as_an_attempt() {
    for target in all().await {
        let mut challenge = target.system().send_code(&target.to).await.unwrap();
        let before = target.requests();
        for _ in 0..6 {
            let Err(StepError { state, error, .. }) = challenge.confirm(Secret::from("")).await
            else {
                panic!("{}: an empty code does not sign in", target.name);
            };
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            challenge = state;
        }
        assert_eq!(target.requests(), before);
        assert!(challenge.confirm(target.code()).await.is_ok());
    }
}

#[tokio::test]
async fn steps_of_a_single_system_continue_with_its_own_client() {
    let target = systems::fynd(systems::UNKNOWN).await;
    let challenge = target.system().send_code(&target.to).await.unwrap();
    let id = challenge.id().clone();
    let Ok(Confirmed::OwnStep(step)) = challenge.confirm(target.code()).await else {
        panic!("a new user has a profile to complete");
    };
    assert_eq!((step.system(), step.id()), (System::Fynd, &id));
    assert_eq!(step.what(), "complete the profile");
    let error = target.system().resume_challenge(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepRequired, "{error}");
    target.complete_profile(&id).await;
}

#[tokio::test]
async fn a_challenge_reports_its_resend_timer() {
    for target in all().await {
        let challenge: Box<dyn CodeChallenge> =
            target.system().send_code(&target.to).await.unwrap();
        let left = challenge.expires_at() - target.now();
        assert!((14..=60).contains(&left.num_minutes()), "{left}");
        let id = challenge.id().clone();
        target.pass_time(left.to_std().unwrap());
        let Err(returned) = challenge.confirm(target.code()).await else {
            panic!("{}: no resend timer is left", target.name);
        };
        assert_eq!(returned.error.kind(), ErrorKind::Unauthenticated);
        let error = target.system().resume_challenge(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
}

/// Not serialisable, because the keys of the map are no strings.
fn not_serialisable() -> std::collections::BTreeMap<Vec<u8>, u8> {
    [(vec![1], 1)].into()
}

#[tokio::test]
async fn data_that_does_not_serialise_is_refused_by_name_before_anything_is_sent() {
    let mock = vestibule::testing::WalletCrew::start().await;
    let client = vestibule::walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant");
    let client = client.build().unwrap();
    let to = Contact::email("ada@example.com").unwrap();
    let account = |to: &Contact| serde_json::json!({"email": to.to_text()});

    let no_account = client
        .code_sign_in(|_| not_serialisable(), |_, _| serde_json::json!({}))
        .flow("activation")
        .provider("otp");
    let error = no_account.send_code(&to).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::InvalidInput, Some("account"))
    );
    assert_eq!(mock.requests().len(), 0);

    let no_login = client
        .code_sign_in(account, |_, _| not_serialisable())
        .flow("activation")
        .provider("otp");
    let challenge = no_login.send_code(&to).await.unwrap();
    let sent = mock.requests().len();
    let Err(StepError { state, error, .. }) = challenge.confirm("123456".into()).await else {
        panic!("no sign-in method is available");
    };
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::InvalidInput, Some("login"))
    );
    assert_eq!(mock.requests().len(), sent);
    no_login.resume_challenge(state.id()).await.unwrap();
}

//! A back end that is written against the shared vocabulary serves any of the four systems.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "code_sign_in/places.rs"]
mod places;
#[path = "support/mod.rs"]
mod support;

use places::{Place, all};
use vestibule::challenge::StepError;
use vestibule::code_sign_in::{
    Awaited, Channel, CodeChallenge, CodeSignIn, Confirmed, Destination,
};
use vestibule::{Delivery, Error, ErrorKind, Secret, System};

/// Knows no system: drops the challenge and its client between any two steps, and takes it up by
/// its id.
async fn sign_in(place: &Place) -> Result<Secret, Error> {
    let id = place.system().send_code(&place.to).await?.id().clone();
    let taken_up = async || place.system().challenge(&id).await;

    let Err(StepError { state, error }) = taken_up().await?.confirm(place.wrong_code()).await
    else {
        panic!("{}: a wrong code signs nobody in", place.name);
    };
    assert_eq!(error.kind(), ErrorKind::Refused, "{}", place.name);
    assert_eq!(*state.id(), id);

    let mut challenge = taken_up().await?;
    if let Some(timer) = challenge.resend_timer() {
        place.pass_time(timer.remaining());
        challenge.resend().await?;
    }
    let mut challenge = taken_up().await?;
    loop {
        let code = match challenge.awaits() {
            Awaited::Message => place.code(),
            Awaited::Authenticator => place.authenticator_code(),
            other => panic!("{other:?} is not known"),
        };
        match challenge.confirm(code).await? {
            Confirmed::SignedIn(session) => return Ok(session.id().clone()),
            Confirmed::SecondFactor(next) => {
                assert_eq!(*next.id(), id);
                drop(next);
                challenge = taken_up().await?;
            }
            other => panic!("{}: {other:?}", place.name),
        }
    }
}

#[tokio::test]
async fn one_function_signs_users_in_on_each_system() {
    let mut signed_in = 0;
    for place in all().await {
        let id = sign_in(&place).await.unwrap();
        let session = place.system().session(&id).await.unwrap();
        assert_eq!(session.ended(), None, "{}", place.name);
        place.check_signed_in(&id).await;
        place.system().sign_out(&id).await.unwrap();
        let error = place.system().session(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain, "{}", place.name);
        signed_in += 1;
    }
    support::proof("code-sign-in", &format!("places={signed_in} systems=4"));
}

#[tokio::test]
async fn a_used_challenge_is_gone_and_a_sign_out_of_nobody_says_so() {
    for place in all().await {
        let challenge = place.system().send_code(&place.to).await.unwrap();
        let id = challenge.id().clone();
        let confirmed = challenge.confirm(place.code()).await.unwrap();
        if let Confirmed::SecondFactor(mfa) = confirmed {
            let confirmed = mfa.confirm(place.authenticator_code()).await;
            assert!(matches!(confirmed, Ok(Confirmed::SignedIn(_))));
        }
        let error = place.system().challenge(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain, "{}", place.name);
        let error = place.system().sign_out(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain, "{}", place.name);
    }
}

#[tokio::test]
async fn what_a_system_lacks_is_refused_before_anything_is_sent() {
    let address = Destination::email("ada@example.com");
    let mut lacking = Vec::new();
    for place in all().await {
        let system = place.system();
        let before = place.requests();
        if !system.offers(Channel::Email) {
            let error = system.send_code(&address).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotOffered, "{error}");
            assert_eq!(error.delivery(), Delivery::NotSent);
            assert_eq!(place.requests(), before);
            lacking.push((system.system(), "e-mail"));
        }
        let mut challenge = system.send_code(&place.to).await.unwrap();
        let before = place.requests();
        if challenge.resend_timer().is_none() {
            let error = challenge.resend().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotOffered, "{error}");
            assert_eq!(place.requests(), before);
            lacking.push((system.system(), "resend"));
        }
        let confirmed = challenge.confirm(place.code()).await.unwrap();
        if let Confirmed::SecondFactor(mut mfa) = confirmed {
            assert!(mfa.resend_timer().is_none());
            let error = mfa.resend().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotOffered, "{error}");
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
async fn input_that_no_system_takes_is_refused_before_anything_is_sent() {
    for place in all().await {
        let system = place.system();
        if system.system() == System::WalletCrew {
            // Its tenants know what an address is.
            continue;
        }
        let before = place.requests();
        for to in [
            Destination::phone("", ""),
            Destination::phone("+43", "12 34"),
            Destination::phone("4x", "660000001"),
        ] {
            let error = system.send_code(&to).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.field().is_some());
        }
        assert_eq!(place.requests(), before, "{}", place.name);
    }
}

#[tokio::test]
async fn a_code_that_is_empty_costs_no_try() {
    for place in all().await {
        let mut challenge = place.system().send_code(&place.to).await.unwrap();
        let before = place.requests();
        for _ in 0..6 {
            let Err(StepError { state, error }) = challenge.confirm(Secret::from("")).await else {
                panic!("{}: an empty code signs nobody in", place.name);
            };
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            challenge = state;
        }
        assert_eq!(place.requests(), before);
        assert!(challenge.confirm(place.code()).await.is_ok());
    }
}

#[tokio::test]
async fn what_only_one_system_has_goes_on_at_its_own_client() {
    let place = places::fynd(places::NOBODY).await;
    let challenge = place.system().send_code(&place.to).await.unwrap();
    let id = challenge.id().clone();
    let Ok(Confirmed::OwnStep(step)) = challenge.confirm(place.code()).await else {
        panic!("a new user has a profile to complete");
    };
    assert_eq!((step.system(), step.id()), (System::Fynd, &id));
    assert_eq!(step.what(), "complete the profile");
    let error = place.system().challenge(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StepRequired, "{error}");
    place.complete_profile(&id).await;
}

#[tokio::test]
async fn a_challenge_says_how_long_it_waits() {
    for place in all().await {
        let challenge: Box<dyn CodeChallenge> = place.system().send_code(&place.to).await.unwrap();
        let left = challenge.expires_at() - place.now();
        assert!((14..=60).contains(&left.num_minutes()), "{left}");
        let id = challenge.id().clone();
        place.pass_time(left.to_std().unwrap());
        let Err(returned) = challenge.confirm(place.code()).await else {
            panic!("{}: nobody waits any more", place.name);
        };
        assert_eq!(returned.error.kind(), ErrorKind::SignInAgain);
        let error = place.system().challenge(&id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain);
    }
}

/// Serialises as nothing, as a map whose keys are no strings does not.
fn unwritable() -> std::collections::BTreeMap<Vec<u8>, u8> {
    [(vec![1], 1)].into()
}

#[tokio::test]
async fn data_that_does_not_serialise_is_refused_by_its_name_before_anything_is_sent() {
    let mock = vestibule::testing::WalletCrew::start().await;
    let client = vestibule::walletcrew::Client::builder(mock.base_url(), "demo-tenant");
    let client = client.build().unwrap();
    let to = Destination::email("ada@example.com");
    let account = |to: &Destination| serde_json::json!({"email": to.to_text()});

    let no_account = client.code_sign_in(
        ("activation", "otp"),
        |_| unwritable(),
        |_, _| serde_json::json!({}),
    );
    let error = no_account.send_code(&to).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::InvalidInput, Some("account"))
    );
    assert_eq!(mock.requests().len(), 0);

    let no_login = client.code_sign_in(("activation", "otp"), account, |_, _| unwritable());
    let challenge = no_login.send_code(&to).await.unwrap();
    let sent = mock.requests().len();
    let Err(StepError { state, error }) = challenge.confirm("123456".into()).await else {
        panic!("there is nothing to sign in by");
    };
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::InvalidInput, Some("login"))
    );
    assert_eq!(mock.requests().len(), sent);
    no_login.challenge(state.id()).await.unwrap();
}

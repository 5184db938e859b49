//! `?` takes the error of every flow through `anyhow` and `Box<dyn Error>`, and nothing is lost.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::time::Duration;
use std::{fs, io};

use vestibule::challenge::StepError;
use vestibule::code_sign_in::{CodeChallenge, CodeSignIn};
use vestibule::http::StatusCode;
use vestibule::testing::{
    self, FakeCodeSignIn, Fynd, FyndUser, GoodCity, GoodCityUser, WalletCrew, Wunder, WunderUser,
};
use vestibule::{Contact, Error, ErrorKind, Phone, System, fynd, goodcity, walletcrew, wunder};

const WAIT: Duration = Duration::from_secs(7);

fn error_of(kind: ErrorKind) -> Error {
    let error = testing::error(kind).at(System::Fynd, "an_operation");
    error
        .status(StatusCode::IM_A_TEAPOT)
        .retry_after(WAIT)
        .build()
}

fn is_found(kind: ErrorKind, error: &(dyn StdError + 'static), what: &str) {
    let found = Error::find(error).unwrap_or_else(|| panic!("{what} {kind}: nothing was found"));
    assert_eq!(found.kind(), kind, "{what}");
    assert_eq!(
        found.status(),
        Some(StatusCode::IM_A_TEAPOT),
        "{what} {kind}"
    );
    assert_eq!(found.retry_after(), Some(WAIT), "{what} {kind}");
}

/// Takes a state of a flow with an error of each kind through both types of errors.
fn survives<S: Send + Sync + 'static>(states: &mut BTreeSet<&'static str>, state: S) {
    let what = std::any::type_name::<S>();
    states.insert(what);
    let mut failed = StepError::new(state, error_of(ErrorKind::Rejected));
    for kind in ErrorKind::ALL {
        failed.error = error_of(kind);
        let through_anyhow = |failed| -> anyhow::Result<()> {
            let result: Result<(), StepError<S>> = Err(failed);
            result?;
            Ok(())
        };
        let error = through_anyhow(failed).unwrap_err();
        let error = anyhow::Context::context(Err::<(), _>(error), "a step of a test");
        let error = error.unwrap_err();
        is_found(kind, error.as_ref(), what);
        failed = error.downcast().expect("a step error with its state");

        let boxed = |failed| -> Result<(), Box<dyn StdError + Send + Sync>> {
            let result: Result<(), StepError<S>> = Err(failed);
            result?;
            Ok(())
        };
        let error = boxed(failed).unwrap_err();
        is_found(kind, &*error, what);
        let error = io::Error::other(error);
        is_found(kind, &error, what);
        let inner = error.into_inner().expect("the boxed error");
        failed = *inner.downcast().expect("a step error with its state");
    }
    let error: Error = failed.into();
    is_found(error.kind(), &error, what);
}

async fn wunder(states: &mut BTreeSet<&'static str>) {
    let mock = Wunder::start().await;
    let client = wunder::Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .build()
        .unwrap();
    let ada = WunderUser::new().email("ada@example.org");
    mock.add_user(ada.password("the password").phone("+43123456789"));
    let reset = client.reset_password_by_code("ada@example.org");
    survives::<wunder::PendingResetCode>(states, reset.await.unwrap());
    let pending = client
        .sign_in_with_email_code("bob@example.org")
        .branch_id("2");
    survives::<wunder::PendingCode>(states, pending.send().await.unwrap());
    let signed_in = client.sign_in_with_password("ada@example.org", "the password");
    let wunder::SignIn::SignedIn(session) = signed_in.await.unwrap() else {
        panic!("no second factor was required");
    };
    let verification = session.verify_phone().await.unwrap();
    survives::<wunder::PhoneVerification>(states, verification);
    let enrolment = session.request_mfa_enrolment().await.unwrap();
    survives::<wunder::MfaEnrolment>(states, enrolment);
    mock.require_mfa(&"+43123456789".parse().unwrap(), "246810");
    let signed_in = client.sign_in_with_password("ada@example.org", "the password");
    let wunder::SignIn::MfaRequired(mfa) = signed_in.await.unwrap() else {
        panic!("a second factor was required");
    };
    survives::<wunder::MfaRequired>(states, mfa);
}

async fn walletcrew(states: &mut BTreeSet<&'static str>) {
    let mock = WalletCrew::start().await;
    let client = walletcrew::Client::builder(mock.base_url()).tenant("demo-tenant");
    let client = client.build().unwrap();
    let data = serde_json::json!({"email": "ada@example.com", "firstName": "Ada"});
    let saved = client.customer(&data).flow("activation").send().await;
    let walletcrew::Saved::ChallengeIssued(challenge) = saved.unwrap() else {
        panic!("a challenge was expected");
    };
    survives::<walletcrew::Challenge>(states, challenge);
}

async fn goodcity(states: &mut BTreeSet<&'static str>) {
    let mock = GoodCity::start().await;
    let client = goodcity::Client::builder(mock.base_url()).app_name("app");
    let client = client.build().unwrap();
    mock.add_user(
        GoodCityUser::new("+85261234567".parse::<Phone>().unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let pending = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    survives::<goodcity::PendingCode>(states, pending);
}

async fn fynd(states: &mut BTreeSet<&'static str>) {
    const MOBILE: &str = "+919000000001";
    let mock = Fynd::start().await;
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(mock.base_url())
        .build()
        .unwrap();
    let code = |to: &str| mock.outbox().last_code(to).unwrap();
    mock.require_email(true);
    let form = client
        .sign_up("Bela")
        .phone("+919000000002".parse::<Phone>().unwrap());
    let fynd::SignIn::CodesRequired(codes) = form.email("bela@example.com").send().await.unwrap()
    else {
        panic!("codes were expected");
    };
    survives::<fynd::PendingCodes>(states, codes);
    mock.require_email(false);

    let asha = FyndUser::new("Asha").phone("+919000000001".parse::<Phone>().unwrap());
    mock.add_user(asha.email("asha@example.com").password("the password"));
    survives::<fynd::PasswordLink>(states, client.password_link("a code"));
    let reset = client.reset_password_by_code(Contact::phone("+919000000001").unwrap());
    let reset = reset.send().await.unwrap();
    let reset_code = code(MOBILE);
    let id = reset.id().clone();
    survives::<fynd::PendingResetCode>(states, reset);
    let resumed = client.resume_challenge(&id).await.unwrap();
    let fynd::Challenge::PendingResetCode(reset) = resumed else {
        panic!("the code was not confirmed yet");
    };
    survives::<fynd::PasswordReset>(states, reset.confirm(reset_code).await.unwrap());

    let signed_in = client.sign_in_with_password("asha@example.com", "the password");
    let session = signed_in.await.unwrap().signed_in().unwrap();
    let terms = client.deletion_terms().await.unwrap();
    let reason = terms.reasons.into_iter().next().unwrap();
    let to = Contact::email("asha@example.com").unwrap();
    let deletion = session.request_deletion(reason, to).send().await.unwrap();
    survives::<fynd::PendingDeletion>(states, deletion);

    let pending = client
        .sign_in_with_phone_code(&"+919000000003".parse().unwrap())
        .send();
    let pending = pending.await.unwrap();
    let id = pending.id().clone();
    survives::<fynd::PendingCode>(states, pending);
    let resumed = client.resume_challenge(&id).await.unwrap();
    let fynd::Challenge::PendingCode(pending) = resumed else {
        panic!("a code was sent");
    };
    let signed_in = pending.confirm(code("+919000000003")).await.unwrap();
    let fynd::SignIn::ProfileRequired(profile) = signed_in else {
        panic!("the user is new");
    };
    survives::<fynd::CompleteProfile>(states, profile);
}

/// The public types of the crate whose methods fail with `StepError<Self>`, such as `wunder::PendingCode`.
fn states_in_the_source() -> BTreeSet<String> {
    let (mut found, mut public) = (BTreeSet::new(), BTreeSet::new());
    for system in ["wunder", "walletcrew", "goodcity", "fynd"] {
        let folder = format!("{}/src/{system}", env!("CARGO_MANIFEST_DIR"));
        for file in fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let mut state = String::new();
            for line in fs::read_to_string(path).unwrap().lines() {
                if let Some(name) = line.strip_prefix("impl ") {
                    state = name.trim_end_matches(" {").to_owned();
                }
                if let Some(name) = line.strip_prefix("pub struct ") {
                    public.insert(format!("{system}::{}", name.trim_end_matches(" {")));
                }
                if line.contains("StepError<Self>") {
                    found.insert(format!("{system}::{state}"));
                }
            }
        }
    }
    found.intersection(&public).cloned().collect()
}

#[tokio::test]
async fn the_error_of_every_flow_is_found_in_anyhow_and_in_a_box() {
    let mut states = BTreeSet::new();
    wunder(&mut states).await;
    walletcrew(&mut states).await;
    goodcity(&mut states).await;
    fynd(&mut states).await;
    let fake = FakeCodeSignIn::new(System::Wunder);
    let to = Contact::email("ada@example.org").unwrap();
    let challenge = fake.send_code(&to);
    survives::<Box<dyn CodeChallenge>>(&mut states, challenge.await.unwrap());

    let short = |state: &str| {
        let mut parts = state.trim_start_matches("vestibule::").split("::");
        let system = parts.next().unwrap_or_default().to_owned();
        format!("{system}::{}", parts.last().unwrap_or_default())
    };
    let tried: BTreeSet<String> = states.into_iter().map(short).collect();
    let expected = states_in_the_source();
    assert!(expected.len() >= 14, "{expected:?}");
    let missing: Vec<_> = expected.difference(&tried).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "not tried; tried: {tried:?}");
}

#[test]
fn a_plain_error_is_found_and_another_one_is_not() {
    fn fails(kind: ErrorKind) -> Result<(), Error> {
        Err(error_of(kind))
    }
    for kind in ErrorKind::ALL {
        let through_anyhow = || -> anyhow::Result<()> { Ok(fails(kind)?) };
        is_found(kind, through_anyhow().unwrap_err().as_ref(), "anyhow");
        let boxed = || -> Result<(), Box<dyn StdError + Send + Sync>> { Ok(fails(kind)?) };
        is_found(kind, &*boxed().unwrap_err(), "a box");
    }
    let other = io::Error::other("another error");
    assert!(Error::find(&other).is_none());
    assert!(Error::find(anyhow::anyhow!("another error").as_ref()).is_none());
}

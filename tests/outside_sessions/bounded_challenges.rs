//! Every operation on a challenge ends within 20 steps of the store and its deadline, whatever the store
//! does.

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use vestibule::testing::{Fynd, FyndUser, GoodCity, GoodCityUser, WalletCrew, Wunder, WunderUser};
use vestibule::{Email, NewPassword, Phone, Secret, fynd, goodcity, walletcrew, wunder};

use crate::step_store::{Behaviour, StepStore};
use crate::support::proof;
use crate::support::sleeper::Sleeper;

const PHONE: &str = "+43660000001";
const MOBILE: &str = "+85261234567";
const INDIAN: &str = "+919000000001";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "the password";
const CODE: &str = "246810";
const MAX_STEPS: usize = 20;

/// The deadline of a call, with a step of the store that may have begun just before its end.
const DEADLINE: Duration = Duration::from_secs(35);

type Run = Pin<Box<dyn Future<Output = (&'static str, usize)>>>;

/// Lets the store fail, runs an operation, and returns the steps that it took.
async fn measure<T>(
    name: &'static str,
    store: StepStore,
    behaviour: Behaviour,
    operation: impl Future<Output = T>,
) -> (&'static str, usize) {
    store.behave(behaviour);
    store.take_steps();
    let started = Instant::now();
    let done = tokio::time::timeout(DEADLINE, operation).await;
    let steps = store.take_steps();
    assert!(
        done.is_ok(),
        "{name}, {behaviour:?}: no end after {steps} steps"
    );
    assert!(steps <= MAX_STEPS, "{name}, {behaviour:?}: {steps} steps");
    assert!(started.elapsed() < DEADLINE);
    (name, steps)
}

async fn on_goodcity(store: &StepStore) -> (GoodCity, goodcity::Client, Phone) {
    let mock = GoodCity::start().await;
    let phone = Phone::parse(MOBILE).unwrap();
    mock.add_user(
        GoodCityUser::new(phone.clone())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = goodcity::Client::builder(mock.base_url()).app_name("app");
    let settings = vestibule::Settings::new().resend_wait(Duration::ZERO);
    let client = client.store(store.clone()).settings(settings);
    let client = client.clock(Sleeper::default()).build().unwrap();
    (mock, client, phone)
}

async fn on_wunder(store: &StepStore) -> (Wunder, wunder::Client) {
    let mock = Wunder::start().await;
    let ada = WunderUser::new().phone(PHONE).verified_email(EMAIL);
    mock.add_user(ada.password(PASSWORD).branch("2"));
    let client = wunder::Client::builder(mock.base_url()).tenant("demo");
    let client = client.signing_key(Wunder::SIGNING_KEY).store(store.clone());
    let client = client.clock(Sleeper::default()).build().unwrap();
    (mock, client)
}

async fn on_fynd(store: &StepStore) -> (Fynd, fynd::Client) {
    let mock = Fynd::start().await;
    let client = fynd::Client::builder("64b000000000000000000001");
    let client = client
        .application_token("application-token")
        .base_url(mock.base_url());
    let settings = vestibule::Settings::new().resend_wait(Duration::ZERO);
    let client = client.store(store.clone()).settings(settings);
    (mock, client.clock(Sleeper::default()).build().unwrap())
}

async fn on_walletcrew(store: &StepStore) -> (WalletCrew, walletcrew::Client) {
    let mock = WalletCrew::start().await;
    let client = walletcrew::Client::builder(mock.base_url()).tenant("tenant-01");
    let client = client.clock(Sleeper::default()).store(store.clone());
    (mock, client.build().unwrap())
}

/// One operation: what comes before it with a store that works, and the operation itself.
macro_rules! operation {
    ($runs:ident, $behaviour:ident, $name:literal, |$store:ident| $before:block => $operation:expr) => {
        $runs.push(Box::pin(async move {
            let $store = StepStore::default();
            let prepared = $before;
            measure($name, $store.clone(), $behaviour, ($operation)(prepared)).await
        }));
    };
}

fn goodcity(behaviour: Behaviour) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    operation!(runs, behaviour, "goodcity send", |store| { on_goodcity(&store).await } =>
    async |(_mock, client, phone): (GoodCity, goodcity::Client, Phone)| {
        drop(client.sign_in_with_pin(&phone).await);
    });
    operation!(runs, behaviour, "goodcity resume", |store| {
        let (mock, client, phone) = on_goodcity(&store).await;
        let id = client.sign_in_with_pin(&phone).await.unwrap().id().clone();
        (mock, client, id)
    } => async |(_mock, client, id): (GoodCity, goodcity::Client, Secret)| {
        drop(client.resume_challenge(&id).await);
    });
    operation!(runs, behaviour, "goodcity resend", |store| {
        let (mock, client, phone) = on_goodcity(&store).await;
        (mock, client.sign_in_with_pin(&phone).await.unwrap())
    } => async |(_mock, mut pending): (GoodCity, goodcity::PendingCode)| {
        drop(pending.resend().await);
    });
    for (name, right) in [("goodcity confirm", true), ("goodcity wrong pin", false)] {
        runs.push(Box::pin(async move {
            let store = StepStore::default();
            let (mock, client, phone) = on_goodcity(&store).await;
            let pending = client.sign_in_with_pin(&phone).await.unwrap();
            let pin = mock.outbox().last_code(MOBILE).unwrap();
            let pin = if right { pin } else { "0000".to_owned() };
            measure(name, store, behaviour, pending.confirm(pin)).await
        }));
    }
    operation!(runs, behaviour, "goodcity kept session", |store| {
        let (mock, client, phone) = on_goodcity(&store).await;
        let pending = client.sign_in_with_pin(&phone).await.unwrap();
        let (id, pin) = (pending.id().clone(), mock.outbox().last_code(MOBILE).unwrap());
        let reached = store.after_events(6);
        tokio::select! {
            biased;
            () = reached => {}
            _ = pending.confirm(pin.as_str()) => panic!("it is dropped before"),
        }
        store.quiet().await;
        (mock, client.resume_challenge(&id).await.unwrap(), pin)
    } => async |(_mock, pending, pin): (GoodCity, goodcity::PendingCode, String)| {
        drop(pending.confirm(pin).await);
    });
    runs
}

fn wunder(behaviour: Behaviour) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    operation!(runs, behaviour, "wunder password", |store| { on_wunder(&store).await } =>
    async |(_mock, client): (Wunder, wunder::Client)| {
        drop(client.sign_in_with_password(EMAIL, PASSWORD).await);
    });
    operation!(runs, behaviour, "wunder verification link", |store| { on_wunder(&store).await } =>
    async |(_mock, client): (Wunder, wunder::Client)| {
        drop(client.resend_email_verification(EMAIL).await);
    });
    operation!(runs, behaviour, "wunder reset", |store| { on_wunder(&store).await } =>
    async |(_mock, client): (Wunder, wunder::Client)| {
        drop(client.reset_password_by_code(EMAIL).await);
    });
    operation!(runs, behaviour, "wunder set password", |store| {
        let (mock, client) = on_wunder(&store).await;
        let reset = client.reset_password_by_code(EMAIL).await.unwrap();
        let code = mock.outbox().last_code(EMAIL).unwrap();
        (mock, reset, code)
    } => async |(_mock, reset, code): (Wunder, wunder::PendingResetCode, String)| {
        drop(reset.set_password(code, NewPassword::new("another password")).await);
    });
    operation!(runs, behaviour, "wunder confirm", |store| {
        let (mock, client) = on_wunder(&store).await;
        let sign_in = client.sign_in_with_phone_code(&PHONE.parse().unwrap());
        let pending = sign_in.branch_id("2").send().await.unwrap();
        let code = mock.outbox().last_code(PHONE).unwrap();
        (mock, pending, code)
    } => async |(_mock, pending, code): (Wunder, wunder::PendingCode, String)| {
        drop(pending.confirm(code).await);
    });
    operation!(runs, behaviour, "wunder second factor", |store| {
        let (mock, client) = on_wunder(&store).await;
        mock.require_mfa(&PHONE.parse().unwrap(), CODE);
        match client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap() {
            wunder::SignIn::MfaRequired(mfa) => (mock, mfa),
            other => panic!("{other:?}"),
        }
    } => async |(_mock, mfa): (Wunder, wunder::MfaRequired)| {
        drop(mfa.confirm(CODE).await);
    });
    operation!(runs, behaviour, "wunder verify phone", |store| {
        let (mock, client) = on_wunder(&store).await;
        match client.sign_in_with_password(EMAIL, PASSWORD).await.unwrap() {
            wunder::SignIn::SignedIn(session) => (mock, session.verify_phone().await.unwrap()),
            other => panic!("{other:?}"),
        }
    } => async |(mock, verification): (Wunder, wunder::PhoneVerification)| {
        drop(verification.confirm(mock.outbox().last_code(PHONE).unwrap()).await);
    });
    runs
}

fn fynd(behaviour: Behaviour) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let sign_up = |client: &fynd::Client| {
        let form = client.sign_up("Asha").email(EMAIL).password(PASSWORD);
        form.phone(Phone::parse(INDIAN).unwrap())
    };
    operation!(runs, behaviour, "fynd sign up", |store| { on_fynd(&store).await } =>
    async |(_mock, client): (Fynd, fynd::Client)| {
        drop(sign_up(&client).send().await);
    });
    operation!(runs, behaviour, "fynd password link", |store| {
        let (mock, client) = on_fynd(&store).await;
        mock.add_user(FyndUser::new("Asha").email(EMAIL).password(PASSWORD));
        (mock, client)
    } => async |(_mock, client): (Fynd, fynd::Client)| {
        drop(client.reset_password_by_link(Email::parse(EMAIL).unwrap()).await);
    });
    operation!(runs, behaviour, "fynd confirm", |store| {
        let (mock, client) = on_fynd(&store).await;
        mock.add_user(FyndUser::new("Asha").phone(Phone::parse(INDIAN).unwrap()));
        let pending = client.sign_in_with_phone_code(&INDIAN.parse().unwrap());
        (mock, pending.send().await.unwrap())
    } => async |(mock, pending): (Fynd, fynd::PendingCode)| {
        drop(pending.confirm(mock.outbox().last_code(INDIAN).unwrap()).await);
    });
    operation!(runs, behaviour, "fynd new user", |store| {
        let (mock, client) = on_fynd(&store).await;
        let pending = client.sign_in_with_phone_code(&INDIAN.parse().unwrap());
        (mock, pending.send().await.unwrap())
    } => async |(mock, pending): (Fynd, fynd::PendingCode)| {
        drop(pending.confirm(mock.outbox().last_code(INDIAN).unwrap()).await);
    });
    operation!(runs, behaviour, "fynd profile", |store| {
        let (mock, client) = on_fynd(&store).await;
        let pending = client.sign_in_with_phone_code(&INDIAN.parse().unwrap());
        let pending = pending.send().await.unwrap();
        let code = mock.outbox().last_code(INDIAN).unwrap();
        match pending.confirm(code).await.unwrap() {
            fynd::SignIn::ProfileRequired(profile) => (mock, profile),
            other => panic!("{other:?}"),
        }
    } => async |(_mock, profile): (Fynd, fynd::CompleteProfile)| {
        drop(profile.first_name("Asha").email(EMAIL).send().await);
    });
    for (name, resends) in [
        ("fynd first of two codes", false),
        ("fynd resend of two codes", true),
    ] {
        runs.push(Box::pin(async move {
            let store = StepStore::default();
            let (mock, client) = on_fynd(&store).await;
            let form = client.sign_up("Asha").email(EMAIL).password(PASSWORD);
            let form = form.phone(Phone::parse(INDIAN).unwrap());
            let fynd::SignIn::CodesRequired(mut codes) = form.send().await.unwrap() else {
                panic!("both contacts are confirmed by codes");
            };
            let code = mock.outbox().last_code(INDIAN).unwrap();
            let operation = async move {
                if resends {
                    drop(codes.resend_phone().await);
                } else {
                    drop(codes.confirm_phone(code).await);
                }
            };
            measure(name, store, behaviour, operation).await
        }));
    }
    runs
}

fn walletcrew(behaviour: Behaviour) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    operation!(runs, behaviour, "walletcrew save", |store| { on_walletcrew(&store).await } =>
    async |(_mock, client): (WalletCrew, walletcrew::Client)| {
        let account = client.customer(&json!({"email": EMAIL}));
        drop(account.flow("activation").send().await);
    });
    for (name, again) in [
        ("walletcrew confirm", false),
        ("walletcrew send again", true),
    ] {
        runs.push(Box::pin(async move {
            let store = StepStore::default();
            let (mock, client) = on_walletcrew(&store).await;
            let account = client.customer(&json!({"email": EMAIL})).flow("activation");
            let walletcrew::Saved::ChallengeIssued(challenge) = account.send().await.unwrap()
            else {
                panic!("the flow asks for a code");
            };
            let login = json!({"identifier": EMAIL, "code": mock.outbox().last_code(EMAIL)});
            let operation = async move {
                if again {
                    drop(challenge.send_again().await);
                } else {
                    drop(challenge.confirm("otp", &login).await);
                }
            };
            measure(name, store, behaviour, operation).await
        }));
    }
    runs
}

#[tokio::test]
async fn every_operation_of_a_challenge_is_bounded() {
    let mut measured = Vec::new();
    for behaviour in [
        Behaviour::AlwaysConflicts,
        Behaviour::AlwaysGone,
        Behaviour::RollsBack,
        Behaviour::NeverAnswers,
    ] {
        let runs = [goodcity, wunder, fynd, walletcrew].map(|runs| runs(behaviour));
        measured.extend(join_all(runs.into_iter().flatten()).await);
    }
    let max = measured.iter().map(|(_, steps)| *steps).max().unwrap();
    let operations = measured.len() / 4;
    assert!(operations > 20, "only {operations} operations");
    proof(
        "bounded-loops-challenges",
        &format!("operations={operations} max_steps={max}"),
    );
}

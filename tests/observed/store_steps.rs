//! The steps of a store, as observed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vestibule::session::Tokens;
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::{TestClock, Wunder};
use vestibule::wunder::Client;
use vestibule::{Event, Observer, StoreMethod, System};

use super::PAST_EXPIRY;

/// The method of a step, and the class of its error.
type Step = (StoreMethod, Option<&'static str>);

#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Vec<Step>>>);

impl Observer for Steps {
    fn observe(&self, event: &Event<'_>) {
        if let Event::StoreStep {
            system,
            method,
            error,
            elapsed,
            ..
        } = event
        {
            assert_eq!(*system, System::Wunder);
            assert!(*elapsed < Duration::from_secs(5));
            let error = error.map(|error| error.error_type());
            self.0.lock().unwrap().push((*method, error));
        }
    }
}

impl Steps {
    fn take(&self) -> Vec<Step> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn client(mock: &Wunder, store: impl SessionStore, steps: &Steps) -> Client {
    Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store)
        .observer(steps.clone())
        .build()
        .unwrap()
}

#[tokio::test]
async fn each_step_of_a_session_in_its_store_is_observed() {
    use StoreMethod::{Acquire, CompareAndSwap, Create, Load, Release};

    let mock = Wunder::start_with(TestClock::new()).await;
    let (store, steps) = (Arc::new(MemoryStore::new()), Steps::default());
    let client = client(&mock, store.clone(), &steps);
    let signed_in = client.sign_in_with_phone_code(&super::PHONE.parse().unwrap());
    let pending = signed_in.branch_id("2").send().await.unwrap();
    let code = mock.outbox().last_code(super::PHONE).unwrap();
    let signed_in = pending.confirm(code).await.unwrap();
    let vestibule::wunder::SignIn::SignedIn(session) = signed_in else {
        panic!("no second factor was required");
    };
    let methods = |steps: Vec<(StoreMethod, Option<&str>)>| -> Vec<_> {
        assert!(steps.iter().all(|(_, error)| error.is_none()), "{steps:?}");
        steps.into_iter().map(|(method, _)| method).collect()
    };
    let signing_in = methods(steps.take());
    assert!(signing_in.contains(&Create) && signing_in.contains(&CompareAndSwap));

    session.profile().await.unwrap();
    assert_eq!(methods(steps.take()), [], "a cached session needs no store");

    mock.clock().advance(PAST_EXPIRY);
    session.profile().await.unwrap();
    let refresh = [Acquire, CompareAndSwap, CompareAndSwap, Release];
    assert_eq!(methods(steps.take()), refresh);
    let of_another = client.resume_session(&"no such id".into()).await;
    of_another.unwrap_err();
    assert_eq!(methods(steps.take()), [Load]);
}

#[tokio::test]
async fn a_step_that_fails_is_observed_with_its_error() {
    let mock = Wunder::start().await;
    let steps = Steps::default();
    let client = client(&mock, MemoryStore::with_capacity(0), &steps);
    let tokens = Tokens::new("access", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    assert_eq!(steps.take(), [(StoreMethod::Create, Some("full"))]);
    drop(session);
}

#[test]
fn the_names_of_methods_and_progress_are_unique() {
    use std::collections::BTreeSet;
    use vestibule::ChallengeProgress;

    let methods: BTreeSet<_> = StoreMethod::ALL.into_iter().map(|it| it.as_str()).collect();
    assert_eq!(methods.len(), StoreMethod::ALL.len());
    let progress = ChallengeProgress::ALL.into_iter().map(|it| it.as_str());
    assert_eq!(progress.collect::<BTreeSet<_>>().len(), 4);
}

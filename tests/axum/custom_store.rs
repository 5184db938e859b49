//! A custom `ProgressStore`, and the value that it keeps.

use std::sync::{Arc, Mutex};

use axum::http::request::Parts;
use axum::http::{Request, header};
use vestibule::axum::{Progress, ProgressStore, SignInProgress, WebSessionId};
use vestibule::store::{MemoryStore, StoreError};
use vestibule::{BoxFuture, Error, ErrorKind, Secret, System};

use crate::app::{App, Browser, PHONE};

/// Keeps the progress of the only browser, and records the changes of its id.
#[derive(Default)]
struct OneBrowser {
    progress: Mutex<Vec<(System, SignInProgress)>>,
    saves: Mutex<Vec<WebSessionId>>,
    fails: bool,
}

impl ProgressStore for OneBrowser {
    fn load<'a>(
        &'a self,
        request: &'a Parts,
        system: System,
    ) -> BoxFuture<'a, Result<SignInProgress, Error>> {
        Box::pin(async move {
            if self.fails {
                Err(StoreError::Unavailable(std::io::ErrorKind::TimedOut))?;
            }
            assert!(request.headers.contains_key(header::COOKIE));
            let progress = self.progress.lock().unwrap();
            let found = progress.iter().rfind(|(of, _)| *of == system);
            Ok(found
                .map(|(_, progress)| progress.clone())
                .unwrap_or_default())
        })
    }

    fn save<'a>(
        &'a self,
        _: &'a Parts,
        system: System,
        progress: &'a SignInProgress,
        id: WebSessionId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.progress
                .lock()
                .unwrap()
                .push((system, progress.clone()));
            self.saves.lock().unwrap().push(id);
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_custom_store_is_told_when_the_id_of_the_web_session_has_to_change() {
    let progress = Arc::new(OneBrowser::default());
    let app = App::without_layer(Arc::new(MemoryStore::new()), progress.clone()).await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 204);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
    assert_eq!(browser.post("/wunder/sign-out", "").await.status, 204);
    let (keep, change) = (WebSessionId::Keep, WebSessionId::Change);
    assert_eq!(*progress.saves.lock().unwrap(), [keep, change, change]);
}

#[tokio::test]
async fn the_error_of_a_custom_store_is_the_response() {
    let fails = OneBrowser {
        fails: true,
        ..OneBrowser::default()
    };
    let app = App::without_layer(Arc::new(MemoryStore::new()), Arc::new(fails)).await;
    let response = Browser::of(&app.router).get("/wunder/profile").await;
    assert_eq!(response.status, 503);
    assert_eq!(response.problem()["kind"], ErrorKind::Unavailable.as_str());
}

/// The progress of a request, without an extractor.
async fn progress(store: &Arc<OneBrowser>) -> Progress {
    let request = Request::builder()
        .header(header::COOKIE, "a=cookie")
        .body(());
    let (request, ()) = request.unwrap().into_parts();
    let store: Arc<dyn ProgressStore> = store.clone();
    Progress::resume(store, &request, System::Fynd)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_id_changes_whenever_a_session_or_a_next_step_enters_or_leaves_the_web_session() {
    let id = |text: &str| Secret::from(text);
    let is_authenticated = |progress: &SignInProgress| {
        matches!(
            progress,
            SignInProgress::NextStep(_) | SignInProgress::SignedIn(_)
        )
    };
    let states = [
        SignInProgress::NotStarted,
        SignInProgress::Challenge(id("a challenge")),
        SignInProgress::Challenge(id("another challenge")),
        SignInProgress::NextStep(id("a step")),
        SignInProgress::NextStep(id("another step")),
        SignInProgress::SignedIn(id("a session")),
        SignInProgress::SignedIn(id("another session")),
    ];
    for before in &states {
        for after in &states {
            let store = Arc::new(OneBrowser::default());
            progress(&store).await.update(before.clone()).await.unwrap();
            store.saves.lock().unwrap().clear();
            let mut resumed = progress(&store).await;
            assert_eq!(
                (resumed.current(), resumed.system()),
                (before, System::Fynd)
            );
            resumed.update(after.clone()).await.unwrap();
            assert_eq!(resumed.current(), after);
            let expected = match before == after {
                true => vec![],
                false if is_authenticated(before) || is_authenticated(after) => {
                    vec![WebSessionId::Change]
                }
                false => vec![WebSessionId::Keep],
            };
            let saves = store.saves.lock().unwrap().clone();
            assert_eq!(saves, expected, "{before:?} to {after:?}");
        }
    }
}

#[tokio::test]
async fn a_next_step_that_was_resumed_stays_one() {
    let store = Arc::new(OneBrowser::default());
    let mut progress = progress(&store).await;
    let step = SignInProgress::NextStep("a step".into());
    progress.update(step.clone()).await.unwrap();
    // What the state of a resumed challenge is by itself.
    let challenge = SignInProgress::Challenge("a step".into());
    progress.update(challenge).await.unwrap();
    assert_eq!(progress.current(), &step);
    assert_eq!(*store.saves.lock().unwrap(), [WebSessionId::Change]);
}

#[tokio::test]
async fn progress_is_a_serde_value_that_debug_does_not_show() {
    let challenge = SignInProgress::Challenge("an id of 128 bits".into());
    let json = serde_json::to_value(&challenge).unwrap();
    let expected = serde_json::json!({"state": "challenge", "id": "an id of 128 bits"});
    assert_eq!(json, expected);
    assert_eq!(
        serde_json::from_value::<SignInProgress>(json).unwrap(),
        challenge
    );
    let nothing = serde_json::to_value(SignInProgress::NotStarted).unwrap();
    assert_eq!(nothing, serde_json::json!({"state": "not_started"}));
    let nothing: SignInProgress = serde_json::from_value(nothing).unwrap();
    assert_eq!(nothing, SignInProgress::default());

    let store = Arc::new(OneBrowser::default());
    let mut progress = progress(&store).await;
    progress.update(challenge.clone()).await.unwrap();
    for shown in [format!("{challenge:?}"), format!("{progress:?}")] {
        assert!(shown.contains("Challenge"), "{shown}");
        assert!(
            !shown.contains("128 bits") && !shown.contains("cookie"),
            "{shown}"
        );
    }
}

//! GoodCity's own server, as it was run in May 2026.

use std::sync::Arc;

use serde_json::json;
use vestibule::goodcity::{Client, ClientBuilder, Session};
use vestibule::session::Tokens;
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::wiremock::matchers::path;
use vestibule::testing::wiremock::{Mock, ResponseTemplate};
use vestibule::testing::{GoodCity, GoodCityUser};
use vestibule::{CallOptions, Phone};

const MOBILE: &str = "+85261234567";

async fn start() -> GoodCity {
    let mock = GoodCity::start().await;
    let user = GoodCityUser::new(phone()).first_name("Ada");
    mock.add_user(user.language("zh-tw"));
    mock
}

fn phone() -> Phone {
    MOBILE.parse().unwrap()
}

fn builder(mock: &GoodCity) -> ClientBuilder {
    let clock = mock.clock().clone();
    Client::builder(mock.base_url())
        .app_name("app")
        .clock(clock)
}

fn client(mock: &GoodCity) -> Client {
    builder(mock).build().unwrap()
}

async fn sign_in(mock: &GoodCity, client: &Client) -> Session {
    let pending = client.sign_in_with_pin(&phone()).await.unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    pending.confirm(pin).await.unwrap().session
}

/// The `Accept-Language` of the last request.
fn sent_language(mock: &GoodCity) -> Option<String> {
    let request = mock.requests().pop().unwrap();
    request.header("accept-language").map(str::to_owned)
}

/// The language of the SMS that the user gets next.
async fn next_message(mock: &GoodCity) -> Option<String> {
    mock.clock().advance(std::time::Duration::from_secs(60));
    let _pending = client(mock).sign_in_with_pin(&phone()).await.unwrap();
    mock.outbox().messages().pop().unwrap().language
}

/// A read of the profile stores the language of the request.
#[tokio::test]
async fn reading_the_profile_keeps_the_language_of_the_user() {
    let mock = start().await;
    let session = sign_in(&mock, &client(&mock)).await;
    assert_eq!(session.language().as_deref(), Some("zh-tw"));
    let profile = session.profile().await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("zh-tw"));
    let user = profile.user_profile.unwrap();
    assert_eq!(user.preferred_language.as_deref(), Some("zh-tw"));
    assert_eq!(next_message(&mock).await.as_deref(), Some("zh-tw"));
}

/// A read of the profile stores the language of the request, also one by another instance.
#[tokio::test]
async fn the_language_of_the_user_survives_a_restart() {
    let mock = start().await;
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let instance = || builder(&mock).store(store.clone()).build().unwrap();
    let id = sign_in(&mock, &instance()).await.id().clone();

    let session = instance().resume_session(&id).await.unwrap();
    session.profile().await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("zh-tw"));

    // Another language of the profile is stored, and the other instance sends it.
    let english = session.with_options(CallOptions::new().language("en"));
    english.profile().await.unwrap();
    assert_eq!(session.language().as_deref(), Some("en"));
    let session = instance().resume_session(&id).await.unwrap();
    session.profile().await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("en"));
    assert_eq!(next_message(&mock).await.as_deref(), Some("en"));
}

/// A read of the profile stores the language of the request: of two instances the later one counts.
#[tokio::test]
async fn a_language_is_saved_over_one_that_another_instance_has_saved() {
    let mock = start().await;
    let store: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let instance = || builder(&mock).store(store.clone()).build().unwrap();
    let first = sign_in(&mock, &instance()).await;
    let second = instance().resume_session(first.id()).await.unwrap();
    let english = CallOptions::new().language("en");
    first.with_options(english).profile().await.unwrap();

    let profile = json!({"user_profile": {"id": 1001, "preferred_language": "fr"}});
    let french = Mock::given(path("/api/v1/auth/current_user_profile"));
    let french = french.respond_with(ResponseTemplate::new(200).set_body_json(profile));
    mock.mount(french.up_to_n_times(1)).await;
    second.profile().await.unwrap();

    let third = instance().resume_session(first.id()).await.unwrap();
    assert_eq!(third.language().as_deref(), Some("fr"));
    third.access_token().await.unwrap();
}

/// A read of the profile stores the language of the request: every call with a session has it.
#[tokio::test]
async fn every_call_of_a_session_has_the_language_unless_another_is_set() {
    let mock = start().await;
    let session = sign_in(&mock, &client(&mock)).await;
    session.update_device("handle", "fcm").await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("zh-tw"));
    let path = "/api/v1/auth/current_user_rooms";
    let rooms = session.request(http::Method::GET, path);
    rooms.send::<Vec<String>>().await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("zh-tw"));

    let by_option = session.with_options(CallOptions::new().language("en"));
    by_option.update_device("handle", "fcm").await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("en"));
    let by_client = builder(&mock).language("en").build().unwrap();
    mock.clock().advance(std::time::Duration::from_secs(60));
    let session = sign_in(&mock, &by_client).await;
    session.update_device("handle", "fcm").await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("en"));
}

/// Without `Accept-Language` the server takes English, which the caller can prevent where the session
/// does not know the language.
#[tokio::test]
async fn a_session_of_tokens_sends_no_language_before_it_knows_one() {
    let mock = start().await;
    let client = client(&mock);
    let tokens: Tokens = mock.tokens_for(MOBILE).unwrap();
    let session = client.resume_with_tokens(tokens).await.unwrap();
    assert_eq!(session.language(), None);
    session.update_device("handle", "fcm").await.unwrap();
    assert_eq!(sent_language(&mock), None);

    let chosen = session.with_options(CallOptions::new().language("zh-tw"));
    chosen.profile().await.unwrap();
    assert_eq!(session.language().as_deref(), Some("zh-tw"));
    session.profile().await.unwrap();
    assert_eq!(sent_language(&mock).as_deref(), Some("zh-tw"));
    assert_eq!(next_message(&mock).await.as_deref(), Some("zh-tw"));
}

/// The rooms are answered with a token that has ended, too.
#[tokio::test]
async fn an_ended_token_gets_the_public_rooms_and_ends_no_session() {
    let mock = start().await;
    for (app, public) in [("app", vec![]), ("browse", vec!["browse"])] {
        let client = builder(&mock).app_name(app).build().unwrap();
        let rooms = client.api().current_user_rooms().send().await.unwrap();
        assert_eq!(**rooms, public, "{app} without a session");
        let tokens = mock.tokens_for(MOBILE).unwrap();
        let session = client.resume_with_tokens(tokens).await.unwrap();
        let rooms = session.api().current_user_rooms().send().await.unwrap();
        assert!(rooms[0].starts_with("user_1001"), "{app} with a session");
        mock.revoke_tokens();
        let rooms = session.api().current_user_rooms().send().await.unwrap();
        assert_eq!(**rooms, public, "{app} with an ended token");
        assert_eq!(session.shared().ended(), None);
    }
}

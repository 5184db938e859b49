//! A small back end for the tests, and browsers that use it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, Json};
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::{get, post};
use serde_json::Value;
use tower::ServiceExt;
use tower_sessions::SessionManagerLayer;
use vestibule::axum::{InProgress, NewSignIn, ProgressStore, SignedIn, TowerSessions};
use vestibule::code_sign_in::{CodeSignIn, Confirmed};
use vestibule::store::{SessionStore, WebSessionStore};
use vestibule::testing::{GoodCity, GoodCityUser, Wunder};
use vestibule::wunder::{Challenge, SignIn};
use vestibule::{Contact, Error, Phone, Secret, goodcity, wunder};

pub const PHONE: &str = "+43660000001";
pub const ADA: &str = "+85261234567";

#[derive(Clone, FromRef)]
struct State {
    wunder: wunder::Client,
    goodcity: goodcity::Client,
    /// Sign-in at GoodCity through the interface of all systems.
    by_code: Arc<dyn CodeSignIn>,
    progress: Arc<dyn ProgressStore>,
}

/// A back end on mocks.
pub struct App {
    pub wunder: Wunder,
    pub goodcity: GoodCity,
    pub router: Router,
}

impl App {
    /// Keeps web sessions and the SDK's records in `store`.
    pub async fn on(store: Arc<dyn SessionStore>) -> Self {
        let app = Self::without_layer(store.clone(), Arc::new(TowerSessions)).await;
        let layer = SessionManagerLayer::new(WebSessionStore::new(store));
        Self {
            router: app.router.layer(layer),
            ..app
        }
    }

    /// Has no middleware for web sessions.
    pub async fn without_layer(
        store: Arc<dyn SessionStore>,
        progress: Arc<dyn ProgressStore>,
    ) -> Self {
        let mock = Wunder::start().await;
        let client = wunder::Client::builder(mock.base_url())
            .tenant("demo")
            .signing_key(Wunder::SIGNING_KEY)
            .clock(mock.clock().clone())
            .store(store.clone())
            .resend_wait(std::time::Duration::from_secs(30));
        let hong_kong = GoodCity::start().await;
        let ada = GoodCityUser::new(ADA.parse::<Phone>().unwrap());
        hong_kong.add_user(ada.first_name("Ada").last_name("Wong"));
        let goodcity = goodcity::Client::builder(hong_kong.base_url())
            .app_name("app")
            .clock(hong_kong.clock().clone())
            .store(store)
            .build()
            .unwrap();
        let state = State {
            wunder: client.build().unwrap(),
            by_code: Arc::new(goodcity.clone()),
            goodcity,
            progress,
        };
        let router = Router::new()
            .route("/wunder/start", post(start))
            .route("/wunder/resend", post(resend))
            .route("/wunder/code", post(confirm))
            .route("/wunder/profile", get(profile))
            .route("/wunder/greeting", get(greeting))
            .route("/wunder/sign-out", post(sign_out))
            .route("/goodcity/start", post(start_by_code))
            .route("/goodcity/code", post(confirm_by_code))
            .route("/goodcity/profile", get(goodcity_profile))
            .route("/goodcity/sign-out", post(sign_out_by_code))
            .with_state(state);
        Self {
            wunder: mock,
            goodcity: hong_kong,
            router,
        }
    }

    pub fn code(&self) -> String {
        self.wunder.outbox().last_code(PHONE).unwrap()
    }
}

async fn start(
    mut new: NewSignIn<wunder::Client>,
    Json(phone): Json<String>,
) -> Result<StatusCode, Error> {
    let phone = Phone::parse(&phone)?;
    let sign_in = new.client.sign_in_with_phone_code(&phone).branch_id("2");
    new.progress.update(&sign_in.send().await?).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn resend(in_progress: InProgress<wunder::Client>) -> Result<StatusCode, Error> {
    if let Challenge::PendingCode(mut pending) = in_progress.challenge {
        pending.resend().await?;
    }
    Ok(StatusCode::ACCEPTED)
}

async fn confirm(
    in_progress: InProgress<wunder::Client>,
    Json(code): Json<Secret>,
) -> Result<StatusCode, axum::response::Response> {
    use axum::response::IntoResponse;
    let InProgress {
        challenge,
        mut progress,
        ..
    } = in_progress;
    let sign_in = match challenge {
        // Each error is of another state.
        Challenge::PendingCode(pending) => pending
            .confirm(code)
            .await
            .map_err(IntoResponse::into_response)?,
        Challenge::MfaRequired(mfa) => {
            let session = mfa
                .confirm(code)
                .await
                .map_err(IntoResponse::into_response)?;
            SignIn::SignedIn(session)
        }
        other => panic!("{other:?}"),
    };
    let updated = progress.update(&sign_in).await;
    updated.map_err(IntoResponse::into_response)?;
    Ok(match sign_in {
        SignIn::SignedIn(_) => StatusCode::NO_CONTENT,
        SignIn::MfaRequired(_) => StatusCode::ACCEPTED,
    })
}

async fn profile(signed_in: SignedIn<wunder::Client>) -> Result<Json<Value>, Error> {
    let profile = signed_in.session.profile().await?;
    Ok(Json(profile.phone_number.into()))
}

async fn greeting(signed_in: Option<SignedIn<wunder::Client>>) -> &'static str {
    match signed_in {
        Some(_) => "Hello",
        None => "Sign in",
    }
}

async fn sign_out(signed_in: SignedIn<wunder::Client>) -> Result<StatusCode, Error> {
    signed_in.sign_out().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn start_by_code(
    mut new: NewSignIn<Arc<dyn CodeSignIn>>,
    Json(phone): Json<String>,
) -> Result<StatusCode, Error> {
    let challenge = new.client.send_code(&Contact::phone(&phone)?).await?;
    new.progress.update(&challenge).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn confirm_by_code(
    in_progress: InProgress<Arc<dyn CodeSignIn>>,
    Json(code): Json<Secret>,
) -> Result<StatusCode, Error> {
    let InProgress {
        challenge,
        mut progress,
        ..
    } = in_progress;
    let confirmed = challenge.confirm(code).await?;
    progress.update(&confirmed).await?;
    match confirmed {
        Confirmed::SignedIn(_) => Ok(StatusCode::NO_CONTENT),
        other => panic!("{other:?}"),
    }
}

/// The same session, with the client of the system.
async fn goodcity_profile(
    signed_in: SignedIn<goodcity::Client>,
) -> Result<Json<Option<String>>, Error> {
    let profile = signed_in.session.profile().await?;
    Ok(Json(profile.user_profile.and_then(|user| user.first_name)))
}

async fn sign_out_by_code(signed_in: SignedIn<Arc<dyn CodeSignIn>>) -> Result<StatusCode, Error> {
    signed_in.sign_out().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A browser, which keeps the newest cookie.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookie: String,
}

pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub sets_cookie: bool,
}

impl Response {
    pub fn problem(&self) -> Value {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        serde_json::from_str(&self.text).unwrap()
    }
}

impl Browser {
    pub fn of(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookie: String::new(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, "null").await
    }

    /// Posts a JSON string.
    pub async fn post(&mut self, path: &str, text: &str) -> Response {
        let body = Value::from(text).to_string();
        self.send("POST", path, &body).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 100_000).await.unwrap();
        let set = head.headers.get(header::SET_COOKIE);
        if let Some(set) = set {
            let (pair, _) = set.to_str().unwrap().split_once(';').unwrap();
            self.cookie = pair.to_owned();
        }
        Response {
            status: head.status,
            sets_cookie: set.is_some(),
            text: String::from_utf8(body.to_vec()).unwrap(),
            headers: head.headers,
        }
    }
}

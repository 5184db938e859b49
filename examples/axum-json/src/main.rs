//! A JSON API that signs users of Wunder Mobility in by phone: a code, and a second factor where the user
//! has one. Sessions, challenges and the browsers' web sessions are in one sealed SQLite file.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, Json};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower_sessions::SessionManagerLayer;
use vestibule::axum::{InProgress, NewSignIn, ProgressStore, SignedIn, TowerSessions};
use vestibule::store::{Sealing, SealingKey, SessionStore, SqliteStore, WebSessionStore};
use vestibule::wunder::{Challenge, Client, SignIn};
use vestibule::{Error, Phone, Secret};

/// What the extractors take from the router's state.
#[derive(Clone, FromRef)]
struct App {
    client: Client,
    progress: Arc<dyn ProgressStore>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let variable = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let key = SealingKey::from_base64(1, &variable("SEALING_KEY")?.into())?;
    let store = SqliteStore::open(variable("DATABASE")?, Sealing::keys(key, [])).await?;
    let store: Arc<dyn SessionStore> = Arc::new(store);
    let client = Client::builder(variable("WUNDER_URL")?)
        .tenant(variable("WUNDER_TENANT")?)
        .signing_key(variable("WUNDER_SIGNATURE_KEY")?)
        .resend_wait(Duration::from_secs(30))
        .store(store.clone())
        .build()?;
    let web_sessions = SessionManagerLayer::new(WebSessionStore::new(store)).with_name("__Host-id");
    let app = App {
        client: client.clone(),
        progress: Arc::new(TowerSessions),
    };
    let router = axum::Router::new()
        .route("/sign-in", post(send_code))
        .route("/sign-in/resend", post(resend))
        .route("/sign-in/code", post(confirm))
        .route("/profile", get(profile))
        .route("/sign-out", post(sign_out))
        .layer(web_sessions)
        .with_state(app);
    let listener = TcpListener::bind(variable("LISTEN")?).await?;
    println!("http://{}", listener.local_addr()?);
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, router)
        .with_graceful_shutdown(stop)
        .await?;
    // Running exchanges of codes and tokens end first, so that no session is lost.
    Ok(client.shutdown(Duration::from_secs(10)).await?)
}

/// The response of each request: JSON, or problem JSON (RFC 9457).
type Reply = Result<Json<Value>, Error>;

/// `POST /sign-in` with a phone number: sends a code.
async fn send_code(mut new: NewSignIn<Client>, Json(phone): Json<String>) -> Reply {
    let sign_in = new.client.sign_in_with_phone_code(&Phone::parse(&phone)?);
    let pending = sign_in.branch_id("2").send().await?;
    new.progress.update(&pending).await?;
    Ok(Json(json!({"sent_to": pending.destination_hint()})))
}

/// `POST /sign-in/resend`: sends another code.
async fn resend(waiting: InProgress<Client>) -> Reply {
    if let Challenge::PendingCode(mut pending) = waiting.challenge {
        pending.resend().await?;
    }
    Ok(Json(json!({})))
}

/// `POST /sign-in/code` with the code of the message, and then with that of the authenticator.
async fn confirm(mut waiting: InProgress<Client>, Json(code): Json<Secret>) -> Reply {
    let sign_in = match waiting.challenge {
        Challenge::PendingCode(pending) => pending.confirm(code).await?,
        Challenge::MfaRequired(mfa) => SignIn::SignedIn(mfa.confirm(code).await?),
        // The enum may grow.
        _ => return Ok(Json(json!({"signed_in": false}))),
    };
    waiting.progress.update(&sign_in).await?;
    let signed_in = matches!(sign_in, SignIn::SignedIn(_));
    Ok(Json(json!({"signed_in": signed_in})))
}

/// `GET /profile`
async fn profile(signed_in: SignedIn<Client>) -> Reply {
    let profile = signed_in.session.profile().await?;
    Ok(Json(
        json!({"phone": profile.phone_number, "email": profile.email}),
    ))
}

/// `POST /sign-out`
async fn sign_out(signed_in: SignedIn<Client>) -> Reply {
    signed_in.sign_out().await?;
    Ok(Json(json!({})))
}

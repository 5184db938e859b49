//! All described operations of all documents, callable by name through the public clients.

use std::sync::Arc;

use serde_json::Value;
use vestibule::session::Tokens;
use vestibule::{
    CallOptions, Clock, Error, Settings, SystemClock, fynd, goodcity, reqwest, walletcrew, wunder,
};

use super::calls::{self, JsonResponse};

/// A token whose payload says that it expires in 2100.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJl";

/// The application that calls Fynd.
pub const APPLICATION: (&str, &str) = ("000000000000000000000001", "test-token-1");

/// The cookie that Fynd's document names.
pub const COOKIE: &str = "f.session";

/// The API of one document, with a session and without.
pub enum Api {
    WunderAuth(wunder::auth_api::AuthApi, wunder::auth_api::AuthApi),
    WunderUser(wunder::user_api::UserApi, wunder::user_api::UserApi),
    WalletCrew(walletcrew::api::Api, walletcrew::api::Api),
    GoodCity(goodcity::api::Api, goodcity::api::Api),
    Fynd(fynd::api::Api, fynd::api::Api),
}

/// Configuration of the clients of a test, with its secrets.
#[derive(Clone)]
pub struct ApiConfig {
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub cookie: String,
    pub application_token: String,
    pub signing_key: String,
    /// The options of all calls.
    pub options: CallOptions,
    /// A custom HTTP client.
    pub http_client: Option<reqwest::Client>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            clock: Arc::new(SystemClock),
            access_token: TOKEN.to_owned(),
            refresh_token: None,
            cookie: "a-cookie".to_owned(),
            application_token: APPLICATION.1.to_owned(),
            signing_key: "a key".to_owned(),
            options: CallOptions::new(),
            http_client: None,
        }
    }
}

impl Api {
    /// The API of a document at `base_url`, with a session of a fixed credential.
    pub async fn of(document: &str, base_url: &str) -> Self {
        Self::with_config(document, base_url, &ApiConfig::default()).await
    }

    /// The same, with a configuration.
    pub async fn with_config(document: &str, base_url: &str, with: &ApiConfig) -> Self {
        macro_rules! build {
            ($builder:expr) => {{
                let builder = $builder
                    .settings(with.settings.clone())
                    .clock(with.clock.clone());
                let builder = match &with.http_client {
                    Some(client) => builder.http_client(client.clone()),
                    None => builder,
                };
                builder.build().unwrap().with_options(with.options.clone())
            }};
        }
        let tokens = || {
            let refresh = with.refresh_token.as_deref().map(Into::into);
            Tokens::new(with.access_token.as_str(), refresh)
        };
        match document {
            "wunder-auth" | "wunder-user" => {
                let builder = wunder::Client::builder(base_url).tenant("tenant01");
                let client = build!(builder.signing_key(with.signing_key.as_str()));
                let session = client.resume_with_tokens(tokens()).await.unwrap();
                if document == "wunder-auth" {
                    Self::WunderAuth(session.auth_api(), client.auth_api())
                } else {
                    Self::WunderUser(session.user_api(), client.user_api())
                }
            }
            "walletcrew" => {
                let client = build!(walletcrew::Client::builder(base_url).tenant("tenant01"));
                let session = client.resume_with_tokens(tokens()).await.unwrap();
                Self::WalletCrew(session.api(), client.api())
            }
            "goodcity" => {
                let client = build!(goodcity::Client::builder(base_url).app_name("app"));
                let session = client.resume_with_tokens(tokens()).await.unwrap();
                Self::GoodCity(session.api(), client.api())
            }
            "fynd" => {
                let token = with.application_token.as_str();
                let builder = fynd::Client::builder(APPLICATION.0).application_token(token);
                let client = build!(builder.base_url(base_url));
                let cookies = [(COOKIE, with.cookie.as_str())];
                let session = client.resume_with_cookies(cookies).await.unwrap();
                Self::Fynd(session.api(), client.api())
            }
            other => panic!("{other} is not a document"),
        }
    }

    /// The API's `Debug` output.
    pub fn shown(&self) -> String {
        match self {
            Self::WunderAuth(session, plain) => format!("{session:?} {plain:?}"),
            Self::WunderUser(session, plain) => format!("{session:?} {plain:?}"),
            Self::WalletCrew(session, plain) => format!("{session:?} {plain:?}"),
            Self::GoodCity(session, plain) => format!("{session:?} {plain:?}"),
            Self::Fynd(session, plain) => format!("{session:?} {plain:?}"),
        }
    }

    /// Calls an operation, with a session if it takes one.
    pub async fn call(
        &self,
        id: &str,
        with_session: bool,
        arguments: &Value,
    ) -> Result<JsonResponse, Error> {
        macro_rules! call {
            ($system:ident, $session:expr, $plain:expr) => {
                calls::$system::call(if with_session { $session } else { $plain }, id, arguments)
                    .await
            };
        }
        match self {
            Self::WunderAuth(session, plain) => call!(wunder_auth, session, plain),
            Self::WunderUser(session, plain) => call!(wunder_user, session, plain),
            Self::WalletCrew(session, plain) => call!(walletcrew, session, plain),
            Self::GoodCity(session, plain) => call!(goodcity, session, plain),
            Self::Fynd(session, plain) => call!(fynd, session, plain),
        }
    }
}

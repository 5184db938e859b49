//! All described operations of all documents, callable by name through the public clients.

use serde_json::{Map, Value, json};
use std::sync::Arc;
use vestibule::session::Tokens;
use vestibule::testing::{self, Described, Dispatch};
use vestibule::{
    AnyJson, Clock, Error, Response, Settings, SystemClock, fynd, goodcity, reqwest, walletcrew,
    wunder,
};

use super::documents::{Document, Operation};

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
    pub signature_key: String,
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
            signature_key: "a key".to_owned(),
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
                builder.build().unwrap()
            }};
        }
        let tokens = || {
            let refresh = with.refresh_token.as_deref().map(Into::into);
            Tokens::new(with.access_token.as_str(), refresh)
        };
        match document {
            "wunder-auth" | "wunder-user" => {
                let builder = wunder::Client::builder(base_url, "tenant01");
                let client = build!(builder.signature_key(with.signature_key.as_str()));
                let session = wunder::Session::from_tokens(&client, tokens())
                    .await
                    .unwrap();
                if document == "wunder-auth" {
                    Self::WunderAuth(session.auth_api(), client.auth_api())
                } else {
                    Self::WunderUser(session.user_api(), client.user_api())
                }
            }
            "walletcrew" => {
                let client = build!(walletcrew::Client::builder(base_url, "tenant01"));
                let session = walletcrew::Session::from_tokens(&client, tokens())
                    .await
                    .unwrap();
                Self::WalletCrew(session.api(), client.api())
            }
            "goodcity" => {
                let client = build!(goodcity::Client::builder(base_url, "app"));
                let session = goodcity::Session::from_tokens(&client, tokens())
                    .await
                    .unwrap();
                Self::GoodCity(session.api(), client.api())
            }
            "fynd" => {
                let token = with.application_token.as_str();
                let builder = fynd::Client::builder(APPLICATION.0, token);
                let client = build!(builder.base_url(base_url));
                let cookies = [(COOKIE, with.cookie.as_str())];
                let session = fynd::Session::from_cookies(&client, cookies).await.unwrap();
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

    /// The generated descriptions of the operations.
    pub fn described(&self) -> Vec<Described> {
        match self {
            Self::WunderAuth(api, _) => api.described(),
            Self::WunderUser(api, _) => api.described(),
            Self::WalletCrew(api, _) => api.described(),
            Self::GoodCity(api, _) => api.described(),
            Self::Fynd(api, _) => api.described(),
        }
    }

    /// Calls an operation, with a session if it takes one.
    pub async fn call(
        &self,
        id: &str,
        with_session: bool,
        arguments: &Value,
    ) -> Result<Response<AnyJson>, Error> {
        macro_rules! call {
            ($session:expr, $plain:expr) => {
                testing::call(if with_session { $session } else { $plain }, id, arguments).await
            };
        }
        match self {
            Self::WunderAuth(session, plain) => call!(session, plain),
            Self::WunderUser(session, plain) => call!(session, plain),
            Self::WalletCrew(session, plain) => call!(session, plain),
            Self::GoodCity(session, plain) => call!(session, plain),
            Self::Fynd(session, plain) => call!(session, plain),
        }
    }
}

/// A parameter that a caller passes, with its value.
pub struct Argument {
    pub name: String,
    pub place: String,
    pub value: Value,
}

impl Operation {
    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }

    /// Whether a session is one of its credentials.
    pub fn takes_session(&self) -> bool {
        let mut alternatives = self.value["security"].as_array().unwrap().iter();
        alternatives.any(|alternative| alternative.get("session").is_some())
    }

    /// Whether it is idempotent.
    pub fn is_idempotent(&self) -> bool {
        match self.value["x-repeat"].as_str() {
            Some(repeat) => repeat == "safe",
            None => self.method == "get",
        }
    }

    pub fn sends_message(&self) -> bool {
        self.value["x-sends-message"] == true
    }

    pub fn carries_code(&self) -> bool {
        self.value["x-carries-code"] == true
    }

    /// The parameters that a caller passes; a path parameter gets `in_path`.
    pub fn arguments(&self, document: &Document, in_path: Option<&str>) -> Vec<Argument> {
        let parameters = self.value["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        parameters
            .map(|parameter| document.resolve(parameter))
            .filter(|parameter| parameter["x-client-setting"] != true)
            .map(|parameter| {
                let schema = document.resolve(&parameter["schema"]);
                let examples = [
                    &parameter["example"],
                    &schema["example"],
                    &schema["default"],
                ];
                let example = examples.into_iter().find(|example| !example.is_null());
                let place = parameter["in"].as_str().unwrap().to_owned();
                let value = match in_path {
                    Some(value) if place == "path" => json!(value),
                    _ => example.expect("a parameter has an example").clone(),
                };
                Argument {
                    name: parameter["name"].as_str().unwrap().to_owned(),
                    place,
                    value,
                }
            })
            .collect()
    }

    /// The example of the request's body.
    pub fn body(&self, document: &Document) -> Option<Value> {
        let body = document.resolve(self.value.get("requestBody")?);
        Some(example(&body["content"]["application/json"]).expect("a body has an example"))
    }

    /// Arguments as `testing::call` takes them.
    pub fn call_arguments(&self, document: &Document, in_path: Option<&str>) -> Value {
        let mut arguments = Map::new();
        for argument in self.arguments(document, in_path) {
            arguments.insert(rust_name(&argument.name), argument.value);
        }
        if let Some(body) = self.body(document) {
            arguments.insert("body".to_owned(), body);
        }
        Value::Object(arguments)
    }

    /// Each documented success: its status, and the example of its body if it has one.
    pub fn successes(&self, document: &Document) -> Vec<(u16, Option<Value>)> {
        let responses = self.value["responses"].as_object().unwrap();
        responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(status, response)| {
                let response = document.resolve(response);
                let content = &response["content"]["application/json"];
                (status.parse().unwrap(), example(content))
            })
            .collect()
    }
}

/// The snake case of a documented name.
pub fn rust_name(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The example of a media type, or the first of several.
pub fn example(content: &Value) -> Option<Value> {
    let first = content["examples"]
        .as_object()
        .and_then(|all| all.values().next());
    let example = content
        .get("example")
        .or(first.map(|example| &example["value"]));
    example.cloned()
}

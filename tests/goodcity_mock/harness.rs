//! A mock, raw requests to it, and the comparison of its responses with the description.

use std::sync::Mutex;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use vestibule::testing::{GoodCity, GoodCityUser, Message};
use vestibule::{Phone, Settings};

use super::support::documents::Document;

/// The number of a user of every mock.
pub const MOBILE: &str = "+85251234567";

/// A number that no user has.
pub const UNKNOWN: &str = "+85261234567";

const PATH: &str = "/api/v1/auth/";

/// JSON of the server's own code.
pub const OWN: &str = "application/vnd.api+json";

/// JSON of the web framework.
pub const JSON: &str = "application/json";

pub struct Harness {
    pub mock: GoodCity,
    http: reqwest::Client,
    document: Document,
    problems: Mutex<Vec<String>>,
}

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn content_type(&self) -> &str {
        let value = self.headers.get("content-type");
        value.map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }

    /// The names of the members of the body.
    #[track_caller]
    pub fn members(&self) -> Vec<String> {
        let body = self.json();
        let mut names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    #[track_caller]
    pub fn key(self) -> String {
        self.ok()["otp_auth_key"].as_str().unwrap().to_owned()
    }

    /// An error with exactly these members.
    #[track_caller]
    pub fn refused(&self, status: u16, members: &[&str]) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.members(), members, "{}", self.text);
    }

    /// The refusal of a pin.
    #[track_caller]
    pub fn pin_refused(&self) {
        self.refused(422, &["errors"]);
        assert!(self.json()["errors"]["pin"].is_string(), "{}", self.text);
    }
}

impl Harness {
    pub async fn start() -> Self {
        let mock = GoodCity::start().await;
        let user = GoodCityUser::new(Phone::parse(MOBILE).unwrap());
        mock.add_user(user.first_name("Ada").last_name("Wong"));
        Self {
            mock,
            http: Settings::new()
                .http_client_builder()
                .unwrap()
                .build()
                .unwrap(),
            document: Document::read(&"goodcity"),
            problems: Mutex::default(),
        }
    }

    /// The responses that the description does not have.
    pub fn problems(&self) -> Vec<String> {
        self.problems.lock().unwrap().clone()
    }

    /// A request without an app and a content type.
    pub fn bare(&self, method: Method, operation: &str) -> RequestBuilder {
        let url = format!("{}{PATH}{operation}", self.mock.base_url());
        self.http.request(method, url)
    }

    /// A JSON request of an app, as the clients of the server send it.
    pub fn post(&self, operation: &str, body: Value) -> RequestBuilder {
        let request = self.bare(Method::POST, operation);
        let request = request.header("accept", JSON).header("content-type", JSON);
        request.body(body.to_string())
    }

    pub fn get(&self, operation: &str) -> RequestBuilder {
        self.bare(Method::GET, operation).header("accept", JSON)
    }

    /// Sends a request, and compares the response with the description.
    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        let problems = self.compare(&method, &path, &reply);
        self.problems.lock().unwrap().extend(problems);
        reply
    }

    /// Status, content type and schema of a response to a described operation.
    fn compare(&self, method: &Method, path: &str, reply: &Reply) -> Vec<String> {
        let place = |problem: String| format!("{method} {path} {}: {problem}", reply.status);
        let operations = self.document.operations();
        let operation = operations.iter().find(|operation| {
            operation.path == path && operation.method == method.as_str().to_lowercase()
        });
        let Some(operation) = operation else {
            return Vec::new();
        };
        let response = &operation.value["responses"][reply.status.to_string()];
        if response.is_null() {
            return vec![place("the status is not described".to_owned())];
        }
        let content = &self.document.resolve(response)["content"];
        let kind = reply.content_type();
        if content.is_null() && reply.text.is_empty() && kind.is_empty() {
            return Vec::new();
        }
        if content[kind].is_null() {
            return vec![place(format!("{kind:?} is not described"))];
        }
        if !kind.ends_with("json") {
            return Vec::new();
        }
        let schema = &content[kind]["schema"];
        let errors = self.document.errors(schema, &reply.json());
        errors.into_iter().map(place).collect()
    }

    pub async fn send_pin(&self, mobile: &str) -> Reply {
        self.send_pin_as("app", mobile).await
    }

    pub async fn send_pin_as(&self, app: &str, mobile: &str) -> Reply {
        let request = self.post("send_pin", json!({"mobile": mobile}));
        self.send(request.header("x-goodcity-app-name", app)).await
    }

    pub async fn sign_up_as(&self, app: &str, mobile: &str) -> Reply {
        let request = self.post("signup", sign_up(mobile));
        self.send(request.header("x-goodcity-app-name", app)).await
    }

    pub async fn verify(&self, key: &str, pin: &str) -> Reply {
        self.verify_as("app", key, pin).await
    }

    pub async fn verify_as(&self, app: &str, key: &str, pin: &str) -> Reply {
        let request = self.post("verify", json!({"otp_auth_key": key, "pin": pin}));
        self.send(request.header("x-goodcity-app-name", app)).await
    }

    /// The token of a user.
    pub fn token(&self) -> String {
        let tokens = self.mock.tokens_for(MOBILE).unwrap();
        tokens.access.expose().to_owned()
    }

    /// The profile of the user, read in a language.
    pub async fn profile(&self, language: &str) -> Value {
        let request = self.get("current_user_profile").bearer_auth(self.token());
        let request = request.header("accept-language", language);
        self.send(request).await.ok()
    }

    pub fn messages(&self) -> Vec<Message> {
        self.mock.outbox().messages()
    }

    #[track_caller]
    pub fn pin(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).expect("a message")
    }

    /// The language of the last message.
    pub fn language(&self) -> Option<String> {
        self.messages().pop().expect("a message").language
    }
}

/// The body of a sign-up with a number and nothing else.
pub fn sign_up(mobile: &str) -> Value {
    json!({"user_auth": {"mobile": mobile, "address_attributes": {}}})
}

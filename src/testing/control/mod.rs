//! The control API of a mock: HTTP operations below `/__mock/` that do for any language what the handle of
//! a mock does in Rust. `openapi.yaml` describes them.

mod access;
mod error;
mod faults;
mod members;
mod operations;

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use wiremock::Request;

pub use self::access::ControlAccess;
pub use self::error::ControlError;
pub(crate) use self::members::Members;
use self::operations::{OPERATIONS, Operation, Run};
use super::server::ServerState;
use super::{Behaviour, Channel, MockResponse};
use crate::error::System;

/// Where the operations are, but for the page at `/__mock` itself, and for `/__outbox` and `/__clock`, which
/// mocks without a control API serve, too.
const ROOT: &str = "/__mock/";

/// What the control API does to the mock of one system.
pub(crate) trait Controlled: Behaviour {
    fn system(&self) -> System;

    /// All users, in the order of their creation.
    fn users(&self) -> Vec<UserSummary>;

    /// Adds an item and returns what a caller needs to use it, such as its id.
    fn add(&self, item: Item, members: Members) -> Result<Value, ControlError>;

    /// The credentials of a new sign-in of a user, by id, phone number or e-mail address.
    fn credentials_for(&self, user: &str) -> Option<Value>;

    /// Revokes the credentials of all users.
    fn revoke_credentials(&self);

    /// Makes all sent codes and links invalid.
    fn expire_codes(&self);

    /// Opens the link with this code; false if the mock has no such link.
    fn open_link(&self, code: &str) -> bool;

    /// Forgets everything but its settings of the start.
    fn reset(&self);
}

/// What the control API adds to a mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    User,
    ApiClient,
    SocialAccount,
    Terms,
    Attribute,
}

impl Item {
    /// The error of a mock that has no such items.
    pub(crate) fn unsupported(self, system: System) -> ControlError {
        let items = match self {
            Self::User => "users",
            Self::ApiClient => "API clients",
            Self::SocialAccount => "social accounts without a user",
            Self::Terms => "terms",
            Self::Attribute => "user attributes",
        };
        ControlError::not_found(format!("{system} has no {items}"))
    }
}

/// A user, without secrets.
#[derive(Serialize)]
pub(crate) struct UserSummary {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// Empty if the user has none.
    pub(crate) name: String,
    pub(crate) contacts: Vec<ContactSummary>,
    pub(crate) has_password: bool,
    /// What is particular about the user, such as `locked`.
    pub(crate) states: Vec<&'static str>,
}

impl UserSummary {
    /// A first and a last name as one, without the absent ones.
    pub(crate) fn whole_name(first: Option<&str>, last: Option<&str>) -> String {
        let names: Vec<&str> = [first, last].into_iter().flatten().collect();
        names.join(" ").trim().to_owned()
    }
}

/// A phone number or an e-mail address of a user.
#[derive(Serialize)]
pub(crate) struct ContactSummary {
    pub(crate) channel: Channel,
    pub(crate) value: String,
    pub(crate) verified: bool,
}

/// An item or a fault that a reset adds again.
#[derive(Clone)]
pub(super) struct Seed {
    operation: &'static Operation,
    body: Map<String, Value>,
}

impl Seed {
    /// Adds it, and returns what the operation responds.
    pub(super) fn add(&self, server: &ServerState) -> Result<Value, ControlError> {
        let result = self.operation.post(server, self.body.clone())?;
        Ok(json!({"collection": self.collection(), "result": result}))
    }

    fn collection(&self) -> &'static str {
        self.operation.path.strip_prefix(ROOT).unwrap_or_default()
    }
}

/// The control API of a mock, without HTTP; see [`MockSettings::control`](super::MockSettings::control).
#[derive(Clone)]
pub struct MockControl(Arc<ServerState>);

impl fmt::Debug for MockControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "testing::MockControl({})", self.0.behaviour.system())
    }
}

impl MockControl {
    pub(super) fn new(server: Arc<ServerState>) -> Self {
        Self(server)
    }

    /// The system of the mock.
    pub fn system(&self) -> System {
        self.0.behaviour.system()
    }

    /// Does what `POST /__mock/COLLECTION` does with this body, and does it again after each reset.
    /// Collections are `users`, `api-clients`, `social-accounts`, `terms`, `attributes` and `faults`; the
    /// document at `/__mock/openapi.yaml` describes their bodies and what this returns.
    ///
    /// ```
    /// use serde_json::json;
    /// use vestibule::testing::{ControlAccess, GoodCity, MockSettings};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let settings = MockSettings::new().control(ControlAccess::new());
    /// let mock = GoodCity::serve(settings).await?;
    /// let control = mock.control().ok_or("no control API")?;
    /// let ada = control.seed("users", json!({"phone": "+85261234567", "first_name": "Ada"}))?;
    /// assert_eq!(ada["id"], "1001");
    /// let error = control.seed("users", json!({"fone": "+85261234567"})).unwrap_err();
    /// assert_eq!(error.field(), Some("phone"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no such collection, or its operation refuses the body. Nothing is added then.
    pub fn seed(&self, collection: &str, body: Value) -> Result<Value, ControlError> {
        let seeds = OPERATIONS.iter().filter(|operation| operation.is_seed);
        let mut found = seeds.filter(|it| it.path.strip_prefix(ROOT) == Some(collection));
        let Some(operation) = found.next() else {
            return Err(ControlError::not_found("there is no such collection"));
        };
        let Value::Object(body) = body else {
            return Err(not_an_object());
        };
        let result = operation.post(&self.0, body.clone())?;
        self.0.add_seed(Seed { operation, body });
        Ok(result)
    }
}

/// The response to a control request; `None` for other requests.
pub(super) fn respond(server: &ServerState, request: &Request) -> Option<MockResponse> {
    let path = match request.url.path() {
        ROOT => "/__mock",
        path => path,
    };
    let is_short = ["/__outbox", "/__clock"].contains(&path);
    let is_below = path == "/__mock" || path.starts_with(ROOT);
    let is_control = is_short || (is_below && server.access.is_some());
    if !is_control {
        return None;
    }
    let response = run(server, request, path).unwrap_or_else(ControlError::into_response);
    Some(response.header("cache-control", "no-store"))
}

fn run(server: &ServerState, request: &Request, path: &str) -> Result<MockResponse, ControlError> {
    if let Some(access) = &server.access {
        access.check_page(&request.headers, server.origin.as_ref())?;
    }
    let operation = operation(&request.method, path)?;
    if let (Some(access), true) = (&server.access, operation.needs_token()) {
        access.check_token(&request.headers)?;
    }
    let query = Members::of_query(&request.url);
    match operation.run {
        Run::File { kind, text } => {
            query.finish()?;
            let response = MockResponse::text(200, text).content_type(kind);
            Ok(response.headers(operations::page_headers()))
        }
        Run::Get(get) => get(server, query).map(MockResponse::ok),
        Run::Post { status, .. } => {
            query.finish()?;
            let result = operation.post(server, object(&request.body)?)?;
            Ok(MockResponse::json(status, result))
        }
        Run::Delete(delete) => {
            query.finish()?;
            delete(server);
            Ok(MockResponse::empty(204))
        }
    }
}

/// The operation of a method and a path.
fn operation(method: &Method, path: &str) -> Result<&'static Operation, ControlError> {
    let at_path = || OPERATIONS.iter().filter(|known| known.path == path);
    if let Some(found) = at_path().find(|known| known.method == method.as_str()) {
        return Ok(found);
    }
    let methods: Vec<&str> = at_path().map(|known| known.method).collect();
    if methods.is_empty() {
        let detail = "there is no such control operation; GET /__mock/openapi.yaml describes all";
        return Err(ControlError::not_found(detail));
    }
    let allowed = methods.join(", ");
    let detail = format!("this path has the methods {allowed}");
    let error = ControlError::new(StatusCode::METHOD_NOT_ALLOWED, detail);
    Err(error.header("allow", allowed))
}

/// The members of a body; an empty body has none.
fn object(body: &[u8]) -> Result<Map<String, Value>, ControlError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(not_an_object()),
    }
}

fn not_an_object() -> ControlError {
    ControlError::new(StatusCode::BAD_REQUEST, "the body must be a JSON object")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::BTreeSet;

    use super::*;

    /// The operations of the document: method and path.
    fn described() -> BTreeSet<(String, String)> {
        let document: Value = serde_saphyr::from_str(operations::DOCUMENT).expect("a document");
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["operationId"].is_string(), "{method} {path}");
                described.insert((method.to_ascii_uppercase(), path.clone()));
            }
        }
        described
    }

    #[test]
    fn the_document_describes_each_operation_that_is_served_and_no_other() {
        let served: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|it| (it.method.to_owned(), it.path.to_owned()))
            .collect();
        assert_eq!(
            served.len(),
            OPERATIONS.len(),
            "an operation is served twice"
        );
        assert_eq!(described(), served);
    }

    #[test]
    fn the_document_says_which_operations_require_the_token() {
        let document: Value = serde_saphyr::from_str(operations::DOCUMENT).expect("a document");
        assert_eq!(document["security"], json!([{"token": []}, {}]));
        for operation in OPERATIONS {
            let method = operation.method.to_ascii_lowercase();
            let security = &document["paths"][operation.path][&method]["security"];
            let is_open = *security == json!([]);
            let path = operation.path;
            assert_eq!(is_open, !operation.needs_token(), "{method} {path}");
        }
    }
}

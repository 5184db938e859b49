//! The mock over plain HTTP; every response is validated against its document.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use url::Url;
use vestibule::testing::Wunder;
use vestibule::wunder::{Sha256Hex, SignatureInput};
use vestibule::{Clock, Secret, reqwest};

use crate::conformance::{Tally, documents, id, violations};

pub struct Server {
    pub mock: Wunder,
    http: reqwest::Client,
    last_timestamp: AtomicI64,
    tally: Mutex<Tally>,
}

/// A request builder.
pub struct TestRequest {
    id: &'static str,
    tenant: &'static str,
    path: Vec<(&'static str, String)>,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
}

pub fn ask(id: &'static str) -> TestRequest {
    TestRequest {
        id,
        tenant: "tenant01",
        path: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    }
}

impl TestRequest {
    pub fn tenant(mut self, tenant: &'static str) -> Self {
        self.tenant = tenant;
        self
    }

    pub fn path(mut self, name: &'static str, value: impl ToString) -> Self {
        self.path.push((name, value.to_string()));
        self
    }

    pub fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub fn bearer(mut self, token: &str) -> Self {
        self.headers
            .push(("authorization", format!("Bearer {token}")));
        self
    }

    pub fn impersonate(mut self, uuid: &str) -> Self {
        self.headers.push(("gourban-impersonate", uuid.to_owned()));
        self
    }

    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body.to_string());
        self
    }

    /// A given signature and timestamp.
    pub fn signature(self, (signature, timestamp): &(String, String)) -> Self {
        self.query("signature", signature)
            .query("timestamp", timestamp)
    }
}

pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// 200 with an empty body.
    #[track_caller]
    pub fn ok_empty(self) {
        assert_eq!((self.status, &self.body), (200, &Value::Null));
    }

    /// 204, as documented.
    #[track_caller]
    pub fn done(self) {
        assert_eq!(
            (self.status, &self.body),
            (204, &Value::Null),
            "{}",
            self.body
        );
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) {
        let shown = (self.status, self.body["errorCode"].as_str());
        assert_eq!(shown, (status, Some(code)), "{}", self.body);
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

impl Server {
    pub async fn start() -> Self {
        let http = reqwest::Client::builder().no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none());
        Self {
            mock: Wunder::start().await,
            http: http.build().unwrap(),
            last_timestamp: AtomicI64::new(0),
            tally: Mutex::default(),
        }
    }

    pub fn into_tally(self) -> Tally {
        self.tally.into_inner().unwrap()
    }

    /// A fresh signature over `identifier`, with its timestamp.
    pub fn sign(&self, identifier: &str) -> (String, String) {
        self.sign_at(identifier, self.mock.clock().now().timestamp_millis())
    }

    /// The same at another time, but later than all before if they would be equal.
    pub fn sign_at(&self, identifier: &str, millis: i64) -> (String, String) {
        let last = self.last_timestamp.fetch_max(millis, Ordering::SeqCst);
        let millis = match millis == last {
            true => self.last_timestamp.fetch_add(1, Ordering::SeqCst) + 1,
            false => millis,
        };
        let (key, timestamp) = (Secret::from(Wunder::SIGNING_KEY), millis.to_string());
        let signature =
            Sha256Hex::digest(&SignatureInput::new(&key, identifier).timestamp(&timestamp));
        (signature, timestamp)
    }

    /// Sends a request and validates the response.
    pub async fn send(&self, ask: TestRequest) -> Reply {
        let (document, operation) = documents()
            .iter()
            .find_map(|(document, operations)| {
                let operation = operations.iter().find(|it| id(it) == ask.id)?;
                Some((document, operation))
            })
            .unwrap_or_else(|| panic!("{} is no operation", ask.id));
        let mut path = operation.path.replace("{tenant}", ask.tenant);
        for (name, value) in &ask.path {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        let mut url = Url::parse(&format!("{}{path}", self.mock.base_url())).unwrap();
        if !ask.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&ask.query);
        }
        let method = operation.method.to_uppercase().parse().unwrap();
        let mut request = self.http.request(method, url);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = ask.body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes);
        let violations = violations(document, operation, status, &headers, &bytes);
        let body: Value = body.unwrap_or(Value::Null);
        let mut tally = self.tally.lock().unwrap();
        tally.responses += 1;
        match status {
            200..300 => tally.succeeded.insert(ask.id),
            _ => tally.refused.insert(ask.id),
        };
        tally
            .codes
            .extend(body["errorCode"].as_str().map(str::to_owned));
        if !violations.is_empty() {
            let place = format!("{} {status}: {violations:?}", ask.id);
            tally.violations.push(place);
        }
        drop(tally);
        Reply {
            status,
            headers,
            body,
        }
    }

    /// Requests a login code by SMS and returns it.
    pub async fn phone_code(&self, phone: &str) -> String {
        let ask = ask("create_or_sign_in_with_phone_number").signature(&self.sign(phone));
        let body = json!({"phoneNumber": phone, "branchId": "2"});
        self.send(ask.body(body)).await.done();
        self.mock.outbox().last_code(phone).unwrap()
    }

    /// Requests a login code by e-mail and returns it.
    pub async fn email_code(&self, email: &str) -> String {
        let ask = ask("create_or_sign_in_with_email_code").signature(&self.sign(email));
        let body = json!({"email": email, "branchId": "2"});
        self.send(ask.body(body)).await.done();
        self.mock.outbox().last_code(email).unwrap()
    }

    pub async fn confirm_phone(&self, phone: &str, code: &str) -> Reply {
        let body = json!({"phoneNumber": phone, "code": code});
        self.send(ask("sign_in_phone_number").body(body)).await
    }

    pub async fn confirm_email(&self, email: &str, code: &str) -> Reply {
        let body = json!({"email": email, "code": code});
        self.send(ask("sign_in_email_code").body(body)).await
    }

    pub async fn by_password(&self, email: &str, password: &str) -> Reply {
        let body = json!({"email": email, "password": password});
        self.send(ask("sign_in_email").body(body)).await
    }

    /// Signs in by phone and returns access and refresh token.
    pub async fn signed_in(&self, phone: &str) -> (String, String) {
        let code = self.phone_code(phone).await;
        tokens(&self.confirm_phone(phone, &code).await.ok())
    }

    pub async fn get(&self, id: &'static str, access: &str) -> Reply {
        self.send(ask(id).bearer(access)).await
    }

    pub async fn profile(&self, access: &str) -> Value {
        self.get("get_customer", access).await.ok()
    }
}

pub fn tokens(body: &Value) -> (String, String) {
    assert_eq!(body["mfaRequired"], false, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("accessToken"), text("refreshToken"))
}

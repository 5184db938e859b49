//! A mock, raw requests to it, and a tally of its responses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use vestibule::Clock as _;
use vestibule::fynd::{SignatureInput, sign};
use vestibule::testing::Fynd;

use super::conformance::problems;
use super::support::documents::{Document, Operation};

pub const APPLICATION: &str = "64b000000000000000000001";
const SDK_VERSION: &str = "1.0";

/// The responses to all requests of a harness.
#[derive(Default)]
pub struct Tally {
    pub responses: usize,
    pub conforming: usize,
    pub problems: Vec<String>,
    /// The statuses of the responses by operation.
    pub statuses: BTreeMap<String, BTreeSet<u16>>,
    /// The error codes.
    pub codes: BTreeSet<String>,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.responses += other.responses;
        self.conforming += other.conforming;
        self.problems.extend(other.problems);
        self.codes.extend(other.codes);
        for (operation, statuses) in other.statuses {
            self.statuses.entry(operation).or_default().extend(statuses);
        }
    }
}

/// The cookie of one browser.
#[derive(Default)]
pub struct Jar(pub Option<String>);

/// A response that was validated against the document.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub set_cookie: Option<String>,
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) {
        let reply = (self.status, self.body["code"].as_str().unwrap_or_default());
        assert_eq!(reply, (status, code), "{}", self.body);
    }
}

/// A raw request.
pub struct RawRequest<'a> {
    pub headers: Vec<(&'a str, String)>,
    pub method: &'a str,
    pub target: String,
    pub body: Vec<u8>,
}

pub struct Harness {
    pub mock: Fynd,
    pub document: Document,
    pub operations: Vec<Operation>,
    tally: Mutex<Tally>,
}

impl Harness {
    pub async fn start() -> Self {
        let document = Document::read(&"fynd");
        Self {
            mock: Fynd::start().await,
            operations: document.operations(),
            document,
            tally: Mutex::default(),
        }
    }

    pub fn finish(self) -> Tally {
        self.tally.into_inner().unwrap()
    }

    pub fn operation(&self, id: &str) -> &Operation {
        let mut operations = self.operations.iter();
        operations
            .find(|operation| operation.value["operationId"] == id)
            .expect("a described operation")
    }

    /// The newest code sent to a number (`+91…`) or address.
    #[track_caller]
    pub fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).expect("a message")
    }

    pub fn messages(&self) -> usize {
        self.mock.outbox().messages().len()
    }

    pub fn wait(&self, seconds: u64) {
        self.mock.clock().advance(Duration::from_secs(seconds));
    }

    /// Calls an operation without a session.
    pub async fn call(&self, operation: &str, input: Value) -> Reply {
        self.call_as(&mut Jar::default(), operation, input).await
    }

    /// Calls an operation: `input` is the body, or the query of a GET or DELETE. The jar is updated
    /// as a browser does.
    pub async fn call_as(&self, jar: &mut Jar, operation: &str, input: Value) -> Reply {
        let raw = self.signed(self.operation(operation), &input, jar);
        let reply = self.send(operation, raw).await;
        if let Some(cookie) = &reply.set_cookie {
            let pair = cookie.split(';').next().unwrap();
            let old_jar = !pair.ends_with('=');
            jar.0 = old_jar.then(|| pair.to_owned());
        }
        reply
    }

    /// The request with its credential, its signature and the cookie.
    pub fn signed(&self, operation: &Operation, input: &Value, jar: &Jar) -> RawRequest<'static> {
        let mut target = operation.path.clone();
        let mut body = Vec::new();
        if ["get", "delete"].contains(&operation.method.as_str()) {
            let pairs = input.as_object().unwrap();
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in pairs {
                let text = value.as_str().map(str::to_owned);
                query.append_pair(name, &text.unwrap_or_else(|| value.to_string()));
            }
            target = format!("{target}?{}", query.finish());
        } else {
            body = serde_json::to_vec(input).unwrap();
        }
        let now = self.mock.clock().now();
        let method: Method = operation.method.to_uppercase().parse().unwrap();
        let url = format!("{}{target}", self.mock.base_url());
        let input = SignatureInput::new(&method, &url, now).unwrap();
        let signature = sign(&input.body(&body).sdk_version(SDK_VERSION));
        let credential = STANDARD.encode(format!("{APPLICATION}:application-token"));
        let mut headers = vec![
            ("authorization", format!("Bearer {credential}")),
            ("x-fp-date", now.format("%Y%m%dT%H%M%SZ").to_string()),
            ("x-fp-sdk-version", SDK_VERSION.to_owned()),
            ("x-fp-signature", signature),
            ("content-type", "application/json".to_owned()),
        ];
        headers.extend(jar.0.clone().map(|cookie| ("cookie", cookie)));
        let method = match operation.method.as_str() {
            "get" => "GET",
            "put" => "PUT",
            "post" => "POST",
            "delete" => "DELETE",
            _ => "PATCH",
        };
        RawRequest {
            headers,
            method,
            target,
            body,
        }
    }

    /// Sends a request, and validates the response against the document.
    pub async fn send(&self, operation: &str, raw: RawRequest<'_>) -> Reply {
        let base_url = self.mock.base_url();
        let address = base_url.strip_prefix("http://").unwrap();
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {address}\r\n",
            raw.method, raw.target
        );
        for (name, value) in raw.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let length = raw.body.len();
        head += &format!("content-length: {length}\r\nconnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&raw.body).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let response = String::from_utf8(response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_owned())
        };
        let reply = Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: serde_json::from_str(body).unwrap_or(json!({"not JSON": body})),
            set_cookie: header("set-cookie"),
        };
        let kind = header("content-type").unwrap_or_default();
        self.record(operation, &reply, &kind);
        reply
    }

    fn record(&self, operation: &str, reply: &Reply, kind: &str) {
        let described = self.operation(operation);
        let problems = problems(&self.document, described, reply, kind);
        let mut tally = self.tally.lock().unwrap();
        tally.responses += 1;
        tally.conforming += usize::from(problems.is_empty());
        tally.problems.extend(problems);
        let statuses = tally.statuses.entry(operation.to_owned()).or_default();
        statuses.insert(reply.status);
        if let Some(code) = reply.body["code"].as_str() {
            tally.codes.insert(code.to_owned());
        }
    }
}

//! Runs the binary as a process, and sends plain HTTP to it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than a process needs to start on a busy machine.
const START: Duration = Duration::from_secs(60);

fn command(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule-mock"));
    command
        .env_remove("VESTIBULE_MOCK_CONTROL_TOKEN")
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Output of a process that exited by itself.
pub struct Ended {
    pub out: String,
    pub error: String,
    pub success: bool,
}

pub async fn run(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
    let ended = tokio::time::timeout(START, command(flags).output());
    let ended = ended.await.expect("the process exits").unwrap();
    Ended {
        out: String::from_utf8(ended.stdout).unwrap(),
        error: String::from_utf8(ended.stderr).unwrap(),
        success: ended.status.success(),
    }
}

/// The error message of a rejected command line.
pub async fn refused(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let ended = run(flags).await;
    assert!(!ended.success && ended.out.is_empty(), "{}", ended.out);
    ended.error
}

/// A server that is ready. It stops when it is dropped.
pub struct Server {
    child: Child,
    printed: BTreeMap<String, String>,
    http: reqwest::Client,
}

pub async fn serve(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Server {
    serve_command(command(flags)).await
}

/// A server with an environment variable.
pub async fn serve_with(
    variable: &str,
    value: &str,
    flags: impl IntoIterator<Item = impl AsRef<OsStr>>,
) -> Server {
    let mut command = command(flags);
    command.env(variable, value);
    serve_command(command).await
}

async fn serve_command(mut command: Command) -> Server {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut printed = BTreeMap::new();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            match line.split_once(' ') {
                Some((name, value)) => printed.insert(name.to_owned(), value.to_owned()),
                None => {
                    assert_eq!(line, "ready");
                    return;
                }
            };
        }
        panic!("the server ended before it was ready");
    };
    tokio::time::timeout(START, ready).await.expect("it starts");
    Server {
        child,
        printed,
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
    }
}

/// A complete response.
#[derive(Debug)]
pub struct HttpResponse {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl HttpResponse {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Server {
    /// The value that the server printed under this name: a base URL, or a value of a seed.
    pub fn printed(&self, name: &str) -> &str {
        self.printed.get(name).map_or_else(
            || panic!("no `{name}` in {:?}", self.printed.keys()),
            String::as_str,
        )
    }

    pub fn url(&self, system: &str) -> &str {
        self.printed(system)
    }

    pub fn request(&self, method: Method, system: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url(system));
        self.http.request(method, url)
    }

    pub async fn get(&self, system: &str, path: &str) -> HttpResponse {
        response(self.request(Method::GET, system, path))
            .await
            .unwrap()
    }

    pub async fn post(&self, system: &str, path: &str, body: &Value) -> HttpResponse {
        self.try_post(system, path, body).await.unwrap()
    }

    pub async fn try_post(
        &self,
        system: &str,
        path: &str,
        body: &Value,
    ) -> Result<HttpResponse, reqwest::Error> {
        let request = self.request(Method::POST, system, path);
        let request = request.header("content-type", "application/json");
        response(request.body(body.to_string())).await
    }

    /// Sends a control request, with a body if it is not null.
    pub async fn control(
        &self,
        system: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> HttpResponse {
        let request = self.request(method, system, path);
        let request = match body {
            Value::Null => request,
            body => request
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        response(request).await.unwrap()
    }

    /// Sends SIGTERM, and returns whether the process ended without an error.
    #[cfg(unix)]
    pub async fn terminate(&mut self) -> bool {
        let kill = format!("kill -TERM {}", self.child.id().unwrap());
        let sent = Command::new("sh").args(["-c", &kill]).status().await;
        assert!(sent.unwrap().success());
        let ended = tokio::time::timeout(START, self.child.wait()).await;
        ended.expect("the process ends").unwrap().success()
    }

    /// The code of the newest message to `to`.
    pub async fn last_code(&self, system: &str, to: &str) -> Option<String> {
        let outbox = self.get(system, "/__outbox").await.json();
        let mut messages = outbox.as_array().unwrap().iter().rev();
        let newest = messages.find(|message| message["to"] == to)?;
        Some(newest["code"].as_str().unwrap().to_owned())
    }
}

pub async fn response(request: reqwest::RequestBuilder) -> Result<HttpResponse, reqwest::Error> {
    let response = request.send().await?;
    Ok(HttpResponse {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}

//! The example as a process, and plain HTTP to it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than a busy machine needs to start a process.
const START: Duration = Duration::from_secs(60);

/// `cargo test` builds the examples next to the tests.
fn command(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let test = env::current_exe().unwrap();
    let profile: PathBuf = test.parent().unwrap().parent().unwrap().into();
    let mut command = Command::new(profile.join("examples/mock_server"));
    command
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a process wrote that ended by itself.
pub struct Ended {
    pub out: String,
    pub error: String,
    pub success: bool,
}

pub async fn run(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ended {
    let ended = tokio::time::timeout(START, command(flags).output());
    let ended = ended.await.expect("it ends").unwrap();
    Ended {
        out: String::from_utf8(ended.stdout).unwrap(),
        error: String::from_utf8(ended.stderr).unwrap(),
        success: ended.status.success(),
    }
}

/// The message of a command line that is refused.
pub async fn refused(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let ended = run(flags).await;
    assert!(!ended.success && ended.out.is_empty(), "{}", ended.out);
    ended.error
}

/// A server that is ready. It ends with the handle.
pub struct Served {
    _child: Child,
    told: BTreeMap<String, String>,
    http: reqwest::Client,
}

pub async fn serve(flags: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Served {
    let mut child = command(flags).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = BTreeMap::new();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            match line.split_once(' ') {
                Some((name, value)) => told.insert(name.to_owned(), value.to_owned()),
                None => {
                    assert_eq!(line, "ready");
                    return;
                }
            };
        }
        panic!("the server ended before it was ready");
    };
    tokio::time::timeout(START, ready).await.expect("it starts");
    Served {
        _child: child,
        told,
        http: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
    }
}

/// An answer that arrived whole.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Served {
    /// What the server told under this name: a base URL, or something of a seed.
    pub fn told(&self, name: &str) -> &str {
        self.told.get(name).map_or_else(
            || panic!("no `{name}` in {:?}", self.told.keys()),
            String::as_str,
        )
    }

    pub fn url(&self, system: &str) -> &str {
        self.told(system)
    }

    pub fn request(&self, method: Method, system: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url(system));
        self.http.request(method, url)
    }

    pub async fn get(&self, system: &str, path: &str) -> Answered {
        answer(self.request(Method::GET, system, path))
            .await
            .unwrap()
    }

    pub async fn post(&self, system: &str, path: &str, body: &Value) -> Answered {
        self.try_post(system, path, body).await.unwrap()
    }

    pub async fn try_post(
        &self,
        system: &str,
        path: &str,
        body: &Value,
    ) -> Result<Answered, reqwest::Error> {
        let request = self.request(Method::POST, system, path);
        let request = request.header("content-type", "application/json");
        answer(request.body(body.to_string())).await
    }

    /// The code of the newest message to somebody.
    pub async fn last_code(&self, system: &str, to: &str) -> Option<String> {
        let outbox = self.get(system, "/__outbox").await.json();
        let mut messages = outbox.as_array().unwrap().iter().rev();
        let newest = messages.find(|message| message["to"] == to)?;
        Some(newest["code"].as_str().unwrap().to_owned())
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Result<Answered, reqwest::Error> {
    let answer = request.send().await?;
    Ok(Answered {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        text: answer.text().await?,
    })
}

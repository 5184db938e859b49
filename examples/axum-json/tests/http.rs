//! The program, driven over HTTP on a mock of Wunder, and its number of lines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command as Program, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vestibule::reqwest::{self, Method, header};
use vestibule::testing::Wunder;

const PHONE: &str = "+43660000001";

/// The program, which has a mock of Wunder as its server, and a file that outlives it.
struct Site {
    mock: Wunder,
    folder: TempDir,
    program: Child,
    url: String,
}

impl Site {
    async fn start() -> Self {
        let mock = Wunder::start().await;
        let folder = tempfile::tempdir().unwrap();
        let (program, url) = run(&mock, &folder).await;
        Self {
            mock,
            folder,
            program,
            url,
        }
    }

    /// Kills the program, as in a crash, and starts it again.
    async fn restart(&mut self) {
        self.program.kill().await.unwrap();
        (self.program, self.url) = run(&self.mock, &self.folder).await;
    }

    fn code(&self) -> String {
        self.mock.outbox().last_code(PHONE).unwrap()
    }

    fn wrong_code(&self) -> &'static str {
        if self.code() == "000000" {
            "000001"
        } else {
            "000000"
        }
    }
}

async fn run(mock: &Wunder, folder: &TempDir) -> (Child, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_vestibule-axum-json"))
        .env("LISTEN", "127.0.0.1:0")
        .env("DATABASE", folder.path().join("sessions.sqlite"))
        .env(
            "SEALING_KEY",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        )
        .env("WUNDER_URL", mock.base_url())
        .env("WUNDER_TENANT", "demo")
        .env("WUNDER_SIGNATURE_KEY", Wunder::SIGNING_KEY)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let url = lines.next_line().await.unwrap().expect("the address");
    (program, url)
}

/// A browser, which keeps the newest cookie.
#[derive(Clone, Default)]
struct Browser {
    cookie: String,
}

struct Response {
    status: u16,
    body: Value,
    retry_after: Option<String>,
    content_type: String,
}

impl Browser {
    async fn get(&mut self, site: &Site, path: &str) -> Response {
        self.send(site, Method::GET, path, Value::Null).await
    }

    async fn post(&mut self, site: &Site, path: &str, body: impl Into<Value>) -> Response {
        self.send(site, Method::POST, path, body.into()).await
    }

    async fn send(&mut self, site: &Site, method: Method, path: &str, body: Value) -> Response {
        let http = vestibule::Settings::new().http_client_builder().unwrap();
        let http: reqwest::Client = http.build().unwrap();
        let request = http
            .request(method, format!("{}{path}", site.url))
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let response = request.send().await.unwrap();
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        if let Some(set) = header(header::SET_COOKIE) {
            let (pair, attributes) = set.split_once(';').unwrap();
            // An unknown cookie is removed.
            let is_removed = attributes.contains("Max-Age=0");
            for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
                assert!(is_removed || attributes.contains(attribute), "{attributes}");
            }
            self.cookie = pair.to_owned();
        }
        Response {
            status: response.status().as_u16(),
            retry_after: header(header::RETRY_AFTER),
            content_type: header(header::CONTENT_TYPE).unwrap_or_default(),
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        }
    }
}

#[tokio::test]
async fn a_user_signs_in_with_a_second_factor_and_signs_out() {
    let site = Site::start().await;
    site.mock.require_mfa(&PHONE.parse().unwrap(), "246810");
    let mut browser = Browser::default();
    let sent = browser.post(&site, "/sign-in", PHONE).await;
    assert_eq!(sent.status, 200);
    let hint = sent.body["sent_to"].as_str().unwrap();
    assert!(hint.ends_with("01") && !hint.contains("660"), "{hint}");
    let before = browser.clone();
    assert!(before.cookie.starts_with("__Host-id="));

    // A wrong code, and then the right one.
    let wrong = browser
        .post(&site, "/sign-in/code", site.wrong_code())
        .await;
    assert_eq!(
        (wrong.status, &wrong.body["kind"]),
        (422, &json!("rejected"))
    );
    let half = browser.post(&site, "/sign-in/code", site.code()).await;
    assert_eq!((half.status, half.body), (200, json!({"signed_in": false})));
    assert_eq!(browser.get(&site, "/profile").await.status, 401);
    let wrong = browser.post(&site, "/sign-in/code", "111111").await;
    assert_eq!(wrong.status, 422);
    let done = browser.post(&site, "/sign-in/code", "246810").await;
    assert_eq!((done.status, done.body), (200, json!({"signed_in": true})));

    let profile = browser.get(&site, "/profile").await;
    assert_eq!(profile.status, 200);
    assert_eq!(profile.body["phone"], PHONE);
    assert_ne!(browser.cookie, before.cookie);
    assert_eq!(before.clone().get(&site, "/profile").await.status, 401);

    let signed_in = browser.clone();
    assert_eq!(
        browser.post(&site, "/sign-out", Value::Null).await.status,
        200
    );
    assert_eq!(site.mock.count("logout"), 1);
    for mut browser in [browser, signed_in, before] {
        assert_eq!(browser.get(&site, "/profile").await.status, 401);
    }
}

#[tokio::test]
async fn errors_are_problems() {
    let site = Site::start().await;
    let mut browser = Browser::default();
    let invalid = browser.post(&site, "/sign-in", "12").await;
    assert_eq!(invalid.status, 400);
    assert_eq!(invalid.content_type, "application/problem+json");
    assert_eq!(invalid.body["field"], "phone");
    assert_eq!(invalid.body["user_must_act"], true);
    let early = browser.post(&site, "/sign-in/code", "123456").await;
    assert_eq!((early.status, &early.body["status"]), (401, &json!(401)));
    assert!(site.mock.journal().is_empty());

    browser.post(&site, "/sign-in", PHONE).await;
    let soon = browser.post(&site, "/sign-in/resend", Value::Null).await;
    assert_eq!(soon.status, 429);
    let wait: u64 = soon.retry_after.unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(soon.body["retry_after"], wait);

    site.mock.fail_next("sign_in_phone_number", 500);
    let failed = browser.post(&site, "/sign-in/code", site.code()).await;
    assert_eq!(
        (failed.status, &failed.body["kind"]),
        (503, &json!("unavailable"))
    );
    let done = browser.post(&site, "/sign-in/code", site.code()).await;
    assert_eq!(done.status, 200, "{}", done.body);
}

#[tokio::test]
async fn a_restart_loses_no_sign_in_and_no_session() {
    let mut site = Site::start().await;
    let mut browser = Browser::default();
    browser.post(&site, "/sign-in", PHONE).await;
    site.restart().await;
    let done = browser.post(&site, "/sign-in/code", site.code()).await;
    assert_eq!(done.body, json!({"signed_in": true}));
    site.restart().await;
    assert_eq!(browser.get(&site, "/profile").await.status, 200);
    // Nothing in the file shows a cookie, an id or the phone.
    let (_, cookie) = browser.cookie.split_once('=').unwrap();
    for file in fs::read_dir(site.folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for shown in [cookie, PHONE, "signed_in", "vestibule.wunder"] {
            let found = bytes.windows(shown.len()).any(|it| it == shown.as_bytes());
            assert!(!found, "{shown} is in the file");
        }
    }
}

#[tokio::test]
async fn a_missing_setting_is_named() {
    let run = Command::new(env!("CARGO_BIN_EXE_vestibule-axum-json"))
        .env_clear()
        .output();
    let run = run.await.unwrap();
    assert!(!run.status.success());
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("SEALING_KEY is not set"), "{told}");
}

/// All source, as rustfmt writes it.
#[test]
fn the_program_has_at_most_90_lines_of_code() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = fs::read_dir(package.join("src"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let formatted = Program::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--quiet"])
        .args(&files)
        .output()
        .expect("rustfmt runs");
    assert!(formatted.status.success());
    let text = String::from_utf8(formatted.stdout).unwrap();
    assert!(text.contains("fn main()"), "{text}");
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines = text.lines().filter(is_code).count();
    assert!(lines <= 90, "{lines} lines");
    let proofs = package.join("../../target/proof");
    fs::create_dir_all(&proofs).unwrap();
    let proof = format!("axum-json lines={lines}\n");
    fs::write(proofs.join("axum-json"), proof).unwrap();
}

//! A headless Chromium, driven by WebDriver.

use std::process::Stdio;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running `chromedriver`; dropping it ends the process.
pub struct Chrome {
    url: String,
    _driver: Child,
}

impl Chrome {
    pub async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver must be installed; scripts/browser.sh does that");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = loop {
            let line = lines.next_line().await.expect("its output");
            let line = line.expect("chromedriver says on which port it listens");
            let port = line.split("started successfully on port ").nth(1);
            if let Some(port) = port {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // The pipe must stay open while chromedriver writes.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            _driver: driver,
        }
    }

    /// Opens a new browser with an empty profile.
    pub async fn open(&self, scripts: bool) -> Client {
        let mut options = json!({
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--hide-scrollbars",
                "--window-size=1100,900",
            ],
        });
        if !scripts {
            // 2 is "block".
            options["prefs"] = json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".to_owned(), options);
        wanted.insert(
            "timeouts".to_owned(),
            json!({"pageLoad": 15_000, "script": 15_000}),
        );
        ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&self.url)
            .await
            .expect("Chromium must be installed; scripts/browser.sh does that")
    }
}

/// A command of the Chrome DevTools protocol.
#[derive(Debug)]
pub struct Devtools {
    pub command: &'static str,
    pub parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({"cmd": self.command, "params": self.parameters});
        (http::Method::POST, Some(body.to_string()))
    }
}

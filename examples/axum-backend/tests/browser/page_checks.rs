//! Screenshots of a page in a light, a dark and a phone layout, and accessibility checks by axe.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fantoccini::Client;
use serde_json::{Value, json};

use crate::chrome::Devtools;

pub struct PageChecks {
    axe: String,
    target: PathBuf,
    seen: Mutex<PageReport>,
}

#[derive(Default)]
struct PageReport {
    pages: usize,
    violations: Vec<String>,
}

impl PageChecks {
    pub fn new() -> Self {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let axe = target.join("tools/axe/node_modules/axe-core/axe.min.js");
        let missing = "axe-core must be installed; scripts/browser.sh does that";
        fs::create_dir_all(target.join("browser")).expect("a folder for screenshots");
        fs::create_dir_all(target.join("proof")).expect("a folder for proofs");
        Self {
            axe: fs::read_to_string(axe).expect(missing),
            target,
            seen: Mutex::default(),
        }
    }

    /// Checks a page in each layout.
    pub async fn at(&self, browser: &Client, name: &str) {
        for (look, scheme, phone) in [
            ("light", "light", false),
            ("dark", "dark", false),
            ("phone", "light", true),
        ] {
            let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
            devtools(
                browser,
                "Emulation.setEmulatedMedia",
                json!({"features": features}),
            )
            .await;
            match phone {
                true => {
                    let screen = json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true});
                    devtools(browser, "Emulation.setDeviceMetricsOverride", screen).await;
                }
                false => {
                    devtools(browser, "Emulation.clearDeviceMetricsOverride", json!({})).await;
                }
            }
            self.screenshot(browser, &format!("{name}-{look}")).await;
            self.check(browser, &format!("{name}, {look}")).await;
        }
        devtools(browser, "Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.seen.lock().unwrap().pages += 1;
    }

    async fn screenshot(&self, browser: &Client, name: &str) {
        let whole = json!({"format": "png", "captureBeyondViewport": true});
        let taken = devtools(browser, "Page.captureScreenshot", whole).await;
        let bytes = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        let file = self.target.join("browser").join(format!("{name}.png"));
        fs::write(file, bytes).expect("a screenshot can be written");
    }

    async fn check(&self, browser: &Client, page: &str) {
        let sideways = "return document.documentElement.scrollWidth > window.innerWidth";
        let scrolls = browser.execute(sideways, Vec::new()).await.unwrap();
        assert_eq!(scrolls, json!(false), "{page} scrolls horizontally");

        browser.execute(&self.axe, Vec::new()).await.unwrap();
        let run = "const done = arguments[0]; axe.run().then(done, error => done(String(error)))";
        let found = browser.execute_async(run, Vec::new()).await.unwrap();
        let rules = found["passes"].as_array().map_or(0, Vec::len);
        assert!(rules > 10, "axe did not run on {page}: {found}");
        let violations = found["violations"].as_array().expect("a list");
        let shown = violations.iter().map(|violation| {
            let nodes = violation["nodes"].as_array().cloned().unwrap_or_default();
            let nodes: Vec<String> = nodes.iter().map(|it| it["html"].to_string()).collect();
            format!("{page}: {} {}", violation["id"], nodes.join(" "))
        });
        self.seen.lock().unwrap().violations.extend(shown);
    }

    /// Writes a proof line.
    pub fn proof(&self, name: &str, figure: &str) {
        let file = self.target.join("proof").join(name);
        fs::write(file, format!("{name} {figure}\n")).expect("a proof can be written");
    }

    /// Writes the number of violations and pages.
    pub fn proof_of_axe(&self) {
        let seen = self.seen.lock().unwrap();
        let (violations, pages) = (seen.violations.len(), seen.pages);
        self.proof("axe", &format!("violations={violations} pages={pages}"));
    }

    /// The violations on all pages.
    pub fn violations(&self) -> Vec<String> {
        self.seen.lock().unwrap().violations.clone()
    }
}

async fn devtools(browser: &Client, command: &'static str, parameters: Value) -> Value {
    let command = Devtools {
        command,
        parameters,
    };
    browser
        .issue_cmd(command)
        .await
        .expect("Chromium executes the command")
}

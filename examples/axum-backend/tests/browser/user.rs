//! A simulated user: reads, types and clicks in a browser.

use std::sync::Arc;
use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use vestibule::System;
use vestibule_axum_backend::demo::Mocks;

use crate::chrome::Chrome;
use crate::page_checks::PageChecks;

/// The timeout of a page.
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct User {
    browser: Client,
    site: String,
    page_checks: Arc<PageChecks>,
}

impl User {
    pub async fn at(chrome: &Chrome, site: &str, page_checks: &Arc<PageChecks>) -> Self {
        Self::with(chrome.open(true).await, site, page_checks)
    }

    /// A user whose browser runs no scripts.
    pub async fn without_scripts(
        chrome: &Chrome,
        site: &str,
        page_checks: &Arc<PageChecks>,
    ) -> Self {
        Self::with(chrome.open(false).await, site, page_checks)
    }

    fn with(browser: Client, site: &str, page_checks: &Arc<PageChecks>) -> Self {
        Self {
            browser,
            site: site.to_owned(),
            page_checks: page_checks.clone(),
        }
    }

    pub async fn goes_to(&self, path: &str) {
        let address = format!("{}{path}", self.site);
        self.browser.goto(&address).await.expect("the page opens");
    }

    pub async fn reloads(&self) {
        self.browser.refresh().await.expect("the page opens again");
    }

    /// Replaces the value of the field with this label.
    pub async fn types(&self, label: &str, text: &str) {
        let path = format!("//input[@id=//label[normalize-space()='{label}']/@for]");
        let field = self.find(&path, label).await;
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it takes text");
    }

    /// Clicks the button or link of this name and waits for the next page.
    pub async fn presses(&self, name: &str) {
        let path = format!("//*[self::button or self::a][normalize-space()='{name}']");
        let found = self.find(&path, name).await;
        found.click().await.expect("it can be pressed");
        // The element disappears with its page.
        let gone = async { while found.is_displayed().await.is_ok() {} };
        let gone = tokio::time::timeout(TIMEOUT, gone).await;
        assert!(gone.is_ok(), "`{name}` leads nowhere");
    }

    /// Submits the first form, and again a moment later.
    pub async fn presses_twice(&self) {
        let script = "const form = document.forms[0]; form.requestSubmit(); \
                      setTimeout(() => form.requestSubmit(), 100)";
        let pressed = self.browser.execute(script, Vec::new()).await;
        pressed.expect("the page runs scripts");
    }

    /// Ticks the box with this label.
    pub async fn ticks(&self, label: &str) {
        let path = format!("//label[normalize-space()='{label}']");
        let found = self.find(&path, label).await;
        found.click().await.expect("it can be ticked");
    }

    /// Types keys into the focused element.
    pub async fn presses_keys(&self, keys: &str) {
        let focus = self.browser.active_element().await.expect("a focus");
        focus.send_keys(keys).await.expect("it takes keys");
    }

    pub async fn presses_key(&self, key: Key) {
        self.presses_keys(&char::from(key).to_string()).await;
    }

    /// The id or text of the focused element.
    pub async fn has_focus_on(&self) -> String {
        let focus = self.browser.active_element().await.expect("a focus");
        let id = focus.attr("id").await.expect("attributes");
        match id {
            Some(id) => id,
            None => focus.text().await.expect("text"),
        }
    }

    /// Waits until the page contains this text.
    pub async fn sees(&self, text: &str) {
        let path = format!("//body[contains(normalize-space(.), '{text}')]");
        let wait = self.browser.wait().at_most(TIMEOUT);
        if wait.for_element(Locator::XPath(&path)).await.is_err() {
            panic!("`{text}` is not in:\n{}", self.reads().await);
        }
    }

    pub async fn does_not_see(&self, text: &str) {
        let page = self.reads().await;
        assert!(!page.contains(text), "`{text}` is in:\n{page}");
    }

    /// The text of the page.
    pub async fn reads(&self) -> String {
        let body = self.browser.find(Locator::Css("body")).await;
        body.expect("a page").text().await.expect("its text")
    }

    /// The title of the page.
    pub async fn title(&self) -> String {
        self.browser.title().await.expect("a title")
    }

    /// Opens a second window of the same browser and stays in the first.
    pub async fn opens_a_window(&self) -> Windows {
        let first = self.browser.window().await.expect("a window");
        let second = self.browser.new_window(true).await.expect("another");
        Windows {
            first,
            second: second.handle,
        }
    }

    pub async fn turns_to(&self, window: &fantoccini::wd::WindowHandle) {
        let turned = self.browser.switch_to_window(window.clone()).await;
        turned.expect("the window is open");
    }

    /// Moves the clock of the page forward.
    pub async fn lets_seconds_pass_on_the_page(&self, seconds: u32) {
        let script =
            "const now = Date.now, more = arguments[0] * 1000; Date.now = () => now() + more";
        let arguments = vec![seconds.into()];
        let run = self.browser.execute(script, arguments).await;
        run.expect("the page runs scripts");
    }

    /// Takes screenshots of the page and checks it by axe.
    pub async fn shows(&self, name: &str) {
        self.page_checks.at(&self.browser, name).await;
    }

    pub async fn leaves(self) {
        self.browser.close().await.expect("the browser closes");
    }

    async fn find(&self, path: &str, name: &str) -> fantoccini::elements::Element {
        match self.browser.find(Locator::XPath(path)).await {
            Ok(found) => found,
            Err(_) => panic!("there is no `{name}` on:\n{}", self.reads().await),
        }
    }
}

/// Two windows of one browser.
pub struct Windows {
    pub first: fantoccini::wd::WindowHandle,
    pub second: fantoccini::wd::WindowHandle,
}

/// The code of the newest message.
pub fn code(mocks: &Mocks, system: System, to: &str) -> String {
    let code = mocks.outbox(system).unwrap().last_code(to);
    code.unwrap_or_else(|| panic!("no message went to {to}"))
}

/// A wrong code of the same format.
pub fn wrong(code: &str) -> String {
    let turned = |digit: char| char::from_digit(9 - digit.to_digit(10).unwrap(), 10).unwrap();
    code.chars().map(turned).collect()
}

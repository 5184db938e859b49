//! The browser that sent a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use vestibule::store::StoreError;
use vestibule::{Secret, System};

use super::state::{BrowserState, Progress, SignInState, SignedIn};
use super::{Notice, cookie};
use crate::app::App;
use crate::routes::PageError;

/// The session of one browser. It is stored at its first change, so that a browser that only reads
/// pages needs no memory.
pub struct BrowserSession {
    app: Arc<App>,
    state: BrowserState,
    /// The cookie value under which the state is stored.
    cookie: Option<Secret>,
    /// Whether the response has to set the cookie.
    is_new: bool,
}

impl FromRequestParts<Arc<App>> for BrowserSession {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let jar = CookieJar::from_headers(&parts.headers);
        let mut browser = Self {
            app: app.clone(),
            state: BrowserState::default(),
            cookie: None,
            is_new: false,
        };
        // An unknown value is never adopted: an attacker may have chosen it.
        if let Some(value) = cookie::value_of(&jar, app.https)
            && let Some(state) = app.browsers.load(&value).await?
        {
            browser.state = state;
            browser.cookie = Some(value);
        }
        Ok(browser)
    }
}

impl BrowserSession {
    pub fn progress(&self, system: System) -> Progress {
        self.state.progress(system).cloned().unwrap_or_default()
    }

    /// Changes and stores the progress at one system.
    ///
    /// If another window has just signed in, the browser has a new cookie value, and this change is
    /// lost with the old one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn change(
        &mut self,
        system: System,
        change: impl Fn(&mut Progress),
    ) -> Result<(), StoreError> {
        let change = |state: &mut BrowserState| change(state.progress_mut(system));
        let Some(cookie) = &self.cookie else {
            change(&mut self.state);
            self.cookie = Some(self.app.browsers.create(&self.state).await?);
            self.is_new = true;
            return Ok(());
        };
        if let Some(state) = self.app.browsers.update(cookie, change).await? {
            self.state = state;
        }
        Ok(())
    }

    /// Returns the notice that was not shown yet and removes it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn take_notice(&mut self, system: System) -> Result<Option<Notice>, StoreError> {
        let notice = self.progress(system).notice;
        if notice.is_some() {
            self.change(system, |progress| progress.notice = None)
                .await?;
        }
        Ok(notice)
    }

    /// Records the sign-in under a new cookie value, which prevents session fixation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn signed_in(&mut self, system: System, session: &Secret) -> Result<(), StoreError> {
        let progress = self.state.progress_mut(system);
        progress.notice = None;
        progress.state = SignInState::SignedIn(SignedIn {
            id: session.clone(),
            enrolment: None,
            recovery: Vec::new(),
        });
        let new = self.app.browsers.create(&self.state).await?;
        if let Some(old) = self.cookie.replace(new) {
            self.app.browsers.delete(&old).await?;
        }
        self.is_new = true;
        Ok(())
    }

    /// Adds the cookie to a response if it is new.
    pub fn respond(self, response: impl IntoResponse) -> Response {
        let https = self.app.https;
        let new = self.cookie.filter(|_| self.is_new);
        let jar = CookieJar::new();
        match new {
            Some(value) => (jar.add(cookie::set(&value, https)), response).into_response(),
            None => response.into_response(),
        }
    }

    /// Redirects to the page of a system, which shows the next step.
    pub fn go_to(self, system: System) -> Response {
        self.respond(Redirect::to(&format!("/{}", system.as_str())))
    }
}

//! The browser that sent a request.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use vestibule::store::StoreError;
use vestibule::{Secret, System};

use super::kept::{Browser, SignedIn, Stage, Visit};
use super::{Notice, cookie};
use crate::app::App;
use crate::routes::Trouble;

/// A browser, whether or not anything is kept of it yet. Nothing is kept before its first change, so
/// that who only looks costs no memory.
pub struct Visitor {
    app: Arc<App>,
    browser: Browser,
    /// The value under which the browser is kept.
    cookie: Option<Secret>,
    /// Whether the browser does not know its value yet.
    is_new: bool,
}

impl FromRequestParts<Arc<App>> for Visitor {
    type Rejection = Trouble;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let jar = CookieJar::from_headers(&parts.headers);
        let mut visitor = Self {
            app: app.clone(),
            browser: Browser::default(),
            cookie: None,
            is_new: false,
        };
        // A value that is not known is never taken over: somebody else may have chosen it.
        if let Some(value) = cookie::value_of(&jar, app.https)
            && let Some(browser) = app.browsers.find(&value).await?
        {
            visitor.browser = browser;
            visitor.cookie = Some(value);
        }
        Ok(visitor)
    }
}

impl Visitor {
    pub fn visit(&self, system: System) -> Visit {
        self.browser.visit(system).cloned().unwrap_or_default()
    }

    /// Changes the visit at one system, and keeps it.
    ///
    /// If another window has just signed in, the browser has a new value by now, and this change
    /// is dropped with the old one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn change(
        &mut self,
        system: System,
        change: impl Fn(&mut Visit),
    ) -> Result<(), StoreError> {
        let change = |browser: &mut Browser| change(browser.visit_mut(system));
        let Some(cookie) = &self.cookie else {
            change(&mut self.browser);
            self.cookie = Some(self.app.browsers.keep(&self.browser).await?);
            self.is_new = true;
            return Ok(());
        };
        if let Some(browser) = self.app.browsers.change(cookie, change).await? {
            self.browser = browser;
        }
        Ok(())
    }

    /// Takes the notice that was not shown yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn take_notice(&mut self, system: System) -> Result<Option<Notice>, StoreError> {
        let notice = self.visit(system).notice;
        if notice.is_some() {
            self.change(system, |visit| visit.notice = None).await?;
        }
        Ok(notice)
    }

    /// The person is somebody now: under a new value, so that whoever knew the old one knows
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn signed_in(&mut self, system: System, session: &Secret) -> Result<(), StoreError> {
        let visit = self.browser.visit_mut(system);
        visit.notice = None;
        visit.stage = Stage::SignedIn(SignedIn {
            id: session.clone(),
            enrolment: None,
            recovery: Vec::new(),
        });
        let new = self.app.browsers.keep(&self.browser).await?;
        if let Some(old) = self.cookie.replace(new) {
            self.app.browsers.forget(&old).await?;
        }
        self.is_new = true;
        Ok(())
    }

    /// An answer, with the cookie if it is new.
    pub fn answer(self, response: impl IntoResponse) -> Response {
        let https = self.app.https;
        let fresh = self.cookie.filter(|_| self.is_new);
        let jar = CookieJar::new();
        match fresh {
            Some(value) => (jar.add(cookie::set(&value, https)), response).into_response(),
            None => response.into_response(),
        }
    }

    /// Sends the browser to the page of a system, which shows how far the person is.
    pub fn go_to(self, system: System) -> Response {
        self.answer(Redirect::to(&format!("/{}", system.name())))
    }
}

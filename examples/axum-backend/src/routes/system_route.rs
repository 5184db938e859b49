//! The system that a URL names, and how far the browser's sign-in there has come.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;
use vestibule::axum::{Progress, SignInProgress};
use vestibule::code_sign_in::CodeSignIn;
use vestibule::{Secret, System};

use super::PageError;
use crate::app::App;
use crate::page_state::{Notice, PageState, PendingSignIn, Step};

/// An enabled system, extracted from the path, with the state of the browser there.
pub struct SystemRoute {
    pub app: Arc<App>,
    pub system: System,
    /// The id of the browser's challenge or session.
    pub progress: Progress,
    /// What the pages show. It is written to the web session with the response.
    pub page: PageState,
    loaded_page: PageState,
    web_session: Session,
}

/// How far the sign-in has come. The id is that of the challenge or session.
#[derive(Clone)]
pub enum SignInState {
    SignedOut,
    CodeSent(Secret, PendingSignIn),
    SecondFactor(Secret, PendingSignIn),
    OwnStep(Secret, PendingSignIn),
    SignedIn(Secret),
}

impl FromRequestParts<Arc<App>> for SystemRoute {
    type Rejection = PageError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        // Routes of a single system have its name in the path and not as a parameter.
        let path = parts.uri.path().to_owned();
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| PageError::not_here())?;
        let named = params.iter().find(|(name, _)| *name == "system");
        let name = match named {
            Some((_, name)) => name,
            None => path.split('/').nth(1).unwrap_or_default(),
        };
        let system = app.systems.by_name(name).ok_or_else(PageError::not_here)?;
        let web_session = web_session(parts, app).await?;
        let progress = Progress::resume(app.progress.clone(), parts, system).await?;
        let page = PageState::load(&web_session, system).await?;
        Ok(Self {
            app: app.clone(),
            system,
            progress,
            loaded_page: page.clone(),
            page,
            web_session,
        })
    }
}

async fn web_session(parts: &mut Parts, app: &Arc<App>) -> Result<Session, PageError> {
    let extracted = Session::from_request_parts(parts, app).await;
    extracted.map_err(|(status, _)| PageError::new(status, "There are no web sessions here."))
}

impl SystemRoute {
    /// The code sign-in of the system.
    pub fn code_sign_in(&self) -> Result<&dyn CodeSignIn, PageError> {
        let enabled = self.app.systems.code_sign_in(self.system);
        enabled.ok_or_else(PageError::not_here)
    }

    pub fn state(&self) -> SignInState {
        match (self.progress.current(), &self.page.pending) {
            (SignInProgress::SignedIn(id), _) => SignInState::SignedIn(id.clone()),
            (SignInProgress::Challenge(id) | SignInProgress::NextStep(id), Some(pending)) => {
                let (id, pending) = (id.clone(), pending.clone());
                match pending.step {
                    Step::Code => SignInState::CodeSent(id, pending),
                    Step::SecondFactor => SignInState::SecondFactor(id, pending),
                    Step::OfFynd => SignInState::OwnStep(id, pending),
                }
            }
            _ => SignInState::SignedOut,
        }
    }

    /// Returns to the first step, and keeps the form values.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn start_over(&mut self, notice: Option<Notice>) -> Result<(), PageError> {
        self.page.end_sign_in();
        self.page.notice = notice;
        Ok(self.progress.update(SignInProgress::NotStarted).await?)
    }

    /// Saves the state of the page, and returns a page with the notice that was not shown yet.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn show(
        mut self,
        page: impl FnOnce(&Self, Option<Notice>) -> Response,
    ) -> Result<Response, PageError> {
        let notice = self.page.notice.take();
        let shown = page(&self, notice);
        self.save().await?;
        Ok(shown)
    }

    /// Saves the state of the page, and redirects to the page of the system, which shows the next step.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn next_page(self) -> Result<Response, PageError> {
        let path = format!("/{}", self.system);
        self.redirect(&path).await
    }

    /// As [`next_page`](Self::next_page), to another path.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn redirect(self, path: &str) -> Result<Response, PageError> {
        self.save().await?;
        Ok(Redirect::to(path).into_response())
    }

    /// Redirects to the page of the system, which shows the notice.
    ///
    /// # Errors
    ///
    /// An error page if the store fails.
    pub async fn tell(mut self, notice: Notice) -> Result<Response, PageError> {
        self.page.notice = Some(notice);
        self.next_page().await
    }

    async fn save(&self) -> Result<(), PageError> {
        let (session, system) = (&self.web_session, self.system);
        self.page.save(session, system, &self.loaded_page).await
    }
}

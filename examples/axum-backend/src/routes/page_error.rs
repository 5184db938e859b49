//! Error pages.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vestibule::Error;

use crate::messages;
use crate::pages::{self, ErrorPage};

/// An error page with its status.
pub struct PageError {
    status: StatusCode,
    what: &'static str,
}

impl PageError {
    pub fn new(status: StatusCode, what: &'static str) -> Self {
        Self { status, what }
    }

    pub fn not_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page here.")
    }

    pub fn unavailable() -> Self {
        let what = "We cannot load your sign-in at the moment. Nothing is lost: try again shortly.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, what)
    }
}

pub async fn not_found() -> PageError {
    PageError::not_here()
}

/// The response to a GET request for the URL of a form.
pub async fn method_not_allowed() -> PageError {
    let what = "This address only accepts forms. Start from the home page: nothing is lost.";
    PageError::new(StatusCode::METHOD_NOT_ALLOWED, what)
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        messages::log(&error);
        Self::unavailable()
    }
}

/// The error of tower-sessions may quote what the web session holds, so it is not logged.
impl From<tower_sessions::session::Error> for PageError {
    fn from(_: tower_sessions::session::Error) -> Self {
        tracing::error!("the store of web sessions failed");
        Self::unavailable()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let page = ErrorPage { what: self.what };
        (self.status, pages::html(&page)).into_response()
    }
}

//! Error pages.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vestibule::store::StoreError;

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
}

pub async fn not_found() -> PageError {
    PageError::not_here()
}

/// The response to a GET request for the URL of a form.
pub async fn method_not_allowed() -> PageError {
    let what = "This address only accepts forms. Start from the home page: nothing is lost.";
    PageError::new(StatusCode::METHOD_NOT_ALLOWED, what)
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store of browser states failed");
        let what = "We cannot load your sign-in at the moment. Nothing is lost: try again shortly.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, what)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let page = ErrorPage { what: self.what };
        (self.status, pages::html(&page)).into_response()
    }
}

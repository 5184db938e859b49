//! A page that says what went wrong, where there is no other page to go on from.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use vestibule::store::StoreError;

use crate::pages::{self, TroublePage};

/// An answer in words, with its status.
pub struct Trouble {
    status: StatusCode,
    what: &'static str,
}

impl Trouble {
    pub fn new(status: StatusCode, what: &'static str) -> Self {
        Self { status, what }
    }

    pub fn not_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page here.")
    }
}

pub async fn not_found() -> Trouble {
    Trouble::not_here()
}

/// An address of a form, typed or kept as a bookmark.
pub async fn only_forms_go_there() -> Trouble {
    let what = "Nothing is to be seen there. Go on from the beginning: nothing is lost.";
    Trouble::new(StatusCode::METHOD_NOT_ALLOWED, what)
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store of the browsers failed");
        let what = "We cannot look up how far you are. Nothing is lost: try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, what)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let page = TroublePage { what: self.what };
        (self.status, pages::html(&page)).into_response()
    }
}

//! The data of the templates.

mod layout;
mod sign_in;
mod user;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use vestibule::System;

pub use self::layout::Layout;
pub use self::sign_in::{CodePage, CodesPage, SecondFactorPage, SignUpPage, StartPage};
pub use self::user::{AccountPage, AuthenticatorPage, NamePage, RecoveryPage, TermsPage};
use crate::systems;

/// Renders a page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render a page");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage {
    systems: Vec<SystemLink>,
    on_mocks: bool,
}

struct SystemLink {
    name: &'static str,
    title: &'static str,
    how: &'static str,
    is_signed_in: bool,
}

impl HomePage {
    pub fn new(enabled: Vec<(System, bool)>, on_mocks: bool) -> Self {
        let enabled = enabled
            .into_iter()
            .map(|(system, is_signed_in)| SystemLink {
                name: system.as_str(),
                title: systems::title(system),
                how: how(system),
                is_signed_in,
            });
        Self {
            systems: enabled.collect(),
            on_mocks,
        }
    }
}

fn how(system: System) -> &'static str {
    match system {
        System::Wunder => "Phone or e-mail, terms, and an optional authenticator",
        System::WalletCrew => "Phone or e-mail",
        System::GoodCity => "Mobile number in Hong Kong",
        System::Fynd => "Phone or e-mail, and your name",
        _ => "",
    }
}

#[derive(Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    pub what: &'static str,
}

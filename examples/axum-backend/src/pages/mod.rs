//! The pages, as the templates want them.

mod frame;
mod sign_in;
mod user;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use vestibule::System;

pub use self::frame::Frame;
pub use self::sign_in::{CodePage, CodesPage, SecondFactorPage, SignUpPage, StartPage};
pub use self::user::{AccountPage, AuthenticatorPage, NamePage, RecoveryPage, TermsPage};
use crate::systems;

/// Writes a page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub struct HomePage {
    offered: Vec<Offered>,
    on_mocks: bool,
}

struct Offered {
    name: &'static str,
    title: &'static str,
    how: &'static str,
    is_signed_in: bool,
}

impl HomePage {
    pub fn new(offered: impl Iterator<Item = (System, bool)>, on_mocks: bool) -> Self {
        let offered = offered.map(|(system, is_signed_in)| Offered {
            name: system.name(),
            title: systems::title(system),
            how: how(system),
            is_signed_in,
        });
        Self {
            offered: offered.collect(),
            on_mocks,
        }
    }
}

fn how(system: System) -> &'static str {
    match system {
        System::Wunder => "Phone or e-mail, terms, and an authenticator if you like",
        System::WalletCrew => "Phone or e-mail",
        System::GoodCity => "A mobile in Hong Kong",
        System::Fynd => "Phone or e-mail, and your name",
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
pub struct TroublePage {
    pub what: &'static str,
}

//! The routes. Every form responds with a redirect to the page of its system, so that going back,
//! reloading and a second window show the current step and send nothing twice.

mod account;
mod assets;
mod authenticator;
mod code;
mod demo;
mod fynd;
mod page_error;
mod show;
mod sign_up;
mod start;
mod submitted_form;
mod system_route;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use self::page_error::PageError;
pub use self::system_route::{SignInState, SystemRoute};
use crate::app::App;

pub fn all() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(show::home))
        .route("/{system}", get(show::page))
        .route("/{system}/code", post(start::send_code))
        .route("/{system}/start-over", post(start::start_over))
        .route("/{system}/resend", post(code::resend))
        .route("/{system}/confirm", post(code::confirm))
        .route("/{system}/sign-out", post(account::sign_out))
        .route(
            "/goodcity/sign-up",
            get(sign_up::form).post(sign_up::send_pin),
        )
        .route("/wunder/terms", post(account::accept_terms))
        .route("/wunder/name", post(account::give_name))
        .route("/fynd/name", post(fynd::complete_profile))
        .route("/fynd/codes/{contact}/confirm", post(fynd::confirm))
        .route("/fynd/codes/{contact}/resend", post(fynd::resend))
        .route("/wunder/authenticator", post(authenticator::set_up))
        .route("/wunder/authenticator/enable", post(authenticator::enable))
        .route("/wunder/authenticator/leave", post(authenticator::leave))
        .route("/style.css", get(assets::style))
        .route("/page.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .fallback(page_error::not_found)
        .method_not_allowed_fallback(page_error::method_not_allowed)
}

/// Routes that exist only with mocks.
pub fn demo() -> Router<Arc<App>> {
    Router::new().route("/demo/clock", post(demo::pass_time))
}

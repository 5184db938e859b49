//! Enrolment of an authenticator at Wunder, during or after the sign-in.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{ErrorKind, Secret};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::Notice;
use crate::systems::wunder::{Enroller, Wunder};

#[derive(Deserialize)]
pub struct CodeForm {
    code: Secret,
}

pub async fn set_up(mut route: SystemRoute) -> Result<Response, PageError> {
    let state = route.state();
    let (Some(who), Ok(wunder)) = (enroller(&state), wunder(&route)) else {
        return route.next_page().await;
    };
    match wunder.enrol(&who).await {
        Ok(enrolment) => route.page.enrolment = enrolment.map(|enrolment| enrolment.id().clone()),
        Err(error) => {
            let notice = match error.kind() {
                ErrorKind::Rejected => {
                    messages::log(&error);
                    Notice::problem("You already have an authenticator. Enter its code.")
                }
                _ => messages::notice(&error, Action::Saving),
            };
            route.page.notice = Some(notice);
        }
    }
    route.next_page().await
}

pub async fn enable(
    mut route: SystemRoute,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let state = route.state();
    let (Some(who), Some(id), Ok(wunder)) =
        (enroller(&state), &route.page.enrolment, wunder(&route))
    else {
        return route.next_page().await;
    };
    match wunder.enable(&who, id, typed.code).await {
        Ok(codes) => {
            route.page.enrolment = None;
            let text = match who {
                Enroller::Session(_) => {
                    route.page.recovery = codes;
                    "Your authenticator is set up. You will need it at the next sign-in."
                }
                Enroller::SignIn(_) => {
                    "Your authenticator is set up. Enter the next code that it shows."
                }
            };
            route.page.notice = Some(Notice::done(text));
        }
        Err(error) => {
            if matches!(
                error.kind(),
                ErrorKind::Unauthenticated | ErrorKind::StepRequired
            ) {
                route.page.enrolment = None;
            }
            route.page.notice = Some(messages::notice(&error, Action::Confirming));
        }
    }
    route.next_page().await
}

/// Closes the page of the authenticator or of the recovery codes.
pub async fn leave(mut route: SystemRoute) -> Result<Response, PageError> {
    if enroller(&route.state()).is_some() {
        route.page.enrolment = None;
        route.page.recovery = Vec::new();
    }
    route.next_page().await
}

fn wunder(route: &SystemRoute) -> Result<&Wunder, PageError> {
    let wunder = route.app.systems.wunder.as_ref();
    wunder.ok_or_else(PageError::not_here)
}

/// The session or sign-in that can enrol an authenticator in this state.
pub fn enroller(state: &SignInState) -> Option<Enroller<'_>> {
    match state {
        SignInState::SecondFactor(id, _) => Some(Enroller::SignIn(id)),
        SignInState::SignedIn(id) => Some(Enroller::Session(id)),
        _ => None,
    }
}

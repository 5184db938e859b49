//! Enrolment of an authenticator at Wunder, during or after the sign-in.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{ErrorKind, Secret};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, Notice, Progress, SignInState};
use crate::messages::{self, Action};
use crate::systems::wunder::{Enroller, Wunder};

#[derive(Deserialize)]
pub struct CodeForm {
    code: Secret,
}

pub async fn set_up(
    route: SystemRoute,
    mut browser: BrowserSession,
) -> Result<Response, PageError> {
    let state = browser.progress(route.system).state;
    let (Some(who), Ok(wunder)) = (enroller(&state), wunder(&route)) else {
        return Ok(browser.go_to(route.system));
    };
    match wunder.enrol(&who).await {
        Ok(enrolment) => {
            let id = enrolment.map(|enrolment| enrolment.id().clone());
            let begin = |progress: &mut Progress| set_enrolment(progress, id.clone());
            browser.change(route.system, begin).await?;
        }
        Err(error) => {
            let notice = match error.kind() {
                ErrorKind::Rejected => {
                    messages::log(&error);
                    Notice::problem("You already have an authenticator. Enter its code.")
                }
                _ => messages::notice(&error, Action::Saving),
            };
            let tell = |progress: &mut Progress| progress.notice = Some(notice.clone());
            browser.change(route.system, tell).await?;
        }
    }
    Ok(browser.go_to(route.system))
}

pub async fn enable(
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let state = browser.progress(route.system).state;
    let (Some(who), Some(id), Ok(wunder)) = (enroller(&state), enrolment(&state), wunder(&route))
    else {
        return Ok(browser.go_to(route.system));
    };
    match wunder.enable(&who, id, typed.code).await {
        Ok(codes) => {
            let done = |progress: &mut Progress| {
                set_enrolment(progress, None);
                let text = match &mut progress.state {
                    SignInState::SignedIn(user) => {
                        user.recovery = codes.clone();
                        "Your authenticator is set up. You will need it at the next sign-in."
                    }
                    _ => "Your authenticator is set up. Enter the next code that it shows.",
                };
                progress.notice = Some(Notice::done(text));
            };
            browser.change(route.system, done).await?;
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Confirming);
            let is_over = matches!(
                error.kind(),
                ErrorKind::Unauthenticated | ErrorKind::StepRequired
            );
            let tell = |progress: &mut Progress| {
                if is_over {
                    set_enrolment(progress, None);
                }
                progress.notice = Some(notice.clone());
            };
            browser.change(route.system, tell).await?;
        }
    }
    Ok(browser.go_to(route.system))
}

/// Closes the page of the authenticator or of the recovery codes.
pub async fn leave(route: SystemRoute, mut browser: BrowserSession) -> Result<Response, PageError> {
    let leave = |progress: &mut Progress| {
        set_enrolment(progress, None);
        if let SignInState::SignedIn(user) = &mut progress.state {
            user.recovery.clear();
        }
    };
    if enroller(&browser.progress(route.system).state).is_some() {
        browser.change(route.system, leave).await?;
    }
    Ok(browser.go_to(route.system))
}

fn wunder(route: &SystemRoute) -> Result<&Wunder, PageError> {
    let wunder = route.app.systems.wunder.as_ref();
    wunder.ok_or_else(PageError::not_here)
}

/// The session or sign-in that can enrol an authenticator in this state.
pub fn enroller(state: &SignInState) -> Option<Enroller<'_>> {
    match state {
        SignInState::SecondFactor(pending) => Some(Enroller::SignIn(&pending.id)),
        SignInState::SignedIn(user) => Some(Enroller::Session(&user.id)),
        _ => None,
    }
}

/// The id of the enrolment in progress.
pub fn enrolment(state: &SignInState) -> Option<&Secret> {
    match state {
        SignInState::SecondFactor(pending) => pending.enrolment.as_ref(),
        SignInState::SignedIn(user) => user.enrolment.as_ref(),
        _ => None,
    }
}

pub fn set_enrolment(progress: &mut Progress, id: Option<Secret>) {
    match &mut progress.state {
        SignInState::SecondFactor(pending) => pending.enrolment = id,
        SignInState::SignedIn(user) => user.enrolment = id,
        _ => {}
    }
}

//! Actions of a signed-in user.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{Error, ErrorKind};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, Field, Notice, Progress, SignInState};
use crate::messages::{self, Action};

#[derive(Deserialize)]
pub struct Name {
    first_name: String,
    last_name: String,
}

#[derive(Deserialize)]
pub struct Terms {
    /// The id of the terms that were shown.
    terms: String,
    /// Absent unless the box is ticked.
    agreed: Option<String>,
}

/// Saves the name of a Wunder user.
pub async fn give_name(
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(name): SubmittedForm<Name>,
) -> Result<Response, PageError> {
    let system = route.system;
    let (SignInState::SignedIn(user), Some(wunder)) =
        (browser.progress(system).state, &route.app.systems.wunder)
    else {
        return Ok(browser.go_to(system));
    };
    let (first, last) = (name.first_name.trim(), name.last_name.trim());
    let tell: Box<dyn Fn(&mut Progress) + Send + Sync> = match (first, last) {
        ("", _) => Box::new(about(Field::FirstName, "Enter your first name.")),
        (_, "") => Box::new(about(Field::LastName, "Enter your last name.")),
        _ => match wunder.give_name(&user.id, first, last).await {
            Ok(()) => return Ok(browser.go_to(system)),
            Err(error) => Box::new(tell(&error)),
        },
    };
    let change = |progress: &mut Progress| {
        progress.form_values.first_name = name.first_name.clone();
        progress.form_values.last_name = name.last_name.clone();
        tell(progress);
    };
    browser.change(system, change).await?;
    Ok(browser.go_to(system))
}

pub async fn accept_terms(
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(shown): SubmittedForm<Terms>,
) -> Result<Response, PageError> {
    let system = route.system;
    let (SignInState::SignedIn(user), Some(wunder)) =
        (browser.progress(system).state, &route.app.systems.wunder)
    else {
        return Ok(browser.go_to(system));
    };
    if shown.agreed.is_none() {
        let tell = about(Field::Agreed, "Tick the box if you agree.");
        browser.change(system, tell).await?;
    } else if let Err(error) = wunder.accept_terms(&user.id, &shown.terms).await {
        browser.change(system, tell(&error)).await?;
    }
    Ok(browser.go_to(system))
}

/// Ends the session locally even if the server fails.
pub async fn sign_out(
    route: SystemRoute,
    mut browser: BrowserSession,
) -> Result<Response, PageError> {
    let system = route.system;
    let SignInState::SignedIn(user) = browser.progress(system).state else {
        return Ok(browser.go_to(system));
    };
    if let Err(error) = route.code_sign_in()?.sign_out(&user.id).await {
        messages::log(&error);
    }
    let forget = |progress: &mut Progress| {
        *progress = Progress {
            notice: Some(Notice::done("You are signed out.")),
            sign_ins: progress.sign_ins,
            ..Progress::default()
        };
    };
    browser.change(system, forget).await?;
    Ok(browser.go_to(system))
}

/// Sets a notice about a field.
pub fn about(field: Field, text: &'static str) -> impl Fn(&mut Progress) {
    move |progress| progress.notice = Some(Notice::problem(text).about(field))
}

/// Sets a notice about an error, and starts over if the session or challenge has ended.
pub fn tell(error: &Error) -> impl Fn(&mut Progress) + use<> {
    let notice = messages::notice(error, Action::Saving);
    let is_over = error.kind() == ErrorKind::Unauthenticated;
    move |progress| match is_over {
        true => progress.start_over(Some(notice.clone())),
        false => progress.notice = Some(notice.clone()),
    }
}

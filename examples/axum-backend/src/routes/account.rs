//! Actions of a signed-in user.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{Error, ErrorKind};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::{Field, Notice, PageState};

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
    mut route: SystemRoute,
    SubmittedForm(name): SubmittedForm<Name>,
) -> Result<Response, PageError> {
    let (SignInState::SignedIn(session), Some(wunder)) = (route.state(), &route.app.systems.wunder)
    else {
        return route.next_page().await;
    };
    let (first, last) = (name.first_name.trim(), name.last_name.trim());
    let saved = match (first, last) {
        ("", _) => Err(about(Field::FirstName, "Enter your first name.")),
        (_, "") => Err(about(Field::LastName, "Enter your last name.")),
        _ => Ok(wunder.give_name(&session, first, last).await),
    };
    if let Ok(Ok(())) = saved {
        return route.next_page().await;
    }
    route.page.form_values.first_name = name.first_name;
    route.page.form_values.last_name = name.last_name;
    match saved {
        Ok(Err(error)) => tell(&mut route, &error).await?,
        Err(notice) => route.page.notice = Some(notice),
        Ok(Ok(())) => {}
    }
    route.next_page().await
}

pub async fn accept_terms(
    mut route: SystemRoute,
    SubmittedForm(shown): SubmittedForm<Terms>,
) -> Result<Response, PageError> {
    let (SignInState::SignedIn(session), Some(wunder)) = (route.state(), &route.app.systems.wunder)
    else {
        return route.next_page().await;
    };
    if shown.agreed.is_none() {
        let notice = about(Field::Agreed, "Tick the box if you agree.");
        return route.tell(notice).await;
    }
    if let Err(error) = wunder.accept_terms(&session, &shown.terms).await {
        tell(&mut route, &error).await?;
    }
    route.next_page().await
}

/// Ends the session locally even if the server fails.
pub async fn sign_out(mut route: SystemRoute) -> Result<Response, PageError> {
    let SignInState::SignedIn(session) = route.state() else {
        return route.next_page().await;
    };
    if let Err(error) = route.code_sign_in()?.sign_out(&session).await {
        messages::log(&error);
    }
    route.page = PageState {
        sign_ins: route.page.sign_ins,
        ..PageState::default()
    };
    route
        .start_over(Some(Notice::done("You are signed out.")))
        .await?;
    route.next_page().await
}

/// A notice about a field.
pub fn about(field: Field, text: &'static str) -> Notice {
    Notice::problem(text).about(field)
}

/// Sets a notice about an error, and starts over if the session or challenge has ended.
pub async fn tell(route: &mut SystemRoute, error: &Error) -> Result<(), PageError> {
    let notice = messages::notice(error, Action::Saving);
    if error.kind() == ErrorKind::Unauthenticated {
        return route.start_over(Some(notice)).await;
    }
    route.page.notice = Some(notice);
    Ok(())
}

//! Fynd's own steps: a new user enters a name and confirms the contacts that the shop requires.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use vestibule::fynd::{Challenge, Client, SignIn};
use vestibule::{Error, ErrorKind, Secret};

use super::PageError;
use super::account::{about, tell};
use super::code::not_confirmed;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::{Field, Notice};

#[derive(Deserialize)]
pub struct Profile {
    first_name: String,
    last_name: String,
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub struct CodeForm {
    code: Secret,
}

/// The contact that a code was sent to.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contact {
    Mobile,
    Email,
}

pub async fn complete_profile(
    mut route: SystemRoute,
    SubmittedForm(profile): SubmittedForm<Profile>,
) -> Result<Response, PageError> {
    let Some((client, id)) = own_step(&route) else {
        return route.next_page().await;
    };
    let completed = match profile.first_name.trim().is_empty() {
        true => Err(about(Field::FirstName, "Enter your first name.")),
        false => Ok(complete(client, &id, &profile).await),
    };
    match completed {
        Ok(Ok(Some(sign_in))) => return go_on(route, sign_in).await,
        Ok(Ok(None)) => return route.next_page().await,
        Ok(Err(error)) if wants_email(&error, &profile) => {
            messages::log(&error);
            let text = "The shop refused this. It may require your e-mail address too.";
            route.page.notice = Some(about(Field::Email, text));
        }
        Ok(Err(error)) => tell(&mut route, &error).await?,
        Err(notice) => route.page.notice = Some(notice),
    }
    route.page.form_values.first_name = profile.first_name;
    route.page.form_values.last_name = profile.last_name;
    route.page.form_values.email = profile.email;
    route.next_page().await
}

/// Confirms the code that went to one of the contacts.
pub async fn confirm(
    mut route: SystemRoute,
    Path(contact): Path<Contact>,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let Some((client, id)) = own_step(&route) else {
        return route.next_page().await;
    };
    let confirmed = match client.resume_challenge(&id).await {
        Ok(Challenge::PendingCodes(codes)) => {
            let confirmed = match contact {
                Contact::Mobile => codes.confirm_phone(typed.code).await,
                Contact::Email => codes.confirm_email(typed.code).await,
            };
            confirmed.map_err(Error::from)
        }
        Ok(_) => return route.next_page().await,
        Err(error) => Err(error),
    };
    match confirmed {
        Ok(sign_in) => go_on(route, sign_in).await,
        Err(error) => {
            not_confirmed(&mut route, &error).await?;
            route.next_page().await
        }
    }
}

/// Sends another code to one of the contacts.
pub async fn resend(
    mut route: SystemRoute,
    Path(contact): Path<Contact>,
) -> Result<Response, PageError> {
    let Some((client, id)) = own_step(&route) else {
        return route.next_page().await;
    };
    let sent = match client.resume_challenge(&id).await {
        Ok(Challenge::PendingCodes(mut codes)) => match contact {
            Contact::Mobile => codes.resend_phone().await,
            Contact::Email => codes.resend_email().await,
        },
        Ok(_) => return route.next_page().await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => {
            route.page.forget_wrong_codes();
            route.tell(Notice::done("A new code is on its way.")).await
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Sending);
            if error.kind() == ErrorKind::Unauthenticated {
                route.start_over(Some(notice)).await?;
                return route.next_page().await;
            }
            route.tell(notice).await
        }
    }
}

/// Continues with the next step; the page asks the challenge which step it is.
async fn go_on(mut route: SystemRoute, sign_in: SignIn) -> Result<Response, PageError> {
    route.progress.update(&sign_in).await?;
    match sign_in.signed_in() {
        Some(_) => route.page.end_sign_in(),
        None => route.page.notice = None,
    }
    route.next_page().await
}

/// Whether the shop may require an e-mail address. The vendor publishes no error code for that.
fn wants_email(error: &Error, profile: &Profile) -> bool {
    let refused = matches!(error.kind(), ErrorKind::Rejected | ErrorKind::StepRequired);
    refused && profile.email.trim().is_empty()
}

/// Returns `None` if another window has completed the profile.
async fn complete(client: &Client, id: &Secret, typed: &Profile) -> Result<Option<SignIn>, Error> {
    let Challenge::CompleteProfile(profile) = client.resume_challenge(id).await? else {
        return Ok(None);
    };
    let email = typed.email.trim();
    let profile = match email.is_empty() {
        true => profile,
        false => profile.email(email),
    };
    let names = profile
        .first_name(typed.first_name.trim())
        .last_name(typed.last_name.trim());
    Ok(Some(names.send().await?))
}

fn own_step(route: &SystemRoute) -> Option<(&Client, Secret)> {
    let client = route.app.systems.fynd.as_ref()?;
    match route.state() {
        SignInState::OwnStep(id, _) => Some((client, id)),
        _ => None,
    }
}

//! Fynd's own steps: a new user enters a name and confirms the contacts that the shop requires.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use vestibule::challenge::StepError;
use vestibule::fynd::{Challenge, Client, SignIn};
use vestibule::{Error, ErrorKind, Secret};

use super::PageError;
use super::account::{about, tell};
use super::code::counts_as_try;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, Field, Notice, PendingSignIn, Progress, SignInState};
use crate::messages::{self, Action};

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
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(profile): SubmittedForm<Profile>,
) -> Result<Response, PageError> {
    let Some((client, pending)) = own_step(&route, &browser) else {
        return Ok(browser.go_to(route.system));
    };
    let keep = |progress: &mut Progress| {
        progress.form_values.first_name = profile.first_name.clone();
        progress.form_values.last_name = profile.last_name.clone();
        progress.form_values.email = profile.email.clone();
    };
    if profile.first_name.trim().is_empty() {
        let tell = about(Field::FirstName, "Enter your first name.");
        let change = |progress: &mut Progress| {
            keep(progress);
            tell(progress);
        };
        browser.change(route.system, change).await?;
        return Ok(browser.go_to(route.system));
    }
    let wrong = match complete(client, &pending.id, &profile).await {
        Ok(Some(sign_in)) => return go_on(&route, browser, sign_in).await,
        Ok(None) => return Ok(browser.go_to(route.system)),
        Err(error) if wants_email(&error, &profile) => {
            messages::log(&error);
            let text = "The shop refused this. It may require your e-mail address too.";
            Box::new(about(Field::Email, text)) as Box<dyn Fn(&mut Progress) + Send + Sync>
        }
        Err(error) => Box::new(tell(&error)),
    };
    let change = |progress: &mut Progress| {
        keep(progress);
        wrong(progress);
    };
    browser.change(route.system, change).await?;
    Ok(browser.go_to(route.system))
}

/// Confirms the code that went to one of the contacts.
pub async fn confirm(
    route: SystemRoute,
    mut browser: BrowserSession,
    Path(contact): Path<Contact>,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let Some((client, pending)) = own_step(&route, &browser) else {
        return Ok(browser.go_to(route.system));
    };
    let confirmed = match client.resume_challenge(&pending.id).await {
        Ok(Challenge::PendingCodes(codes)) => {
            let confirmed = match contact {
                Contact::Mobile => codes.confirm_phone(typed.code).await,
                Contact::Email => codes.confirm_email(typed.code).await,
            };
            confirmed.map_err(Error::from)
        }
        Ok(_) => return Ok(browser.go_to(route.system)),
        Err(error) => Err(error),
    };
    let error = match confirmed {
        Ok(sign_in) => return go_on(&route, browser, sign_in).await,
        Err(error) => error,
    };
    let notice = messages::notice(&error, Action::Confirming);
    let (is_over, counts) = (
        error.kind() == ErrorKind::Unauthenticated,
        counts_as_try(&error),
    );
    let note = |progress: &mut Progress| match is_over {
        true => progress.start_over(Some(notice.clone())),
        false => {
            if let Some(pending) = progress.pending_mut() {
                pending.wrong += u32::from(counts);
            }
            progress.notice = Some(notice.clone());
        }
    };
    browser.change(route.system, note).await?;
    Ok(browser.go_to(route.system))
}

/// Sends another code to one of the contacts.
pub async fn resend(
    route: SystemRoute,
    mut browser: BrowserSession,
    Path(contact): Path<Contact>,
) -> Result<Response, PageError> {
    let Some((client, pending)) = own_step(&route, &browser) else {
        return Ok(browser.go_to(route.system));
    };
    let sent = match client.resume_challenge(&pending.id).await {
        Ok(Challenge::PendingCodes(mut codes)) => match contact {
            Contact::Mobile => codes.resend_phone().await,
            Contact::Email => codes.resend_email().await,
        },
        Ok(_) => return Ok(browser.go_to(route.system)),
        Err(error) => Err(error),
    };
    let (notice, is_over) = match &sent {
        Ok(()) => (Notice::done("A new code is on its way."), false),
        Err(error) => (
            messages::notice(error, Action::Sending),
            error.kind() == ErrorKind::Unauthenticated,
        ),
    };
    let note = |progress: &mut Progress| match is_over {
        true => progress.start_over(Some(notice.clone())),
        false => {
            if let Some(pending) = progress.pending_mut().filter(|_| sent.is_ok()) {
                pending.wrong = 0;
            }
            progress.notice = Some(notice.clone());
        }
    };
    browser.change(route.system, note).await?;
    Ok(browser.go_to(route.system))
}

/// Continues with the next step. It has the same id; the page asks the challenge which step it is.
async fn go_on(
    route: &SystemRoute,
    mut browser: BrowserSession,
    sign_in: SignIn,
) -> Result<Response, PageError> {
    match sign_in.signed_in() {
        Some(session) => browser.signed_in(route.system, session.id()).await?,
        None => {
            browser
                .change(route.system, |progress| progress.notice = None)
                .await?
        }
    }
    Ok(browser.go_to(route.system))
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
    let completed = names
        .send()
        .await
        .map_err(|StepError { error, .. }| error)?;
    Ok(Some(completed))
}

fn own_step<'a>(
    route: &'a SystemRoute,
    browser: &BrowserSession,
) -> Option<(&'a Client, PendingSignIn)> {
    let client = route.app.systems.fynd.as_ref()?;
    match browser.progress(route.system).state {
        SignInState::OwnStep(pending) => Some((client, pending)),
        _ => None,
    }
}

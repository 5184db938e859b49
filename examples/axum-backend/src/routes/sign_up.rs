//! Sign-up of new GoodCity users: names and a mobile number, then the pin as in a sign-in.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vestibule::code_sign_in::CodeChallenge;
use vestibule::goodcity::{Client, PendingCode};
use vestibule::{Contact, Error};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, Field, FormValues, Notice, Progress, SignInState};
use crate::messages::{self, Action};
use crate::pages::{self, Layout, SignUpPage};

const PATH: &str = "/goodcity/sign-up";

#[derive(Deserialize)]
pub struct NewUser {
    first_name: String,
    last_name: String,
    country_code: String,
    number: String,
}

pub async fn form(route: SystemRoute, mut browser: BrowserSession) -> Result<Response, PageError> {
    let progress = browser.progress(route.system);
    if !matches!(progress.state, SignInState::SignedOut) {
        return Ok(browser.go_to(route.system));
    }
    let notice = browser.take_notice(route.system).await?;
    let layout = Layout::new(&route.app, route.system, "Sign up", notice, &progress);
    let page = SignUpPage::new(layout, progress.form_values);
    Ok(browser.respond(pages::html(&page)))
}

pub async fn send_pin(
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(new): SubmittedForm<NewUser>,
) -> Result<Response, PageError> {
    let system = route.system;
    let client = route.app.systems.goodcity.as_ref();
    let client = client.ok_or_else(PageError::not_here)?;
    if !matches!(browser.progress(system).state, SignInState::SignedOut) {
        return Ok(browser.go_to(system));
    }
    let typed = FormValues {
        by_email: false,
        email: String::new(),
        first_name: new.first_name,
        last_name: new.last_name,
        country_code: new.country_code,
        number: new.number,
    };
    let notice = match typed.first_name.trim().is_empty() {
        true => Notice::problem("Enter your first name.").about(Field::FirstName),
        false => match sign_up(client, &typed).await {
            Ok((pending, to)) => {
                let challenge: &dyn CodeChallenge = &pending;
                let wait = |progress: &mut Progress| {
                    progress.form_values = typed.clone();
                    progress.wait_for_code(challenge.id(), to.clone());
                };
                browser.change(system, wait).await?;
                return Ok(browser.go_to(system));
            }
            Err(error) => messages::notice(&error, Action::Sending),
        },
    };
    let tell = |progress: &mut Progress| {
        progress.form_values = typed.clone();
        progress.notice = Some(notice.clone());
    };
    browser.change(system, tell).await?;
    Ok(browser.respond(Redirect::to(PATH).into_response()))
}

async fn sign_up(client: &Client, typed: &FormValues) -> Result<(PendingCode, Contact), Error> {
    let phone = typed.phone()?;
    let sign_up = client
        .sign_up(&phone)
        .first_name(typed.first_name.trim())
        .last_name(typed.last_name.trim());
    Ok((sign_up.send().await?, phone.into()))
}

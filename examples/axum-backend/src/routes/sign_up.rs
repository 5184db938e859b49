//! Sign-up of new GoodCity users: names and a mobile number, then the pin as in a sign-in.

use axum::response::Response;
use serde::Deserialize;
use vestibule::goodcity::{Client, PendingCode};
use vestibule::{Contact, Error};

use super::PageError;
use super::account::about;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::{Field, FormValues};
use crate::pages::{self, Layout, SignUpPage};

const PATH: &str = "/goodcity/sign-up";

#[derive(Deserialize)]
pub struct NewUser {
    first_name: String,
    last_name: String,
    country_code: String,
    number: String,
}

pub async fn form(route: SystemRoute) -> Result<Response, PageError> {
    if !matches!(route.state(), SignInState::SignedOut) {
        return route.next_page().await;
    }
    let page = |route: &SystemRoute, notice| {
        let layout = Layout::new(route, "Sign up", notice);
        pages::html(&SignUpPage::new(layout, route.page.form_values.clone()))
    };
    route.show(page).await
}

pub async fn send_pin(
    mut route: SystemRoute,
    SubmittedForm(new): SubmittedForm<NewUser>,
) -> Result<Response, PageError> {
    let app = route.app.clone();
    let client = app.systems.goodcity.as_ref();
    let client = client.ok_or_else(PageError::not_here)?;
    if !matches!(route.state(), SignInState::SignedOut) {
        return route.next_page().await;
    }
    let typed = FormValues {
        by_email: false,
        email: String::new(),
        first_name: new.first_name,
        last_name: new.last_name,
        country_code: new.country_code,
        number: new.number,
    };
    route.page.form_values = typed.clone();
    let notice = match typed.first_name.trim().is_empty() {
        true => about(Field::FirstName, "Enter your first name."),
        false => match sign_up(client, &typed).await {
            Ok((pending, to)) => {
                route.progress.update(&pending).await?;
                route.page.wait_for_code(to);
                return route.next_page().await;
            }
            Err(error) => messages::notice(&error, Action::Sending),
        },
    };
    route.page.notice = Some(notice);
    route.redirect(PATH).await
}

async fn sign_up(client: &Client, typed: &FormValues) -> Result<(PendingCode, Contact), Error> {
    let phone = typed.phone()?;
    let sign_up = client
        .sign_up(&phone)
        .first_name(typed.first_name.trim())
        .last_name(typed.last_name.trim());
    Ok((sign_up.send().await?, phone.into()))
}

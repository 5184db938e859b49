//! Sends the first code, and starts over.

use axum::response::Response;
use serde::Deserialize;
use vestibule::Error;

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::FormValues;

/// A phone number or an e-mail address.
#[derive(Deserialize)]
pub struct Contact {
    #[serde(default)]
    country_code: String,
    #[serde(default)]
    number: String,
    email: Option<String>,
}

pub async fn send_code(
    mut route: SystemRoute,
    SubmittedForm(contact): SubmittedForm<Contact>,
) -> Result<Response, PageError> {
    if let SignInState::SignedIn(_) = route.state() {
        return route.next_page().await;
    }
    let typed = contact.typed(route.page.form_values.clone());
    route.page.form_values = typed.clone();
    let code_sign_in = route.code_sign_in()?;
    let sent = async {
        let to = typed.contact()?;
        Ok::<_, Error>((code_sign_in.send_code(&to).await?, to))
    };
    match sent.await {
        Ok((challenge, to)) => {
            route.progress.update(&challenge).await?;
            route.page.wait_for_code(to);
        }
        Err(error) => route.page.notice = Some(messages::notice(&error, Action::Sending)),
    }
    route.next_page().await
}

/// Discards the pending sign-in locally. Its code can no longer be used in this browser.
pub async fn start_over(mut route: SystemRoute) -> Result<Response, PageError> {
    if !matches!(
        route.state(),
        SignInState::SignedOut | SignInState::SignedIn(_)
    ) {
        route.start_over(None).await?;
    }
    route.next_page().await
}

impl Contact {
    fn typed(self, before: FormValues) -> FormValues {
        match self.email {
            Some(email) => FormValues {
                by_email: true,
                email,
                ..before
            },
            None => FormValues {
                by_email: false,
                country_code: self.country_code,
                number: self.number,
                ..before
            },
        }
    }
}

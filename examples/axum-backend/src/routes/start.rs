//! Sends the first code, and starts over.

use axum::response::Response;
use serde::Deserialize;

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, FormValues, Progress, SignInState};
use crate::messages::{self, Action};

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
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(contact): SubmittedForm<Contact>,
) -> Result<Response, PageError> {
    let system = route.system;
    let progress = browser.progress(system);
    if matches!(progress.state, SignInState::SignedIn(_)) {
        return Ok(browser.go_to(system));
    }
    let typed = contact.typed(progress.form_values);
    let code_sign_in = route.code_sign_in()?;
    let sent = async {
        let to = typed.contact()?;
        Ok::<_, vestibule::Error>((code_sign_in.send_code(&to).await?, to))
    };
    match sent.await {
        Ok((challenge, to)) => {
            let wait = |progress: &mut Progress| {
                progress.form_values = typed.clone();
                progress.wait_for_code(challenge.id(), to.clone());
            };
            browser.change(system, wait).await?;
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Sending);
            let tell = |progress: &mut Progress| {
                progress.form_values = typed.clone();
                progress.notice = Some(notice.clone());
            };
            browser.change(system, tell).await?;
        }
    }
    Ok(browser.go_to(system))
}

/// Discards the pending sign-in locally. Its code can no longer be used in this browser.
pub async fn start_over(
    route: SystemRoute,
    mut browser: BrowserSession,
) -> Result<Response, PageError> {
    let system = route.system;
    if browser.progress(system).pending().is_some() {
        browser
            .change(system, |progress| progress.start_over(None))
            .await?;
    }
    Ok(browser.go_to(system))
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

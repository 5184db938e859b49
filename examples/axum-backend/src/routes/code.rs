//! Confirms and resends codes.

use axum::response::Response;
use serde::Deserialize;
use vestibule::code_sign_in::{Awaited, Confirmed};
use vestibule::{Delivery, Error, ErrorKind, Secret};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::SystemRoute;
use crate::browser::{BrowserSession, Notice, PendingSignIn, Progress, SignInState};
use crate::messages::{self, Action};

#[derive(Deserialize)]
pub struct CodeForm {
    /// The number of the sign-in that the form belongs to.
    sign_in: u32,
    code: Secret,
}

pub async fn confirm(
    route: SystemRoute,
    mut browser: BrowserSession,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let system = route.system;
    let progress = browser.progress(system);
    let (SignInState::CodeSent(pending) | SignInState::SecondFactor(pending)) = progress.state
    else {
        return Ok(browser.go_to(system));
    };
    if typed.sign_in != pending.number {
        let text =
            "You have started a new sign-in in another window. Use the code of the newest message.";
        return tell(browser, &route, Notice::problem(text)).await;
    }
    let resumed = route.code_sign_in()?.resume_challenge(&pending.id).await;
    let confirmed = match resumed {
        Ok(challenge) => challenge.confirm(typed.code).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    match confirmed {
        Ok(Confirmed::SignedIn(session)) => browser.signed_in(system, session.id()).await?,
        Ok(Confirmed::SecondFactor(next)) => {
            let pending = next_step(&pending, next.id());
            let go_on = |progress: &mut Progress| {
                progress.state = SignInState::SecondFactor(pending.clone());
                progress.notice = None;
            };
            browser.change(system, go_on).await?;
        }
        Ok(Confirmed::OwnStep(step)) => {
            let pending = next_step(&pending, step.id());
            let go_on = |progress: &mut Progress| {
                progress.state = SignInState::OwnStep(pending.clone());
                progress.notice = None;
            };
            browser.change(system, go_on).await?;
        }
        // The enum is non-exhaustive.
        Ok(_) => {
            let text = "This sign-in needs a step that this page does not support.";
            return tell(browser, &route, Notice::problem(text)).await;
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Confirming);
            let (is_over, counts) = (
                error.kind() == ErrorKind::Unauthenticated,
                counts_as_try(&error),
            );
            let note = |progress: &mut Progress| {
                if is_over {
                    progress.start_over(Some(notice.clone()));
                    return;
                }
                if let Some(pending) = progress.pending_mut() {
                    pending.wrong += u32::from(counts);
                }
                progress.notice = Some(notice.clone());
            };
            browser.change(system, note).await?;
        }
    }
    Ok(browser.go_to(system))
}

/// Resends the code or, if the challenge has no resend, starts a new challenge.
pub async fn resend(
    route: SystemRoute,
    mut browser: BrowserSession,
) -> Result<Response, PageError> {
    let system = route.system;
    let SignInState::CodeSent(pending) = browser.progress(system).state else {
        return Ok(browser.go_to(system));
    };
    let sign_in = route.code_sign_in()?;
    let sent = match sign_in.resume_challenge(&pending.id).await {
        Ok(mut challenge) => match challenge.resend_timer() {
            Some(_) => challenge.resend().await.map(|()| None),
            None if challenge.awaits() == Awaited::Message => {
                sign_in.send_code(&pending.to).await.map(Some)
            }
            None => Ok(None),
        },
        Err(error) => Err(error),
    };
    match sent {
        Ok(new) => {
            let done = Notice::done("A new code is on its way. Older codes are no longer valid.");
            let note = |progress: &mut Progress| {
                match &new {
                    Some(challenge) => progress.wait_for_code(challenge.id(), pending.to.clone()),
                    None => {
                        if let Some(pending) = progress.pending_mut() {
                            pending.wrong = 0;
                        }
                    }
                }
                progress.notice = Some(done.clone());
            };
            browser.change(system, note).await?;
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Sending);
            let is_over = matches!(
                error.kind(),
                ErrorKind::Unauthenticated | ErrorKind::StepRequired
            );
            let note = |progress: &mut Progress| match is_over {
                true => progress.start_over(Some(notice.clone())),
                false => progress.notice = Some(notice.clone()),
            };
            browser.change(system, note).await?;
        }
    }
    Ok(browser.go_to(system))
}

fn next_step(pending: &PendingSignIn, id: &Secret) -> PendingSignIn {
    PendingSignIn {
        id: id.clone(),
        wrong: 0,
        ..pending.clone()
    }
}

/// Whether a code counts as a try: it may have reached the server, and the server did not ask to
/// retry later.
pub fn counts_as_try(error: &Error) -> bool {
    let try_later = error.kind() == ErrorKind::RateLimited || error.retry_after().is_some();
    error.delivery() != Delivery::NotSent && !try_later
}

async fn tell(
    mut browser: BrowserSession,
    route: &SystemRoute,
    notice: Notice,
) -> Result<Response, PageError> {
    let tell = |progress: &mut Progress| progress.notice = Some(notice.clone());
    browser.change(route.system, tell).await?;
    Ok(browser.go_to(route.system))
}

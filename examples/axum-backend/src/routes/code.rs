//! Confirms and resends codes.

use axum::response::Response;
use serde::Deserialize;
use vestibule::code_sign_in::{Awaited, Confirmed};
use vestibule::{Delivery, Error, ErrorKind, Secret};

use super::PageError;
use super::submitted_form::SubmittedForm;
use super::system_route::{SignInState, SystemRoute};
use crate::messages::{self, Action};
use crate::page_state::{Notice, Step};

#[derive(Deserialize)]
pub struct CodeForm {
    /// The number of the sign-in that the form belongs to.
    sign_in: u32,
    code: Secret,
}

pub async fn confirm(
    mut route: SystemRoute,
    SubmittedForm(typed): SubmittedForm<CodeForm>,
) -> Result<Response, PageError> {
    let (SignInState::CodeSent(id, pending) | SignInState::SecondFactor(id, pending)) =
        route.state()
    else {
        return route.next_page().await;
    };
    if typed.sign_in != pending.number {
        let text =
            "You have started a new sign-in in another window. Use the code of the newest message.";
        return route.tell(Notice::problem(text)).await;
    }
    let confirmed = match route.code_sign_in()?.resume_challenge(&id).await {
        Ok(challenge) => challenge.confirm(typed.code).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    let confirmed = match confirmed {
        Ok(confirmed) => confirmed,
        Err(error) => {
            not_confirmed(&mut route, &error).await?;
            return route.next_page().await;
        }
    };
    match &confirmed {
        Confirmed::SignedIn(_) => route.page.end_sign_in(),
        Confirmed::SecondFactor(_) => route.page.wait_at(Step::SecondFactor),
        Confirmed::OwnStep(_) => route.page.wait_at(Step::OfFynd),
        // The enum is non-exhaustive.
        _ => {
            let text = "This sign-in needs a step that this page does not support.";
            return route.tell(Notice::problem(text)).await;
        }
    }
    route.progress.update(&confirmed).await?;
    route.next_page().await
}

/// Resends the code or, if the challenge has no resend, starts a new challenge.
pub async fn resend(mut route: SystemRoute) -> Result<Response, PageError> {
    let SignInState::CodeSent(id, pending) = route.state() else {
        return route.next_page().await;
    };
    let sign_in = route.code_sign_in()?;
    let sent = match sign_in.resume_challenge(&id).await {
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
            match new {
                Some(challenge) => {
                    route.progress.update(&challenge).await?;
                    route.page.wait_for_code(pending.to);
                }
                None => route.page.forget_wrong_codes(),
            }
            let done = "A new code is on its way. Older codes are no longer valid.";
            route.tell(Notice::done(done)).await
        }
        Err(error) => {
            let notice = messages::notice(&error, Action::Sending);
            if matches!(
                error.kind(),
                ErrorKind::Unauthenticated | ErrorKind::StepRequired
            ) {
                route.start_over(Some(notice)).await?;
                return route.next_page().await;
            }
            route.tell(notice).await
        }
    }
}

/// Sets a notice about a code that was not confirmed, and starts over if the challenge has ended.
pub async fn not_confirmed(route: &mut SystemRoute, error: &Error) -> Result<(), PageError> {
    let notice = messages::notice(error, Action::Confirming);
    if error.kind() == ErrorKind::Unauthenticated {
        return route.start_over(Some(notice)).await;
    }
    if counts_as_try(error) {
        route.page.count_wrong_code();
    }
    route.page.notice = Some(notice);
    Ok(())
}

/// Whether a code counts as a try: it may have reached the server, and the server did not ask to
/// retry later.
fn counts_as_try(error: &Error) -> bool {
    let try_later = error.kind() == ErrorKind::RateLimited || error.retry_after().is_some();
    error.delivery() != Delivery::NotSent && !try_later
}

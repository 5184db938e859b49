//! Fynd's own steps: a new user gives a name, and confirms the contacts that the shop wants confirmed.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use vestibule::challenge::StepError;
use vestibule::fynd::{Challenge, Client, SignIn};
use vestibule::{Error, ErrorKind, Secret};

use super::Trouble;
use super::account::{about, tell};
use super::code::was_judged;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Field, Notice, Stage, Visit, Visitor, Waiting};
use crate::words::{self, Doing};

#[derive(Deserialize)]
pub struct Profile {
    first_name: String,
    last_name: String,
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
pub struct Typed {
    code: Secret,
}

/// Which of the contacts a code went to.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contact {
    Mobile,
    Email,
}

pub async fn complete_profile(
    place: Place,
    mut visitor: Visitor,
    Sent(profile): Sent<Profile>,
) -> Result<Response, Trouble> {
    let Some((client, waiting)) = own_step(&place, &visitor) else {
        return Ok(visitor.go_to(place.system));
    };
    let keep = |visit: &mut Visit| {
        visit.typed.first_name = profile.first_name.clone();
        visit.typed.last_name = profile.last_name.clone();
        visit.typed.email = profile.email.clone();
    };
    if profile.first_name.trim().is_empty() {
        let tell = about(Field::FirstName, "Write your first name.");
        let change = |visit: &mut Visit| {
            keep(visit);
            tell(visit);
        };
        visitor.change(place.system, change).await?;
        return Ok(visitor.go_to(place.system));
    }
    let wrong = match complete(client, &waiting.id, &profile).await {
        Ok(Some(sign_in)) => return go_on(&place, visitor, sign_in).await,
        Ok(None) => return Ok(visitor.go_to(place.system)),
        Err(error) if wants_email(&error, &profile) => {
            words::log(&error);
            let text = "The shop did not take this. It may want your e-mail address too.";
            Box::new(about(Field::Email, text)) as Box<dyn Fn(&mut Visit) + Send + Sync>
        }
        Err(error) => Box::new(tell(&error)),
    };
    let change = |visit: &mut Visit| {
        keep(visit);
        wrong(visit);
    };
    visitor.change(place.system, change).await?;
    Ok(visitor.go_to(place.system))
}

/// Confirms the code that went to one of the contacts.
pub async fn confirm(
    place: Place,
    mut visitor: Visitor,
    Path(contact): Path<Contact>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Trouble> {
    let Some((client, waiting)) = own_step(&place, &visitor) else {
        return Ok(visitor.go_to(place.system));
    };
    let confirmed = match client.challenge(&waiting.id).await {
        Ok(Challenge::RemainingCodes(codes)) => {
            let confirmed = match contact {
                Contact::Mobile => codes.confirm_mobile(typed.code).await,
                Contact::Email => codes.confirm_email(typed.code).await,
            };
            confirmed.map_err(Error::from)
        }
        Ok(_) => return Ok(visitor.go_to(place.system)),
        Err(error) => Err(error),
    };
    let error = match confirmed {
        Ok(sign_in) => return go_on(&place, visitor, sign_in).await,
        Err(error) => error,
    };
    let notice = words::notice(&error, Doing::Confirming);
    let (is_over, counts) = (error.kind() == ErrorKind::SignInAgain, was_judged(&error));
    let note = |visit: &mut Visit| match is_over {
        true => visit.start_over(Some(notice.clone())),
        false => {
            if let Some(waiting) = visit.waiting_mut() {
                waiting.wrong += u32::from(counts);
            }
            visit.notice = Some(notice.clone());
        }
    };
    visitor.change(place.system, note).await?;
    Ok(visitor.go_to(place.system))
}

/// Sends another code to one of the contacts.
pub async fn resend(
    place: Place,
    mut visitor: Visitor,
    Path(contact): Path<Contact>,
) -> Result<Response, Trouble> {
    let Some((client, waiting)) = own_step(&place, &visitor) else {
        return Ok(visitor.go_to(place.system));
    };
    let sent = match client.challenge(&waiting.id).await {
        Ok(Challenge::RemainingCodes(mut codes)) => match contact {
            Contact::Mobile => codes.resend_to_mobile().await,
            Contact::Email => codes.resend_by_email().await,
        },
        Ok(_) => return Ok(visitor.go_to(place.system)),
        Err(error) => Err(error),
    };
    let (notice, is_over) = match &sent {
        Ok(()) => (Notice::done("Another code is on its way."), false),
        Err(error) => (
            words::notice(error, Doing::Sending),
            error.kind() == ErrorKind::SignInAgain,
        ),
    };
    let note = |visit: &mut Visit| match is_over {
        true => visit.start_over(Some(notice.clone())),
        false => {
            if let Some(waiting) = visit.waiting_mut().filter(|_| sent.is_ok()) {
                waiting.wrong = 0;
            }
            visit.notice = Some(notice.clone());
        }
    };
    visitor.change(place.system, note).await?;
    Ok(visitor.go_to(place.system))
}

/// The next step is under the same id; which it is, the page asks the challenge.
async fn go_on(place: &Place, mut visitor: Visitor, sign_in: SignIn) -> Result<Response, Trouble> {
    match sign_in.signed_in() {
        Some(session) => visitor.signed_in(place.system, session.id()).await?,
        None => {
            visitor
                .change(place.system, |visit| visit.notice = None)
                .await?
        }
    }
    Ok(visitor.go_to(place.system))
}

/// A shop that insists on an address refuses without one, in words that are not published.
fn wants_email(error: &Error, profile: &Profile) -> bool {
    let refused = matches!(error.kind(), ErrorKind::Refused | ErrorKind::StepRequired);
    refused && profile.email.trim().is_empty()
}

/// Nothing if another window has completed it.
async fn complete(client: &Client, id: &Secret, typed: &Profile) -> Result<Option<SignIn>, Error> {
    let Challenge::CompleteProfile(profile) = client.challenge(id).await? else {
        return Ok(None);
    };
    let email = typed.email.trim();
    let profile = match email.is_empty() {
        true => profile,
        false => profile.email(email),
    };
    let completed = profile.complete(typed.first_name.trim(), typed.last_name.trim());
    let completed = completed.await.map_err(|StepError { error, .. }| error)?;
    Ok(Some(completed))
}

fn own_step<'a>(place: &'a Place, visitor: &Visitor) -> Option<(&'a Client, Waiting)> {
    let client = place.app.systems.fynd.as_ref()?;
    match visitor.visit(place.system).stage {
        Stage::OwnStep(waiting) => Some((client, waiting)),
        _ => None,
    }
}

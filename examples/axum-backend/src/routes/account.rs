//! A signed-in user, and a new one who becomes a user by a name.

use axum::response::Response;
use serde::Deserialize;
use vestibule::challenge::Returned;
use vestibule::{Error, ErrorKind, Secret, System, fynd};

use super::Trouble;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Field, Notice, Stage, Visit, Visitor};
use crate::words::{self, Doing};

#[derive(Deserialize)]
pub struct Name {
    first_name: String,
    last_name: String,
}

#[derive(Deserialize)]
pub struct Terms {
    /// The id of the terms that were shown.
    terms: String,
    /// Not there unless the box is ticked.
    agreed: Option<String>,
}

/// Fynd's new user is nobody before this; Wunder's user adds it to the profile.
pub async fn give_name(
    place: Place,
    mut visitor: Visitor,
    Sent(name): Sent<Name>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let visit = visitor.visit(system);
    let keep = |visit: &mut Visit| {
        visit.typed.first_name = name.first_name.clone();
        visit.typed.last_name = name.last_name.clone();
    };
    let (first, last) = (name.first_name.trim(), name.last_name.trim());
    let missing = match (first, last) {
        ("", _) => Some(Notice::problem("Write your first name.").about(Field::FirstName)),
        (_, "") if system == System::Wunder => {
            Some(Notice::problem("Write your last name.").about(Field::LastName))
        }
        _ => None,
    };
    if let Some(notice) = missing {
        let tell = |visit: &mut Visit| {
            keep(visit);
            visit.notice = Some(notice.clone());
        };
        visitor.change(system, tell).await?;
        return Ok(visitor.go_to(system));
    }
    let systems = &place.app.systems;
    let failed = match (&visit.stage, &systems.fynd, &systems.wunder) {
        (Stage::Profile(waiting), Some(client), _) => {
            match complete(client, &waiting.id, first, last).await {
                Ok(Some(session)) => {
                    visitor.signed_in(system, session.id()).await?;
                    None
                }
                // More codes are wanted, which the page tells.
                Ok(None) => None,
                Err(error) => Some(error),
            }
        }
        (Stage::SignedIn(user), _, Some(wunder)) if system == System::Wunder => {
            wunder.give_name(&user.id, first, last).await.err()
        }
        _ => None,
    };
    if let Some(error) = failed {
        let keep_and_tell = tell(&error);
        let change = |visit: &mut Visit| {
            keep(visit);
            keep_and_tell(visit);
        };
        visitor.change(system, change).await?;
    }
    Ok(visitor.go_to(system))
}

async fn complete(
    client: &fynd::Client,
    id: &Secret,
    first: &str,
    last: &str,
) -> Result<Option<fynd::Session>, Error> {
    let fynd::Challenge::CompleteProfile(profile) = client.challenge(id).await? else {
        return Ok(None);
    };
    let completed = profile.complete(first, last).await;
    let completed = completed.map_err(|Returned { error, .. }| error)?;
    Ok(completed.signed_in())
}

pub async fn accept_terms(
    place: Place,
    mut visitor: Visitor,
    Sent(shown): Sent<Terms>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let (Stage::SignedIn(user), System::Wunder, Some(wunder)) = (
        visitor.visit(system).stage,
        system,
        &place.app.systems.wunder,
    ) else {
        return Ok(visitor.go_to(system));
    };
    if shown.agreed.is_none() {
        let notice = Notice::problem("Tick the box if you agree.").about(Field::Agreed);
        let tell = |visit: &mut Visit| visit.notice = Some(notice.clone());
        visitor.change(system, tell).await?;
    } else if let Err(error) = wunder.accept_terms(&user.id, &shown.terms).await {
        visitor.change(system, tell(&error)).await?;
    }
    Ok(visitor.go_to(system))
}

/// Whatever the server says, the session is over here.
pub async fn sign_out(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let system = place.system;
    let Stage::SignedIn(user) = visitor.visit(system).stage else {
        return Ok(visitor.go_to(system));
    };
    if let Err(error) = place.code_sign_in()?.sign_out(&user.id).await {
        words::log(&error);
    }
    let forget = |visit: &mut Visit| {
        *visit = Visit {
            notice: Some(Notice::done("You are signed out.")),
            sign_ins: visit.sign_ins,
            ..Visit::default()
        };
    };
    visitor.change(system, forget).await?;
    Ok(visitor.go_to(system))
}

/// Says what went wrong, and starts over where nothing can be gone on with.
fn tell(error: &Error) -> impl Fn(&mut Visit) + use<> {
    let notice = words::notice(error, Doing::Saving);
    let is_over = error.kind() == ErrorKind::SignInAgain;
    move |visit| match is_over {
        true => visit.start_over(Some(notice.clone())),
        false => visit.notice = Some(notice.clone()),
    }
}

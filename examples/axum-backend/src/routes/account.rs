//! A user who is signed in.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{Error, ErrorKind};

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

/// What Wunder's user adds to the profile.
pub async fn give_name(
    place: Place,
    mut visitor: Visitor,
    Sent(name): Sent<Name>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let (Stage::SignedIn(user), Some(wunder)) =
        (visitor.visit(system).stage, &place.app.systems.wunder)
    else {
        return Ok(visitor.go_to(system));
    };
    let (first, last) = (name.first_name.trim(), name.last_name.trim());
    let tell: Box<dyn Fn(&mut Visit) + Send + Sync> = match (first, last) {
        ("", _) => Box::new(about(Field::FirstName, "Write your first name.")),
        (_, "") => Box::new(about(Field::LastName, "Write your last name.")),
        _ => match wunder.give_name(&user.id, first, last).await {
            Ok(()) => return Ok(visitor.go_to(system)),
            Err(error) => Box::new(tell(&error)),
        },
    };
    let change = |visit: &mut Visit| {
        visit.typed.first_name = name.first_name.clone();
        visit.typed.last_name = name.last_name.clone();
        tell(visit);
    };
    visitor.change(system, change).await?;
    Ok(visitor.go_to(system))
}

pub async fn accept_terms(
    place: Place,
    mut visitor: Visitor,
    Sent(shown): Sent<Terms>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let (Stage::SignedIn(user), Some(wunder)) =
        (visitor.visit(system).stage, &place.app.systems.wunder)
    else {
        return Ok(visitor.go_to(system));
    };
    if shown.agreed.is_none() {
        let tell = about(Field::Agreed, "Tick the box if you agree.");
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

/// Says what is wrong with a field.
pub fn about(field: Field, text: &'static str) -> impl Fn(&mut Visit) {
    move |visit| visit.notice = Some(Notice::problem(text).about(field))
}

/// Says what went wrong, and starts over where nothing can be gone on with.
pub fn tell(error: &Error) -> impl Fn(&mut Visit) + use<> {
    let notice = words::notice(error, Doing::Saving);
    let is_over = error.kind() == ErrorKind::SignInAgain;
    move |visit| match is_over {
        true => visit.start_over(Some(notice.clone())),
        false => visit.notice = Some(notice.clone()),
    }
}

//! Setting up an authenticator at Wunder, during the sign-in or after it.

use axum::response::Response;
use serde::Deserialize;
use vestibule::{ErrorKind, Secret};

use super::Trouble;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Notice, Stage, Visit, Visitor};
use crate::systems::wunder::{Enroller, Wunder};
use crate::words::{self, Doing};

#[derive(Deserialize)]
pub struct Typed {
    code: Secret,
}

pub async fn set_up(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let stage = visitor.visit(place.system).stage;
    let (Some(who), Ok(wunder)) = (enroller(&stage), wunder(&place)) else {
        return Ok(visitor.go_to(place.system));
    };
    match wunder.enrol(&who).await {
        Ok(enrolment) => {
            let id = enrolment.map(|enrolment| enrolment.id().clone());
            let begin = |visit: &mut Visit| set_enrolment(visit, id.clone());
            visitor.change(place.system, begin).await?;
        }
        Err(error) => {
            let notice = match error.kind() {
                ErrorKind::Refused => {
                    words::log(&error);
                    Notice::problem("You have an authenticator already. Type the code it shows.")
                }
                _ => words::notice(&error, Doing::Saving),
            };
            let tell = |visit: &mut Visit| visit.notice = Some(notice.clone());
            visitor.change(place.system, tell).await?;
        }
    }
    Ok(visitor.go_to(place.system))
}

pub async fn enable(
    place: Place,
    mut visitor: Visitor,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Trouble> {
    let stage = visitor.visit(place.system).stage;
    let (Some(who), Some(id), Ok(wunder)) = (enroller(&stage), enrolment(&stage), wunder(&place))
    else {
        return Ok(visitor.go_to(place.system));
    };
    match wunder.enable(&who, id, typed.code).await {
        Ok(codes) => {
            let done = |visit: &mut Visit| {
                set_enrolment(visit, None);
                let text = match &mut visit.stage {
                    Stage::SignedIn(user) => {
                        user.recovery = codes.clone();
                        "Your authenticator is set up. It is asked for at the next sign-in."
                    }
                    _ => "Your authenticator is set up. Type the next code that it shows.",
                };
                visit.notice = Some(Notice::done(text));
            };
            visitor.change(place.system, done).await?;
        }
        Err(error) => {
            let notice = words::notice(&error, Doing::Confirming);
            let is_over = matches!(
                error.kind(),
                ErrorKind::SignInAgain | ErrorKind::StepRequired
            );
            let tell = |visit: &mut Visit| {
                if is_over {
                    set_enrolment(visit, None);
                }
                visit.notice = Some(notice.clone());
            };
            visitor.change(place.system, tell).await?;
        }
    }
    Ok(visitor.go_to(place.system))
}

/// Leaves the page of the authenticator, or that of the recovery codes.
pub async fn leave(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let leave = |visit: &mut Visit| {
        set_enrolment(visit, None);
        if let Stage::SignedIn(user) = &mut visit.stage {
            user.recovery.clear();
        }
    };
    if enroller(&visitor.visit(place.system).stage).is_some() {
        visitor.change(place.system, leave).await?;
    }
    Ok(visitor.go_to(place.system))
}

fn wunder(place: &Place) -> Result<&Wunder, Trouble> {
    let wunder = place.app.systems.wunder.as_ref();
    wunder.ok_or_else(Trouble::not_here)
}

/// Who can set one up at this stage.
pub fn enroller(stage: &Stage) -> Option<Enroller<'_>> {
    match stage {
        Stage::SecondFactor(waiting) => Some(Enroller::SignIn(&waiting.id)),
        Stage::SignedIn(user) => Some(Enroller::Session(&user.id)),
        _ => None,
    }
}

/// What is being set up.
pub fn enrolment(stage: &Stage) -> Option<&Secret> {
    match stage {
        Stage::SecondFactor(waiting) => waiting.enrolment.as_ref(),
        Stage::SignedIn(user) => user.enrolment.as_ref(),
        _ => None,
    }
}

pub fn set_enrolment(visit: &mut Visit, id: Option<Secret>) {
    match &mut visit.stage {
        Stage::SecondFactor(waiting) => waiting.enrolment = id,
        Stage::SignedIn(user) => user.enrolment = id,
        _ => {}
    }
}

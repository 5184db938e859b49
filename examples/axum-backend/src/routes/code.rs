//! Codes: typing one, and asking for another.

use axum::response::Response;
use serde::Deserialize;
use vestibule::code_sign_in::{Awaited, Confirmed};
use vestibule::{Delivery, Error, ErrorKind, Secret};

use super::Trouble;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Notice, Stage, Visit, Visitor, Waiting};
use crate::words::{self, Doing};

#[derive(Deserialize)]
pub struct Typed {
    /// Which of the browser's sign-ins the form was of.
    sign_in: u32,
    code: Secret,
}

pub async fn confirm(
    place: Place,
    mut visitor: Visitor,
    Sent(typed): Sent<Typed>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let visit = visitor.visit(system);
    let (Stage::Code(waiting) | Stage::SecondFactor(waiting)) = visit.stage else {
        return Ok(visitor.go_to(system));
    };
    if typed.sign_in != waiting.number {
        let text = "You have started again in another window. Use the code of the newest message.";
        return tell(visitor, &place, Notice::problem(text)).await;
    }
    let taken_up = place.code_sign_in()?.challenge(&waiting.id).await;
    let confirmed = match taken_up {
        Ok(challenge) => challenge.confirm(typed.code).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    match confirmed {
        Ok(Confirmed::SignedIn(session)) => visitor.signed_in(system, session.id()).await?,
        Ok(Confirmed::SecondFactor(next)) => {
            let waiting = next_step(&waiting, next.id());
            let go_on = |visit: &mut Visit| {
                visit.stage = Stage::SecondFactor(waiting.clone());
                visit.notice = None;
            };
            visitor.change(system, go_on).await?;
        }
        Ok(Confirmed::OwnStep(step)) => {
            let waiting = next_step(&waiting, step.id());
            let go_on = |visit: &mut Visit| {
                visit.stage = Stage::OwnStep(waiting.clone());
                visit.notice = None;
            };
            visitor.change(system, go_on).await?;
        }
        // The kinds of steps may grow.
        Ok(_) => {
            let text = "This sign-in needs a step that this page does not know.";
            return tell(visitor, &place, Notice::problem(text)).await;
        }
        Err(error) => {
            let notice = words::notice(&error, Doing::Confirming);
            let (is_over, counts) = (error.kind() == ErrorKind::SignInAgain, was_judged(&error));
            let note = |visit: &mut Visit| {
                if is_over {
                    visit.start_over(Some(notice.clone()));
                    return;
                }
                if let Some(waiting) = visit.waiting_mut() {
                    waiting.wrong += u32::from(counts);
                }
                visit.notice = Some(notice.clone());
            };
            visitor.change(system, note).await?;
        }
    }
    Ok(visitor.go_to(system))
}

/// Sends another code, by the challenge that waits or, where there is no resend, by a new one.
pub async fn resend(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let system = place.system;
    let Stage::Code(waiting) = visitor.visit(system).stage else {
        return Ok(visitor.go_to(system));
    };
    let sign_in = place.code_sign_in()?;
    let sent = match sign_in.challenge(&waiting.id).await {
        Ok(mut challenge) => match challenge.resend_timer() {
            Some(_) => challenge.resend().await.map(|()| None),
            None if challenge.awaits() == Awaited::Message => {
                sign_in.send_code(&waiting.to).await.map(Some)
            }
            None => Ok(None),
        },
        Err(error) => Err(error),
    };
    match sent {
        Ok(new) => {
            let done =
                Notice::done("Another code is on its way. Older ones are not good any more.");
            let note = |visit: &mut Visit| {
                match &new {
                    Some(challenge) => visit.wait_for_code(challenge.id(), waiting.to.clone()),
                    None => {
                        if let Some(waiting) = visit.waiting_mut() {
                            waiting.wrong = 0;
                        }
                    }
                }
                visit.notice = Some(done.clone());
            };
            visitor.change(system, note).await?;
        }
        Err(error) => {
            let notice = words::notice(&error, Doing::Sending);
            let is_over = matches!(
                error.kind(),
                ErrorKind::SignInAgain | ErrorKind::StepRequired
            );
            let note = |visit: &mut Visit| match is_over {
                true => visit.start_over(Some(notice.clone())),
                false => visit.notice = Some(notice.clone()),
            };
            visitor.change(system, note).await?;
        }
    }
    Ok(visitor.go_to(system))
}

fn next_step(waiting: &Waiting, id: &Secret) -> Waiting {
    Waiting {
        id: id.clone(),
        wrong: 0,
        ..waiting.clone()
    }
}

/// Whether a code cost a try: whatever may have reached the server, unless it said to come back.
pub fn was_judged(error: &Error) -> bool {
    let put_off = error.kind() == ErrorKind::SlowDown || error.retry_after().is_some();
    error.delivery() != Delivery::NotSent && !put_off
}

async fn tell(mut visitor: Visitor, place: &Place, notice: Notice) -> Result<Response, Trouble> {
    let tell = |visit: &mut Visit| visit.notice = Some(notice.clone());
    visitor.change(place.system, tell).await?;
    Ok(visitor.go_to(place.system))
}

//! Asking for the first code, and starting over.

use axum::response::Response;
use serde::Deserialize;

use super::Trouble;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Stage, Typed, Visit, Visitor};
use crate::words::{self, Doing};

/// One of the two ways to be reached.
#[derive(Deserialize)]
pub struct Contact {
    #[serde(default)]
    country_code: String,
    #[serde(default)]
    number: String,
    email: Option<String>,
}

pub async fn send_code(
    place: Place,
    mut visitor: Visitor,
    Sent(contact): Sent<Contact>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let visit = visitor.visit(system);
    if matches!(visit.stage, Stage::SignedIn(_)) {
        return Ok(visitor.go_to(system));
    }
    let typed = contact.typed(visit.typed);
    let to = typed.destination();
    match place.code_sign_in()?.send_code(&to).await {
        Ok(challenge) => {
            let wait = |visit: &mut Visit| {
                visit.typed = typed.clone();
                visit.wait_for_code(challenge.id(), to.clone());
            };
            visitor.change(system, wait).await?;
        }
        Err(error) => {
            let notice = words::notice(&error, Doing::Sending);
            let tell = |visit: &mut Visit| {
                visit.typed = typed.clone();
                visit.notice = Some(notice.clone());
            };
            visitor.change(system, tell).await?;
        }
    }
    Ok(visitor.go_to(system))
}

/// Forgets the sign-in that waits, here alone: its message stays good for nothing.
pub async fn start_over(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let system = place.system;
    if visitor.visit(system).waiting().is_some() {
        visitor
            .change(system, |visit| visit.start_over(None))
            .await?;
    }
    Ok(visitor.go_to(system))
}

impl Contact {
    fn typed(self, before: Typed) -> Typed {
        match self.email {
            Some(email) => Typed {
                by_email: true,
                email,
                ..before
            },
            None => Typed {
                by_email: false,
                country_code: self.country_code,
                number: self.number,
                ..before
            },
        }
    }
}

//! GoodCity's own way in for new people: names and a mobile, then the pin as for everybody.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use vestibule::code_sign_in::CodeChallenge;

use super::Trouble;
use super::place::Place;
use super::sent::Sent;
use crate::browser::{Field, Notice, Stage, Typed, Visit, Visitor};
use crate::pages::{self, Frame, SignUpPage};
use crate::words::{self, Doing};

const PATH: &str = "/goodcity/sign-up";

#[derive(Deserialize)]
pub struct NewUser {
    first_name: String,
    last_name: String,
    country_code: String,
    number: String,
}

pub async fn form(place: Place, mut visitor: Visitor) -> Result<Response, Trouble> {
    let visit = visitor.visit(place.system);
    if !matches!(visit.stage, Stage::Stranger) {
        return Ok(visitor.go_to(place.system));
    }
    let notice = visitor.take_notice(place.system).await?;
    let frame = Frame::new(&place.app, place.system, "Sign up", notice, &visit);
    let page = SignUpPage::new(frame, visit.typed);
    Ok(visitor.answer(pages::html(&page)))
}

pub async fn send_pin(
    place: Place,
    mut visitor: Visitor,
    Sent(new): Sent<NewUser>,
) -> Result<Response, Trouble> {
    let system = place.system;
    let client = place.app.systems.goodcity.as_ref();
    let client = client.ok_or_else(Trouble::not_here)?;
    if !matches!(visitor.visit(system).stage, Stage::Stranger) {
        return Ok(visitor.go_to(system));
    }
    let typed = Typed {
        by_email: false,
        email: String::new(),
        first_name: new.first_name,
        last_name: new.last_name,
        country_code: new.country_code,
        number: new.number,
    };
    let to = typed.destination();
    let (first, last) = (typed.first_name.trim(), typed.last_name.trim());
    let notice = match first.is_empty() {
        true => Notice::problem("Write your first name.").about(Field::FirstName),
        false => match client.sign_up(to.to_text(), first, last).send_pin().await {
            Ok(pending) => {
                let challenge: &dyn CodeChallenge = &pending;
                let wait = |visit: &mut Visit| {
                    visit.typed = typed.clone();
                    visit.wait_for_code(challenge.id(), to.clone());
                };
                visitor.change(system, wait).await?;
                return Ok(visitor.go_to(system));
            }
            Err(error) => words::notice(&error, Doing::Sending),
        },
    };
    let tell = |visit: &mut Visit| {
        visit.typed = typed.clone();
        visit.notice = Some(notice.clone());
    };
    visitor.change(system, tell).await?;
    Ok(visitor.answer(Redirect::to(PATH).into_response()))
}

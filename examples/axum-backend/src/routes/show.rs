//! The page of a system, which shows how far the person is.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use vestibule::code_sign_in::Channel;
use vestibule::{Error, ErrorKind, Secret, System, fynd};

use super::Trouble;
use super::authenticator;
use super::place::Place;
use crate::app::App;
use crate::browser::{Notice, SignedIn, Stage, Visit, Visitor, Waiting};
use crate::pages::{
    self, AccountPage, AuthenticatorPage, CodePage, CodesPage, Frame, HomePage, NamePage,
    RecoveryPage, SecondFactorPage, StartPage, TermsPage,
};
use crate::systems::account::Next;
use crate::words::{self, Doing};

#[derive(Deserialize)]
pub struct Chosen {
    by: Option<String>,
}

pub async fn home(State(app): State<Arc<App>>, visitor: Visitor) -> Response {
    let offered = app.systems.offered();
    let is_signed_in = |system| matches!(visitor.visit(system).stage, Stage::SignedIn(_));
    let offered = offered.map(|system| (system, is_signed_in(system)));
    let page = HomePage::new(offered, app.mocks.is_some());
    visitor.answer(pages::html(&page))
}

pub async fn page(
    place: Place,
    visitor: Visitor,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Trouble> {
    let visit = visitor.visit(place.system);
    match &visit.stage {
        Stage::Stranger => start(&place, visitor, visit, chosen.by.as_deref()).await,
        Stage::Code(waiting) => code(&place, visitor, &visit, waiting).await,
        Stage::SecondFactor(_) | Stage::SignedIn(_)
            if authenticator::enrolment(&visit.stage).is_some() =>
        {
            enrolment(&place, visitor, &visit).await
        }
        Stage::SecondFactor(waiting) => code(&place, visitor, &visit, waiting).await,
        Stage::OwnStep(waiting) => own_step(&place, visitor, &visit, waiting).await,
        Stage::SignedIn(user) => account(&place, visitor, &visit, user).await,
    }
}

async fn start(
    place: &Place,
    mut visitor: Visitor,
    visit: Visit,
    by: Option<&str>,
) -> Result<Response, Trouble> {
    let sign_in = place.code_sign_in()?;
    let notice = visitor.take_notice(place.system).await?;
    let frame = Frame::new(&place.app, place.system, "Sign in", notice, &visit);
    let channels = [Channel::Phone, Channel::Email].map(|channel| sign_in.offers(channel));
    let mut typed = visit.typed;
    match by {
        Some("email") => typed.by_email = true,
        Some("phone") => typed.by_email = false,
        _ => {}
    }
    let page = StartPage::new(frame, place.system, typed, channels);
    Ok(visitor.answer(pages::html(&page)))
}

/// The code of a message, or of an authenticator.
async fn code(
    place: &Place,
    mut visitor: Visitor,
    visit: &Visit,
    waiting: &Waiting,
) -> Result<Response, Trouble> {
    let challenge = match place.code_sign_in()?.challenge(&waiting.id).await {
        Ok(challenge) => challenge,
        Err(error) => return lost(place, visitor, &error).await,
    };
    let notice = visitor.take_notice(place.system).await?;
    let left = challenge.expires_at() - place.app.clock.now();
    let page = match visit.stage {
        Stage::SecondFactor(_) => {
            let title = "Code of your authenticator";
            let frame = Frame::new(&place.app, place.system, title, notice, visit);
            pages::html(&SecondFactorPage::new(frame, waiting))
        }
        _ => {
            let frame = Frame::new(&place.app, place.system, "Type the code", notice, visit);
            let timer = challenge.resend_timer().map(|timer| timer.remaining());
            let left = left.to_std().unwrap_or_default();
            pages::html(&CodePage::new(
                frame,
                waiting,
                timer.unwrap_or_default(),
                left,
            ))
        }
    };
    Ok(visitor.answer(page))
}

/// The step of Fynd's own that comes next.
async fn own_step(
    place: &Place,
    mut visitor: Visitor,
    visit: &Visit,
    waiting: &Waiting,
) -> Result<Response, Trouble> {
    let client = place.app.systems.fynd.as_ref();
    let client = client.ok_or_else(Trouble::not_here)?;
    let challenge = match client.challenge(&waiting.id).await {
        Ok(challenge) => challenge,
        Err(error) => return lost(place, visitor, &error).await,
    };
    let notice = visitor.take_notice(place.system).await?;
    let frame = |title| Frame::new(&place.app, place.system, title, notice, visit);
    let page = match challenge {
        fynd::Challenge::RemainingCodes(codes) => {
            let page = CodesPage::new(frame("Type the other codes"), waiting, &codes);
            pages::html(&page)
        }
        // No other step is kept at this stage.
        _ => {
            let asks_email = waiting.to.channel() == Channel::Phone;
            let page = NamePage::new(frame("Your name"), visit.typed.clone());
            pages::html(&page.asking_email(asks_email))
        }
    };
    Ok(visitor.answer(page))
}

async fn enrolment(
    place: &Place,
    mut visitor: Visitor,
    visit: &Visit,
) -> Result<Response, Trouble> {
    let system = place.system;
    let who = authenticator::enroller(&visit.stage);
    let id = authenticator::enrolment(&visit.stage);
    let (Some(wunder), Some(who), Some(id)) = (&place.app.systems.wunder, who, id) else {
        return Err(Trouble::not_here());
    };
    match wunder.enrolment(&who, id).await {
        Ok(Some(enrolment)) => {
            let notice = visitor.take_notice(system).await?;
            let title = "Set up your authenticator";
            let frame = Frame::new(&place.app, system, title, notice, visit);
            let (secret, uri) = (enrolment.secret(), enrolment.otpauth_uri());
            let page = AuthenticatorPage::new(frame, secret, uri.map(Secret::expose));
            Ok(visitor.answer(pages::html(&page)))
        }
        Ok(None) => Err(Trouble::not_here()),
        // The secret has expired; the sign-in or the session may still be good.
        Err(error) if error.kind() == ErrorKind::SignInAgain => {
            let forget = |visit: &mut Visit| {
                authenticator::set_enrolment(visit, None);
                let text = "This took too long. Begin again with the authenticator.";
                visit.notice = Some(Notice::problem(text));
            };
            visitor.change(system, forget).await?;
            Ok(visitor.go_to(system))
        }
        Err(error) => Err(unreachable(&error)),
    }
}

async fn account(
    place: &Place,
    mut visitor: Visitor,
    visit: &Visit,
    user: &SignedIn,
) -> Result<Response, Trouble> {
    let system = place.system;
    let frame = |title: &'static str, notice| Frame::new(&place.app, system, title, notice, visit);
    if !user.recovery.is_empty() {
        let notice = visitor.take_notice(system).await?;
        let page = RecoveryPage::new(frame("Your recovery codes", notice), &user.recovery);
        return Ok(visitor.answer(pages::html(&page)));
    }
    let account = match place.app.systems.account(system, &user.id).await {
        Ok(account) => account,
        Err(error) if error.kind() == ErrorKind::SignInAgain => {
            return lost(place, visitor, &error).await;
        }
        // Who is signed in can still sign out.
        Err(error) => {
            let notice = words::notice(&error, Doing::Saving);
            let page = AccountPage::unknown(frame("Your account", Some(notice)));
            return Ok(visitor.answer(pages::html(&page)));
        }
    };
    let notice = visitor.take_notice(system).await?;
    let page = match account.next {
        Some(Next::Terms { id, title, text }) => {
            let frame = frame("Terms", notice).at_step("Terms");
            pages::html(&TermsPage::new(frame, id, title, text))
        }
        Some(Next::Name) => {
            let frame = frame("Your name", notice).at_step("Name");
            pages::html(&NamePage::new(frame, visit.typed.clone()))
        }
        None => {
            let frame = frame("Your account", notice).past_all_steps();
            let can_set_up = system == System::Wunder;
            pages::html(&AccountPage::new(frame, account, can_set_up))
        }
    };
    Ok(visitor.answer(page))
}

/// What the person waited for, or was signed in to, is not there any more.
async fn lost(place: &Place, mut visitor: Visitor, error: &Error) -> Result<Response, Trouble> {
    if !matches!(
        error.kind(),
        ErrorKind::SignInAgain | ErrorKind::StepRequired
    ) {
        return Err(unreachable(error));
    }
    words::log(error);
    let text = match visitor.visit(place.system).stage {
        Stage::SignedIn(_) => words::SIGNED_OUT,
        _ => words::EXPIRED,
    };
    let over = |visit: &mut Visit| visit.start_over(Some(Notice::problem(text)));
    visitor.change(place.system, over).await?;
    Ok(visitor.go_to(place.system))
}

fn unreachable(error: &Error) -> Trouble {
    words::log(error);
    let what = "We cannot look up how far you are. Nothing is lost: try again in a moment.";
    Trouble::new(StatusCode::SERVICE_UNAVAILABLE, what)
}

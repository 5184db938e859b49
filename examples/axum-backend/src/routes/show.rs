//! The page of a system, which shows the next step.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use vestibule::{Channel, Error, ErrorKind, Secret, System, fynd};

use super::PageError;
use super::authenticator;
use super::system_route::SystemRoute;
use crate::app::App;
use crate::browser::{BrowserSession, Notice, PendingSignIn, Progress, SignInState, SignedIn};
use crate::messages::{self, Action};
use crate::pages::{
    self, AccountPage, AuthenticatorPage, CodePage, CodesPage, HomePage, Layout, NamePage,
    RecoveryPage, SecondFactorPage, StartPage, TermsPage,
};
use crate::systems::account::Next;

#[derive(Deserialize)]
pub struct Chosen {
    by: Option<String>,
}

pub async fn home(State(app): State<Arc<App>>, browser: BrowserSession) -> Response {
    let enabled = app.systems.enabled();
    let is_signed_in = |system| matches!(browser.progress(system).state, SignInState::SignedIn(_));
    let enabled = enabled.map(|system| (system, is_signed_in(system)));
    let page = HomePage::new(enabled, app.mocks.is_some());
    browser.respond(pages::html(&page))
}

pub async fn page(
    route: SystemRoute,
    browser: BrowserSession,
    Query(chosen): Query<Chosen>,
) -> Result<Response, PageError> {
    let progress = browser.progress(route.system);
    match &progress.state {
        SignInState::SignedOut => start(&route, browser, progress, chosen.by.as_deref()).await,
        SignInState::CodeSent(pending) => code(&route, browser, &progress, pending).await,
        SignInState::SecondFactor(_) | SignInState::SignedIn(_)
            if authenticator::enrolment(&progress.state).is_some() =>
        {
            enrolment(&route, browser, &progress).await
        }
        SignInState::SecondFactor(pending) => code(&route, browser, &progress, pending).await,
        SignInState::OwnStep(pending) => own_step(&route, browser, &progress, pending).await,
        SignInState::SignedIn(user) => account(&route, browser, &progress, user).await,
    }
}

async fn start(
    route: &SystemRoute,
    mut browser: BrowserSession,
    progress: Progress,
    by: Option<&str>,
) -> Result<Response, PageError> {
    let sign_in = route.code_sign_in()?;
    let notice = browser.take_notice(route.system).await?;
    let layout = Layout::new(&route.app, route.system, "Sign in", notice, &progress);
    let channels = [Channel::Phone, Channel::Email].map(|channel| sign_in.offers(channel));
    let mut typed = progress.form_values;
    match by {
        Some("email") => typed.by_email = true,
        Some("phone") => typed.by_email = false,
        _ => {}
    }
    let page = StartPage::new(layout, route.system, typed, channels);
    Ok(browser.respond(pages::html(&page)))
}

/// The page for a code from a message or an authenticator.
async fn code(
    route: &SystemRoute,
    mut browser: BrowserSession,
    progress: &Progress,
    pending: &PendingSignIn,
) -> Result<Response, PageError> {
    let challenge = match route.code_sign_in()?.resume_challenge(&pending.id).await {
        Ok(challenge) => challenge,
        Err(error) => return ended(route, browser, &error).await,
    };
    let notice = browser.take_notice(route.system).await?;
    let left = challenge.expires_at() - route.app.clock.now();
    let page = match progress.state {
        SignInState::SecondFactor(_) => {
            let title = "Code of your authenticator";
            let layout = Layout::new(&route.app, route.system, title, notice, progress);
            pages::html(&SecondFactorPage::new(layout, pending))
        }
        _ => {
            let layout = Layout::new(&route.app, route.system, "Enter the code", notice, progress);
            let timer = challenge.resend_timer().map(|timer| timer.remaining());
            let left = left.to_std().unwrap_or_default();
            pages::html(&CodePage::new(
                layout,
                pending,
                timer.unwrap_or_default(),
                left,
            ))
        }
    };
    Ok(browser.respond(page))
}

/// The page for the next step of a Fynd sign-up.
async fn own_step(
    route: &SystemRoute,
    mut browser: BrowserSession,
    progress: &Progress,
    pending: &PendingSignIn,
) -> Result<Response, PageError> {
    let client = route.app.systems.fynd.as_ref();
    let client = client.ok_or_else(PageError::not_here)?;
    let challenge = match client.resume_challenge(&pending.id).await {
        Ok(challenge) => challenge,
        Err(error) => return ended(route, browser, &error).await,
    };
    let notice = browser.take_notice(route.system).await?;
    let layout = |title| Layout::new(&route.app, route.system, title, notice, progress);
    let page = match challenge {
        fynd::Challenge::PendingCodes(codes) => {
            let page = CodesPage::new(layout("Enter the other codes"), pending, &codes);
            pages::html(&page)
        }
        // No other step occurs in this state.
        _ => {
            let asks_email = pending.to.channel() == Channel::Phone;
            let page = NamePage::new(layout("Your name"), progress.form_values.clone());
            pages::html(&page.asking_email(asks_email))
        }
    };
    Ok(browser.respond(page))
}

async fn enrolment(
    route: &SystemRoute,
    mut browser: BrowserSession,
    progress: &Progress,
) -> Result<Response, PageError> {
    let system = route.system;
    let who = authenticator::enroller(&progress.state);
    let id = authenticator::enrolment(&progress.state);
    let (Some(wunder), Some(who), Some(id)) = (&route.app.systems.wunder, who, id) else {
        return Err(PageError::not_here());
    };
    match wunder.resume_mfa_enrolment(&who, id).await {
        Ok(Some(enrolment)) => {
            let notice = browser.take_notice(system).await?;
            let title = "Set up your authenticator";
            let layout = Layout::new(&route.app, system, title, notice, progress);
            let (secret, uri) = (enrolment.secret(), enrolment.otpauth_uri());
            let page = AuthenticatorPage::new(layout, secret, uri.map(Secret::expose));
            Ok(browser.respond(pages::html(&page)))
        }
        Ok(None) => Err(PageError::not_here()),
        // The enrolment has expired; the sign-in or the session may still be valid.
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            let forget = |progress: &mut Progress| {
                authenticator::set_enrolment(progress, None);
                let text = "This took too long. Start the set-up of the authenticator again.";
                progress.notice = Some(Notice::problem(text));
            };
            browser.change(system, forget).await?;
            Ok(browser.go_to(system))
        }
        Err(error) => Err(unavailable(&error)),
    }
}

async fn account(
    route: &SystemRoute,
    mut browser: BrowserSession,
    progress: &Progress,
    user: &SignedIn,
) -> Result<Response, PageError> {
    let system = route.system;
    let layout =
        |title: &'static str, notice| Layout::new(&route.app, system, title, notice, progress);
    if !user.recovery.is_empty() {
        let notice = browser.take_notice(system).await?;
        let page = RecoveryPage::new(layout("Your recovery codes", notice), &user.recovery);
        return Ok(browser.respond(pages::html(&page)));
    }
    let account = match route.app.systems.account(system, &user.id).await {
        Ok(account) => account,
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            return ended(route, browser, &error).await;
        }
        // The user can still sign out.
        Err(error) => {
            let notice = messages::notice(&error, Action::Saving);
            let page = AccountPage::unknown(layout("Your account", Some(notice)));
            return Ok(browser.respond(pages::html(&page)));
        }
    };
    let notice = browser.take_notice(system).await?;
    let page = match account.next {
        Some(Next::Terms { id, title, text }) => {
            let layout = layout("Terms", notice).at_step("Terms");
            pages::html(&TermsPage::new(layout, id, title, text))
        }
        Some(Next::Name) => {
            let layout = layout("Your name", notice).at_step("Name");
            pages::html(&NamePage::new(layout, progress.form_values.clone()))
        }
        None => {
            let layout = layout("Your account", notice).with_all_steps_done();
            let can_set_up = system == System::Wunder;
            pages::html(&AccountPage::new(layout, account, can_set_up))
        }
    };
    Ok(browser.respond(page))
}

/// Starts over after the challenge or session has ended.
async fn ended(
    route: &SystemRoute,
    mut browser: BrowserSession,
    error: &Error,
) -> Result<Response, PageError> {
    if !matches!(
        error.kind(),
        ErrorKind::Unauthenticated | ErrorKind::StepRequired
    ) {
        return Err(unavailable(error));
    }
    messages::log(error);
    let text = match browser.progress(route.system).state {
        SignInState::SignedIn(_) => messages::SIGNED_OUT,
        _ => messages::EXPIRED,
    };
    let over = |progress: &mut Progress| progress.start_over(Some(Notice::problem(text)));
    browser.change(route.system, over).await?;
    Ok(browser.go_to(route.system))
}

fn unavailable(error: &Error) -> PageError {
    messages::log(error);
    let what = "We cannot load your sign-in at the moment. Nothing is lost: try again shortly.";
    PageError::new(StatusCode::SERVICE_UNAVAILABLE, what)
}

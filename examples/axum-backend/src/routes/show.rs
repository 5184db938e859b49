//! The page of a system, which shows the next step.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use vestibule::axum::Progress;
use vestibule::code_sign_in::CodeChallenge;
use vestibule::wunder::MfaEnrolment;
use vestibule::{Channel, Error, ErrorKind, Secret, System, fynd};

use super::PageError;
use super::authenticator;
use super::system_route::{SignInState, SystemRoute};
use crate::app::App;
use crate::messages::{self, Action};
use crate::page_state::{Notice, PendingSignIn};
use crate::pages::{
    self, AccountPage, AuthenticatorPage, CodePage, CodesPage, HomePage, Layout, NamePage,
    RecoveryPage, SecondFactorPage, StartPage, TermsPage,
};
use crate::systems::account::{Account, Next};

#[derive(Deserialize)]
pub struct Chosen {
    by: Option<String>,
}

pub async fn home(State(app): State<Arc<App>>, request: Parts) -> Result<Response, PageError> {
    let mut enabled = Vec::new();
    for system in app.systems.enabled() {
        let progress = Progress::resume(app.progress.clone(), &request, system).await?;
        enabled.push((system, progress.current().is_signed_in()));
    }
    Ok(pages::html(&HomePage::new(enabled, app.mocks.is_some())))
}

pub async fn page(route: SystemRoute, Query(chosen): Query<Chosen>) -> Result<Response, PageError> {
    let has_enrolment = route.page.enrolment.is_some();
    match route.state() {
        SignInState::SignedOut => start(route, chosen.by.as_deref()).await,
        SignInState::CodeSent(id, pending) => code(route, &id, &pending, false).await,
        SignInState::SecondFactor(..) | SignInState::SignedIn(_) if has_enrolment => {
            enrolment(route).await
        }
        SignInState::SecondFactor(id, pending) => code(route, &id, &pending, true).await,
        SignInState::OwnStep(id, pending) => own_step(route, &id, &pending).await,
        SignInState::SignedIn(id) => account(route, &id).await,
    }
}

async fn start(route: SystemRoute, by: Option<&str>) -> Result<Response, PageError> {
    let sign_in = route.code_sign_in()?;
    let channels = [Channel::Phone, Channel::Email].map(|channel| sign_in.offers(channel));
    let mut typed = route.page.form_values.clone();
    match by {
        Some("email") => typed.by_email = true,
        Some("phone") => typed.by_email = false,
        _ => {}
    }
    let page = |route: &SystemRoute, notice| {
        let layout = Layout::new(route, "Sign in", notice);
        pages::html(&StartPage::new(layout, route.system, typed, channels))
    };
    route.show(page).await
}

/// The page for a code from a message or an authenticator.
async fn code(
    route: SystemRoute,
    id: &Secret,
    pending: &PendingSignIn,
    is_second_factor: bool,
) -> Result<Response, PageError> {
    let challenge = match route.code_sign_in()?.resume_challenge(id).await {
        Ok(challenge) => challenge,
        Err(error) => return ended(route, &error).await,
    };
    let page = |route: &SystemRoute, notice| match is_second_factor {
        true => {
            let layout = Layout::new(route, "Code of your authenticator", notice);
            pages::html(&SecondFactorPage::new(layout, pending))
        }
        false => {
            let layout = Layout::new(route, "Enter the code", notice);
            pages::html(&code_page(route, layout, pending, &*challenge))
        }
    };
    route.show(page).await
}

fn code_page(
    route: &SystemRoute,
    layout: Layout,
    pending: &PendingSignIn,
    challenge: &dyn CodeChallenge,
) -> CodePage {
    let left = challenge.expires_at() - route.app.clock.now();
    let wait = challenge.resend_timer().map(|timer| timer.remaining());
    CodePage::new(
        layout,
        pending,
        wait.unwrap_or_default(),
        left.to_std().unwrap_or_default(),
    )
}

/// The page for the next step of a Fynd sign-up.
async fn own_step(
    route: SystemRoute,
    id: &Secret,
    pending: &PendingSignIn,
) -> Result<Response, PageError> {
    let client = route.app.systems.fynd.as_ref();
    let client = client.ok_or_else(PageError::not_here)?;
    let challenge = match client.resume_challenge(id).await {
        Ok(challenge) => challenge,
        Err(error) => return ended(route, &error).await,
    };
    let page = |route: &SystemRoute, notice| match challenge {
        fynd::Challenge::PendingCodes(codes) => {
            let layout = Layout::new(route, "Enter the other codes", notice);
            pages::html(&CodesPage::new(layout, pending, &codes))
        }
        // No other step occurs in this state.
        _ => {
            let asks_email = pending.to.channel() == Channel::Phone;
            let layout = Layout::new(route, "Your name", notice);
            let page = NamePage::new(layout, route.page.form_values.clone());
            pages::html(&page.asking_email(asks_email))
        }
    };
    route.show(page).await
}

async fn enrolment(mut route: SystemRoute) -> Result<Response, PageError> {
    match resume_enrolment(&route).await? {
        Ok(enrolment) => {
            let page = |route: &SystemRoute, notice| {
                let layout = Layout::new(route, "Set up your authenticator", notice);
                let (secret, uri) = (enrolment.secret(), enrolment.otpauth_uri());
                let page = AuthenticatorPage::new(layout, secret, uri.map(Secret::expose));
                pages::html(&page)
            };
            route.show(page).await
        }
        // The enrolment has expired; the sign-in or the session may still be valid.
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            route.page.enrolment = None;
            let text = "This took too long. Start the set-up of the authenticator again.";
            route.tell(Notice::problem(text)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn resume_enrolment(route: &SystemRoute) -> Result<Result<MfaEnrolment, Error>, PageError> {
    let state = route.state();
    let who = authenticator::enroller(&state);
    let id = route.page.enrolment.as_ref();
    let (Some(wunder), Some(who), Some(id)) = (&route.app.systems.wunder, who, id) else {
        return Err(PageError::not_here());
    };
    let resumed = wunder.resume_mfa_enrolment(&who, id).await;
    resumed.transpose().ok_or_else(PageError::not_here)
}

async fn account(route: SystemRoute, session: &Secret) -> Result<Response, PageError> {
    let system = route.system;
    if !route.page.recovery.is_empty() {
        let page = |route: &SystemRoute, notice| {
            let layout = Layout::new(route, "Your recovery codes", notice);
            pages::html(&RecoveryPage::new(layout, &route.page.recovery))
        };
        return route.show(page).await;
    }
    match route.app.systems.account(system, session).await {
        Ok(account) => {
            let page = |route: &SystemRoute, notice| account_page(route, account, notice);
            route.show(page).await
        }
        Err(error) if error.kind() == ErrorKind::Unauthenticated => ended(route, &error).await,
        // The user can still sign out.
        Err(error) => {
            let notice = messages::notice(&error, Action::Saving);
            let layout = Layout::new(&route, "Your account", Some(notice));
            Ok(pages::html(&AccountPage::unknown(layout)))
        }
    }
}

fn account_page(route: &SystemRoute, account: Account, notice: Option<Notice>) -> Response {
    match account.next {
        Some(Next::Terms { id, title, text }) => {
            let layout = Layout::new(route, "Terms", notice).at_step("Terms");
            pages::html(&TermsPage::new(layout, id, title, text))
        }
        Some(Next::Name) => {
            let layout = Layout::new(route, "Your name", notice).at_step("Name");
            pages::html(&NamePage::new(layout, route.page.form_values.clone()))
        }
        None => {
            let layout = Layout::new(route, "Your account", notice).with_all_steps_done();
            let can_set_up = route.system == System::Wunder;
            pages::html(&AccountPage::new(layout, account, can_set_up))
        }
    }
}

/// Starts over after the challenge or session has ended.
async fn ended(mut route: SystemRoute, error: &Error) -> Result<Response, PageError> {
    messages::log(error);
    if !matches!(
        error.kind(),
        ErrorKind::Unauthenticated | ErrorKind::StepRequired
    ) {
        return Err(PageError::unavailable());
    }
    let text = match route.state() {
        SignInState::SignedIn(_) => messages::SIGNED_OUT,
        _ => messages::EXPIRED,
    };
    route.start_over(Some(Notice::problem(text))).await?;
    route.next_page().await
}

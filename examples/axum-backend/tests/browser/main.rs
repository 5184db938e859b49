//! Onboarding in a real browser: all systems, and error cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chrome;
mod errors;
mod onboarding;
mod page_checks;
mod restart;
mod site;
mod user;
mod windows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrome::Chrome;
use page_checks::PageChecks;
use site::Site;
use tokio::time::timeout;
use user::User;

/// The timeout of a scenario.
const TIMEOUT: Duration = Duration::from_secs(90);

/// What each scenario gets.
#[derive(Clone)]
pub struct Fixture {
    chrome: Arc<Chrome>,
    page_checks: Arc<PageChecks>,
}

impl Fixture {
    /// Starts a site and opens a browser on it.
    pub async fn open(&self) -> (Site, User) {
        let site = Site::start().await;
        let user = User::at(&self.chrome, &site.url, &self.page_checks).await;
        (site, user)
    }
}

macro_rules! scenarios {
    ($($file:ident :: $scenario:ident),+ $(,)?) => {
        /// Runs the scenarios whose name contains `SCENARIO` and returns which of them passed.
        async fn run_all(fixture: Fixture) -> Vec<(&'static str, bool)> {
            let mut results = Vec::new();
            let only = chosen();
            $(
                let name = stringify!($scenario);
                if name.contains(&only) {
                    let begun = Instant::now();
                    // A scenario that panics or hangs fails, and the others run.
                    let mut run = tokio::spawn($file::$scenario(fixture.clone()));
                    let passed = matches!(timeout(TIMEOUT, &mut run).await, Ok(Ok(())));
                    run.abort();
                    println!("{passed:<5} {:>5.1} s {name}", begun.elapsed().as_secs_f64());
                    results.push((name, passed));
                }
            )+
            results
        }
    };
}

scenarios! {
    onboarding::a_new_wunder_user_accepts_terms_enters_a_name_and_enrols_an_authenticator,
    onboarding::a_user_of_wunder_signs_in_by_email,
    onboarding::a_user_who_needs_an_authenticator_enrols_one_during_the_sign_in,
    onboarding::a_customer_of_the_wallet_crew_signs_in,
    onboarding::a_new_user_of_goodcity_signs_up,
    onboarding::a_new_user_of_fynd_completes_the_profile,
    onboarding::a_new_fynd_user_confirms_the_contacts_that_the_shop_requires,
    onboarding::every_step_works_by_keyboard,
    onboarding::every_step_works_without_scripts,
    errors::a_wrong_code_costs_a_try_and_a_new_code_resets_them,
    errors::an_expired_code_is_distinguished_from_an_expired_sign_in,
    errors::a_resend_before_the_timer_is_refused,
    errors::a_double_submit_sends_one_message,
    errors::invalid_input_is_reported_at_the_field,
    errors::a_system_that_is_down_is_reported,
    errors::a_session_that_ended_elsewhere_is_reported,
    errors::an_unknown_path_gets_an_error_page,
    windows::a_reload_during_the_sign_in_changes_nothing,
    windows::an_old_window_does_not_affect_the_newest_sign_in,
    windows::two_systems_in_two_windows_do_not_interfere,
    windows::a_second_window_shows_that_the_user_is_signed_in,
    restart::a_restart_during_the_sign_in_loses_nothing,
}

/// The filter by name; without it, all scenarios run.
fn chosen() -> String {
    std::env::var("SCENARIO").unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_passes_in_a_browser() {
    let fixture = Fixture {
        chrome: Arc::new(Chrome::start().await),
        page_checks: Arc::new(PageChecks::new()),
    };
    let results = run_all(fixture.clone()).await;
    let passed = results.iter().filter(|(_, passed)| *passed).count();
    let figure = format!("{passed}/{}", results.len());
    let violations = fixture.page_checks.violations();
    // A filtered run is no proof.
    if chosen().is_empty() {
        fixture.page_checks.proof("browser", &figure);
        fixture.page_checks.proof_of_axe();
    }
    assert!(violations.is_empty(), "axe: {}", violations.join("\n"));
    let failed = results.iter().filter(|(_, passed)| !passed);
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}

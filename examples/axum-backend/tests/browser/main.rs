//! People are onboarded in a real browser: all systems, and what goes wrong on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chrome;
mod looks;
mod onboarding;
mod person;
mod program;
mod site;
mod trouble;
mod windows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrome::Chrome;
use looks::Looks;
use person::Person;
use site::Site;
use tokio::time::timeout;

/// More than any way takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// What each way through the page is given.
#[derive(Clone)]
pub struct Stand {
    chrome: Arc<Chrome>,
    looks: Arc<Looks>,
}

impl Stand {
    /// A site of its own, and somebody who comes there.
    pub async fn open(&self) -> (Site, Person) {
        let site = Site::start().await;
        let person = Person::at(&self.chrome, &site.url, &self.looks).await;
        (site, person)
    }
}

macro_rules! ways {
    ($($room:ident :: $way:ident),+ $(,)?) => {
        /// Runs those whose name contains `WAY`, and tells which failed.
        async fn run_all(stand: Stand) -> Vec<(&'static str, bool)> {
            let mut results = Vec::new();
            let only = chosen();
            $(
                let name = stringify!($way);
                if name.contains(&only) {
                    let begun = Instant::now();
                    // A way that panics or gets stuck has failed, and the others go on.
                    let mut run = tokio::spawn($room::$way(stand.clone()));
                    let passed = matches!(timeout(PATIENCE, &mut run).await, Ok(Ok(())));
                    run.abort();
                    println!("{passed:<5} {:>5.1} s {name}", begun.elapsed().as_secs_f64());
                    results.push((name, passed));
                }
            )+
            results
        }
    };
}

ways! {
    onboarding::a_new_user_of_wunder_accepts_terms_gives_a_name_and_sets_up_an_authenticator,
    onboarding::a_user_of_wunder_signs_in_by_email,
    onboarding::a_user_of_whom_wunder_demands_an_authenticator_sets_it_up_on_the_way,
    onboarding::a_customer_of_the_wallet_crew_signs_in,
    onboarding::a_new_user_of_goodcity_signs_up,
    onboarding::a_new_user_of_fynd_completes_the_profile,
    onboarding::a_new_user_of_fynd_confirms_what_the_shop_wants_confirmed,
    onboarding::a_keyboard_is_enough,
    onboarding::scripts_are_not_needed,
    trouble::a_wrong_code_costs_a_try_and_a_new_code_gives_new_ones,
    trouble::an_expired_code_is_told_from_an_expired_sign_in,
    trouble::another_code_has_to_be_waited_for,
    trouble::pressing_twice_sends_one_message,
    trouble::wrong_input_is_told_at_the_field,
    trouble::a_system_that_is_down_is_told_in_plain_words,
    trouble::a_session_that_ended_elsewhere_is_told,
    trouble::there_is_a_page_for_what_is_not_there,
    windows::a_reload_in_the_middle_changes_nothing,
    windows::an_old_window_does_not_spoil_the_newest_sign_in,
    windows::two_systems_in_two_windows_do_not_meet,
    windows::a_second_window_sees_that_somebody_is_signed_in,
    program::a_restart_in_the_middle_loses_nothing,
}

/// A part of the names of the ways that are wanted; all without it.
fn chosen() -> String {
    std::env::var("WAY").unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_find_their_way_through_the_page() {
    let stand = Stand {
        chrome: Arc::new(Chrome::start().await),
        looks: Arc::new(Looks::new()),
    };
    let results = run_all(stand.clone()).await;
    let passed = results.iter().filter(|(_, passed)| *passed).count();
    let figure = format!("{passed}/{}", results.len());
    let violations = stand.looks.violations();
    // Some ways alone prove nothing.
    if chosen().is_empty() {
        stand.looks.proof("browser", &figure);
        stand.looks.proof_of_axe();
    }
    assert!(violations.is_empty(), "axe: {}", violations.join("\n"));
    let failed = results.iter().filter(|(_, passed)| !passed);
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}

//! Complete sign-ins on each system.

use std::time::Duration;

use fantoccini::key::Key;
use vestibule::System;
use vestibule::testing::WunderUser;

use crate::Fixture;
use crate::site::Site;
use crate::user::{User, code, wrong};

pub async fn a_new_wunder_user_accepts_terms_enters_a_name_and_enrols_an_authenticator(
    fixture: Fixture,
) {
    let (site, user) = fixture.open().await;
    user.goes_to("/").await;
    user.shows("home").await;
    user.presses("Wunder Mobility Phone or e-mail, terms, and an optional authenticator")
        .await;
    user.sees("Sign in").await;
    user.shows("wunder-start").await;
    send_code(&user, "43", "660 000 001").await;
    user.sees("We have sent a code to +43660000001").await;
    user.shows("wunder-code").await;
    confirm(&site, &user, System::Wunder, "+43660000001").await;

    user.sees("Terms of riding").await;
    user.shows("wunder-terms").await;
    user.ticks("I have read this and agree").await;
    user.presses("Continue").await;
    user.sees("What is your name?").await;
    user.shows("wunder-name").await;
    user.types("First name", "Ada").await;
    user.types("Last name", "Lovelace").await;
    user.presses("Continue").await;
    user.sees("Hello, Ada Lovelace").await;
    user.sees("+43660000001").await;
    user.shows("wunder-account").await;

    user.presses("Set up an authenticator").await;
    user.sees("Scan this with your authenticator app").await;
    user.shows("wunder-authenticator").await;
    // A reload requests no new secret.
    user.reloads().await;
    assert_eq!(site.mocks().wunder.count("two_factor_secret"), 1);
    user.types("Code", &authenticator(&site, "+43660000001"))
        .await;
    user.presses("Turn it on").await;
    user.sees("Your authenticator is set up.").await;
    user.shows("wunder-authenticator-on").await;
    user.presses("Sign out").await;
    user.sees("You are signed out.").await;
    user.shows("wunder-signed-out").await;

    site.mocks().pass_time(Duration::from_secs(30));
    send_code(&user, "43", "660000001").await;
    confirm(&site, &user, System::Wunder, "+43660000001").await;
    user.sees("Code of your authenticator").await;
    user.shows("wunder-second-factor").await;
    user.presses("Set one up").await;
    user.sees("You already have an authenticator.").await;
    user.types("Code", "000").await;
    user.presses("Continue").await;
    user.sees("You have 4 tries left.").await;
    user.types("Code", &authenticator(&site, "+43660000001"))
        .await;
    user.presses("Continue").await;
    user.sees("Hello, Ada Lovelace").await;
    user.leaves().await;
}

pub async fn a_user_of_wunder_signs_in_by_email(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/wunder").await;
    user.presses("E-mail").await;
    user.shows("wunder-email").await;
    user.types("E-mail address", "ada@example.org").await;
    user.presses("Send me a code").await;
    user.sees("We have sent a code to ada@example.org").await;
    confirm(&site, &user, System::Wunder, "ada@example.org").await;
    user.sees("Terms of riding").await;
    user.ticks("I have read this and agree").await;
    user.presses("Continue").await;
    user.types("First name", "Ada").await;
    user.presses("Continue").await;
    // The operator requires both names.
    user.sees("Enter your last name.").await;
    assert_eq!(user.has_focus_on().await, "last_name");
    user.types("Last name", "Lovelace").await;
    user.presses("Continue").await;
    user.sees("Hello, Ada Lovelace").await;
    user.leaves().await;
}

pub async fn a_user_who_needs_an_authenticator_enrols_one_during_the_sign_in(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    let account = WunderUser::new().verified_phone("+43660000003");
    site.mocks()
        .wunder
        .add_user(account.must_use_second_factor());
    user.goes_to("/wunder").await;
    send_code(&user, "43", "660000003").await;
    confirm(&site, &user, System::Wunder, "+43660000003").await;
    user.sees("Code of your authenticator").await;
    user.presses("Set one up").await;
    user.sees("Scan this with your authenticator app").await;
    user.types("Code", &authenticator(&site, "+43660000003"))
        .await;
    user.presses("Turn it on").await;
    user.sees("Enter the next code that it shows.").await;
    site.mocks().pass_time(Duration::from_secs(30));
    user.types("Code", &authenticator(&site, "+43660000003"))
        .await;
    user.presses("Continue").await;
    user.sees("Terms").await;
    user.leaves().await;
}

pub async fn a_customer_of_the_wallet_crew_signs_in(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/walletcrew?by=email").await;
    user.types("E-mail address", "ada@example.org").await;
    user.presses("Send me a code").await;
    user.sees("We have sent a code to ada@example.org").await;
    user.shows("walletcrew-code").await;
    // There is no resend: a new code comes with a new challenge.
    user.presses("Send a new code").await;
    user.sees("A new code is on its way.").await;
    confirm(&site, &user, System::WalletCrew, "ada@example.org").await;
    user.sees("You are signed in").await;
    user.shows("walletcrew-account").await;
    user.presses("Sign out").await;
    user.sees("You are signed out.").await;
    user.leaves().await;
}

pub async fn a_new_user_of_goodcity_signs_up(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    user.shows("goodcity-start").await;
    user.presses("Sign up").await;
    user.shows("goodcity-sign-up").await;
    user.types("First name", "Grace").await;
    user.types("Last name", "Hopper").await;
    user.types("Number", "6123 9999").await;
    user.presses("Sign up").await;
    user.sees("We have sent a code to +85261239999").await;
    user.shows("goodcity-code").await;
    confirm(&site, &user, System::GoodCity, "+85261239999").await;
    user.sees("Hello, Grace Hopper").await;
    user.shows("goodcity-account").await;
    user.presses("Sign out").await;
    user.sees("You are signed out.").await;
    user.leaves().await;
}

pub async fn a_new_user_of_fynd_completes_the_profile(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000009").await;
    user.shows("fynd-code").await;
    confirm(&site, &user, System::Fynd, "+919000000009").await;
    user.sees("What is your name?").await;
    user.shows("fynd-name").await;
    user.types("First name", "Chandra").await;
    user.types("Last name", "Sen").await;
    user.presses("Continue").await;
    user.sees("Hello, Chandra Sen").await;
    user.shows("fynd-account").await;
    user.goes_to("/").await;
    user.sees("Signed in").await;
    user.shows("home-signed-in").await;
    user.goes_to("/fynd").await;
    user.presses("Sign out").await;
    user.sees("You are signed out.").await;
    user.leaves().await;
}

pub async fn a_new_fynd_user_confirms_the_contacts_that_the_shop_requires(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    site.mocks().fynd.require_email(true);
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000009").await;
    confirm(&site, &user, System::Fynd, "+919000000009").await;
    user.types("First name", "Chandra").await;
    user.presses("Continue").await;
    user.sees("It may require your e-mail address too.").await;
    user.types("E-mail address (optional)", "chandra@example.org")
        .await;
    user.presses("Continue").await;
    user.sees("Enter the other codes").await;
    user.sees("chandra@example.org").await;
    user.shows("fynd-other-codes").await;
    let right = code(site.mocks(), System::Fynd, "chandra@example.org");
    user.types("Code", &wrong(&right)).await;
    user.presses("Continue").await;
    user.sees("You have 4 tries left.").await;
    user.presses("Send a new code").await;
    user.sees("Please wait").await;
    site.mocks().pass_time(Duration::from_secs(60));
    user.presses("Send a new code").await;
    user.sees("A new code is on its way.").await;
    confirm(&site, &user, System::Fynd, "chandra@example.org").await;
    user.sees("Hello, Chandra").await;
    user.sees("chandra@example.org").await;
    user.leaves().await;
}

pub async fn every_step_works_by_keyboard(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    user.presses_key(Key::Tab).await;
    assert_eq!(user.has_focus_on().await, "Skip to the form");
    user.presses_key(Key::Enter).await;
    user.presses_key(Key::Tab).await;
    assert_eq!(user.has_focus_on().await, "country_code");
    user.presses_key(Key::Tab).await;
    assert_eq!(user.has_focus_on().await, "number");
    user.presses_keys("61234567").await;
    user.presses_key(Key::Enter).await;
    user.sees("We have sent a code to +85261234567").await;
    assert_eq!(user.has_focus_on().await, "code");
    let code = code(site.mocks(), System::GoodCity, "+85261234567");
    user.presses_keys(&code).await;
    user.presses_key(Key::Enter).await;
    user.sees("Hello, Ada Wong").await;
    user.leaves().await;
}

pub async fn every_step_works_without_scripts(fixture: Fixture) {
    let site = Site::start().await;
    let user = User::without_scripts(&fixture.chrome, &site.url, &fixture.page_checks).await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000001").await;
    user.sees("You can request a new one in").await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;
    user.leaves().await;
}

pub async fn send_code(user: &User, country: &str, number: &str) {
    user.types("Country code", country).await;
    user.types("Number", number).await;
    user.presses("Send me a code").await;
}

pub async fn confirm(site: &Site, user: &User, system: System, to: &str) {
    user.types("Code", &code(site.mocks(), system, to)).await;
    user.presses("Continue").await;
}

/// The current code of the user's authenticator.
fn authenticator(site: &Site, user: &str) -> String {
    let code = site.mocks().wunder.second_factor_code(user);
    code.expect("the user has an authenticator")
}

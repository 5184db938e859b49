//! The whole way on each system.

use std::time::Duration;

use fantoccini::key::Key;
use vestibule::System;
use vestibule::testing::WunderUser;

use crate::Stand;
use crate::person::{Person, code, wrong};
use crate::site::Site;

pub async fn a_new_user_of_wunder_accepts_terms_gives_a_name_and_sets_up_an_authenticator(
    stand: Stand,
) {
    let (site, person) = stand.open().await;
    person.goes_to("/").await;
    person.shows("home").await;
    person
        .presses("Wunder Mobility Phone or e-mail, terms, and an authenticator if you like")
        .await;
    person.sees("Sign in").await;
    person.shows("wunder-start").await;
    send_code(&person, "43", "660 000 001").await;
    person.sees("We have sent a code to +43660000001").await;
    person.shows("wunder-code").await;
    confirm(&site, &person, System::Wunder, "+43660000001").await;

    person.sees("Terms of riding").await;
    person.shows("wunder-terms").await;
    person.ticks("I have read this and agree").await;
    person.presses("Go on").await;
    person.sees("How shall we call you?").await;
    person.shows("wunder-name").await;
    person.types("First name", "Ada").await;
    person.types("Last name", "Lovelace").await;
    person.presses("Go on").await;
    person.sees("Hello, Ada Lovelace").await;
    person.sees("+43660000001").await;
    person.shows("wunder-account").await;

    person.presses("Set up an authenticator").await;
    person.sees("Scan this with your authenticator app").await;
    person.shows("wunder-authenticator").await;
    // The picture survives a reload: no new secret was asked for.
    person.reloads().await;
    assert_eq!(site.mocks().wunder.count("two_factor_secret"), 1);
    person
        .types("Code", &authenticator(&site, "+43660000001"))
        .await;
    person.presses("Turn it on").await;
    person.sees("Your authenticator is set up.").await;
    person.shows("wunder-authenticator-on").await;
    person.presses("Sign out").await;
    person.sees("You are signed out.").await;
    person.shows("wunder-signed-out").await;

    site.mocks().pass_time(Duration::from_secs(30));
    send_code(&person, "43", "660000001").await;
    confirm(&site, &person, System::Wunder, "+43660000001").await;
    person.sees("Code of your authenticator").await;
    person.shows("wunder-second-factor").await;
    person.presses("Set one up").await;
    person.sees("You have an authenticator already.").await;
    person.types("Code", "000").await;
    person.presses("Go on").await;
    person.sees("You have 4 tries left.").await;
    person
        .types("Code", &authenticator(&site, "+43660000001"))
        .await;
    person.presses("Go on").await;
    person.sees("Hello, Ada Lovelace").await;
    person.leaves().await;
}

pub async fn a_user_of_wunder_signs_in_by_email(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/wunder").await;
    person.presses("E-mail").await;
    person.shows("wunder-email").await;
    person.types("E-mail address", "ada@example.org").await;
    person.presses("Send me a code").await;
    person.sees("We have sent a code to ada@example.org").await;
    confirm(&site, &person, System::Wunder, "ada@example.org").await;
    person.sees("Terms of riding").await;
    person.ticks("I have read this and agree").await;
    person.presses("Go on").await;
    person.types("First name", "Ada").await;
    person.presses("Go on").await;
    // The operator wants both.
    person.sees("Write your last name.").await;
    assert_eq!(person.has_focus_on().await, "last_name");
    person.types("Last name", "Lovelace").await;
    person.presses("Go on").await;
    person.sees("Hello, Ada Lovelace").await;
    person.leaves().await;
}

pub async fn a_user_of_whom_wunder_demands_an_authenticator_sets_it_up_on_the_way(stand: Stand) {
    let (site, person) = stand.open().await;
    let user = WunderUser::new().verified_phone("+43660000003");
    site.mocks().wunder.add_user(user.must_use_second_factor());
    person.goes_to("/wunder").await;
    send_code(&person, "43", "660000003").await;
    confirm(&site, &person, System::Wunder, "+43660000003").await;
    person.sees("Code of your authenticator").await;
    person.presses("Set one up").await;
    person.sees("Scan this with your authenticator app").await;
    person
        .types("Code", &authenticator(&site, "+43660000003"))
        .await;
    person.presses("Turn it on").await;
    person.sees("Type the next code that it shows.").await;
    site.mocks().pass_time(Duration::from_secs(30));
    person
        .types("Code", &authenticator(&site, "+43660000003"))
        .await;
    person.presses("Go on").await;
    person.sees("Terms").await;
    person.leaves().await;
}

pub async fn a_customer_of_the_wallet_crew_signs_in(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/walletcrew?by=email").await;
    person.types("E-mail address", "ada@example.org").await;
    person.presses("Send me a code").await;
    person.sees("We have sent a code to ada@example.org").await;
    person.shows("walletcrew-code").await;
    // There is no resend: another code comes by another challenge.
    person.presses("Send another code").await;
    person.sees("Another code is on its way.").await;
    confirm(&site, &person, System::WalletCrew, "ada@example.org").await;
    person.sees("You are signed in").await;
    person.shows("walletcrew-account").await;
    person.presses("Sign out").await;
    person.sees("You are signed out.").await;
    person.leaves().await;
}

pub async fn a_new_user_of_goodcity_signs_up(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    person.shows("goodcity-start").await;
    person.presses("Sign up").await;
    person.shows("goodcity-sign-up").await;
    person.types("First name", "Grace").await;
    person.types("Last name", "Hopper").await;
    person.types("Number", "6123 9999").await;
    person.presses("Sign up").await;
    person.sees("We have sent a code to +85261239999").await;
    person.shows("goodcity-code").await;
    confirm(&site, &person, System::GoodCity, "+85261239999").await;
    person.sees("Hello, Grace Hopper").await;
    person.shows("goodcity-account").await;
    person.presses("Sign out").await;
    person.sees("You are signed out.").await;
    person.leaves().await;
}

pub async fn a_new_user_of_fynd_completes_the_profile(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000009").await;
    person.shows("fynd-code").await;
    confirm(&site, &person, System::Fynd, "+919000000009").await;
    person.sees("How shall we call you?").await;
    person.shows("fynd-name").await;
    person.types("First name", "Chandra").await;
    person.types("Last name", "Sen").await;
    person.presses("Go on").await;
    person.sees("Hello, Chandra Sen").await;
    person.shows("fynd-account").await;
    person.goes_to("/").await;
    person.sees("Signed in").await;
    person.shows("home-signed-in").await;
    person.goes_to("/fynd").await;
    person.presses("Sign out").await;
    person.sees("You are signed out.").await;
    person.leaves().await;
}

pub async fn a_new_user_of_fynd_confirms_what_the_shop_wants_confirmed(stand: Stand) {
    let (site, person) = stand.open().await;
    site.mocks().fynd.require_email(true);
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000009").await;
    confirm(&site, &person, System::Fynd, "+919000000009").await;
    person.types("First name", "Chandra").await;
    person.presses("Go on").await;
    person.sees("It may want your e-mail address too.").await;
    person
        .types("E-mail address, if you like", "chandra@example.org")
        .await;
    person.presses("Go on").await;
    person.sees("Type the other codes").await;
    person.sees("chandra@example.org").await;
    person.shows("fynd-other-codes").await;
    let right = code(site.mocks(), System::Fynd, "chandra@example.org");
    person.types("Code", &wrong(&right)).await;
    person.presses("Go on").await;
    person.sees("You have 4 tries left.").await;
    person.presses("Send another code").await;
    person.sees("Please wait").await;
    site.mocks().pass_time(Duration::from_secs(60));
    person.presses("Send another code").await;
    person.sees("Another code is on its way.").await;
    confirm(&site, &person, System::Fynd, "chandra@example.org").await;
    person.sees("Hello, Chandra").await;
    person.sees("chandra@example.org").await;
    person.leaves().await;
}

pub async fn a_keyboard_is_enough(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    person.presses_key(Key::Tab).await;
    assert_eq!(person.has_focus_on().await, "Skip to the form");
    person.presses_key(Key::Enter).await;
    person.presses_key(Key::Tab).await;
    assert_eq!(person.has_focus_on().await, "country_code");
    person.presses_key(Key::Tab).await;
    assert_eq!(person.has_focus_on().await, "number");
    person.presses_keys("61234567").await;
    person.presses_key(Key::Enter).await;
    person.sees("We have sent a code to +85261234567").await;
    assert_eq!(person.has_focus_on().await, "code");
    let code = code(site.mocks(), System::GoodCity, "+85261234567");
    person.presses_keys(&code).await;
    person.presses_key(Key::Enter).await;
    person.sees("Hello, Ada Wong").await;
    person.leaves().await;
}

pub async fn scripts_are_not_needed(stand: Stand) {
    let site = Site::start().await;
    let person = Person::without_scripts(&stand.chrome, &site.url, &stand.looks).await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000001").await;
    person.sees("You can have another one in").await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;
    person.leaves().await;
}

pub async fn send_code(person: &Person, country: &str, number: &str) {
    person.types("Country code", country).await;
    person.types("Number", number).await;
    person.presses("Send me a code").await;
}

pub async fn confirm(site: &Site, person: &Person, system: System, to: &str) {
    person.types("Code", &code(site.mocks(), system, to)).await;
    person.presses("Go on").await;
}

/// What the app of this user shows.
fn authenticator(site: &Site, user: &str) -> String {
    let code = site.mocks().wunder.second_factor_code(user);
    code.expect("the user has an authenticator")
}

//! Reloads, and two windows of one browser.

use std::time::Duration;

use vestibule::System;

use crate::Fixture;
use crate::onboarding::{confirm, send_code};
use crate::user::{code, wrong};

pub async fn a_reload_during_the_sign_in_changes_nothing(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000009").await;
    let right = code(site.mocks(), System::Fynd, "+919000000009");
    user.types("Code", &wrong(&right)).await;
    user.presses("Continue").await;
    user.sees("You have 4 tries left.").await;
    for _ in 0..3 {
        user.reloads().await;
        user.sees("You have 4 tries left.").await;
    }
    user.types("Code", &right).await;
    user.presses("Continue").await;
    user.sees("What is your name?").await;
    user.reloads().await;
    user.sees("What is your name?").await;
    user.types("First name", "Chandra").await;
    user.presses("Continue").await;
    user.sees("Hello, Chandra").await;
    user.reloads().await;
    user.sees("Hello, Chandra").await;
    assert_eq!(
        site.mocks().outbox(System::Fynd).unwrap().messages().len(),
        1
    );
    assert_eq!(site.mocks().fynd.count("verify_mobile_otp"), 2);
    user.leaves().await;
}

pub async fn an_old_window_does_not_affect_the_newest_sign_in(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/wunder").await;
    send_code(&user, "43", "660000001").await;
    let old = code(site.mocks(), System::Wunder, "+43660000001");
    let windows = user.opens_a_window().await;

    user.turns_to(&windows.second).await;
    user.goes_to("/wunder").await;
    // Both windows show the same step.
    user.sees("We have sent a code to +43660000001").await;
    user.presses("Start over").await;
    send_code(&user, "43", "660000009").await;
    user.sees("We have sent a code to +43660000009").await;

    user.turns_to(&windows.first).await;
    user.types("Code", &old).await;
    user.presses("Continue").await;
    user.sees("You have started a new sign-in in another window.")
        .await;
    user.sees("We have sent a code to +43660000009").await;
    // The code was not sent, so it cost no try.
    user.does_not_see("tries left").await;
    assert_eq!(site.mocks().wunder.count("sign_in_phone_number"), 0);
    confirm(&site, &user, System::Wunder, "+43660000009").await;
    user.sees("Terms of riding").await;
    user.leaves().await;
}

pub async fn two_systems_in_two_windows_do_not_interfere(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    send_code(&user, "852", "61234567").await;
    let windows = user.opens_a_window().await;
    user.turns_to(&windows.second).await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000001").await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;
    // The cookie has a new value by now, and the other window uses it.
    user.turns_to(&windows.first).await;
    confirm(&site, &user, System::GoodCity, "+85261234567").await;
    user.sees("Hello, Ada Wong").await;
    user.goes_to("/fynd").await;
    user.sees("Hello, Asha").await;
    user.leaves().await;
}

pub async fn a_second_window_shows_that_the_user_is_signed_in(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000001").await;
    let windows = user.opens_a_window().await;
    user.turns_to(&windows.second).await;
    user.goes_to("/fynd").await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;

    // The code is used, but this window still shows its form.
    user.turns_to(&windows.first).await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;
    assert_eq!(site.mocks().fynd.count("verify_mobile_otp"), 1);
    user.presses("Sign out").await;
    user.sees("You are signed out.").await;
    user.turns_to(&windows.second).await;
    user.presses("Sign out").await;
    user.sees("Sign in").await;
    site.mocks().pass_time(Duration::from_secs(120));
    send_code(&user, "91", "9000000001").await;
    user.sees("We have sent a code to").await;
    user.leaves().await;
}

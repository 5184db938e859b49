//! Reloads, and two windows of one browser.

use std::time::Duration;

use vestibule::System;

use crate::Stand;
use crate::onboarding::{confirm, send_code};
use crate::person::{code, wrong};

pub async fn a_reload_in_the_middle_changes_nothing(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000009").await;
    let right = code(site.mocks(), System::Fynd, "+919000000009");
    person.types("Code", &wrong(&right)).await;
    person.presses("Go on").await;
    person.sees("You have 4 tries left.").await;
    for _ in 0..3 {
        person.reloads().await;
        person.sees("You have 4 tries left.").await;
    }
    person.types("Code", &right).await;
    person.presses("Go on").await;
    person.sees("How shall we call you?").await;
    person.reloads().await;
    person.sees("How shall we call you?").await;
    person.types("First name", "Chandra").await;
    person.presses("Go on").await;
    person.sees("Hello, Chandra").await;
    person.reloads().await;
    person.sees("Hello, Chandra").await;
    assert_eq!(site.mocks().outbox(System::Fynd).messages().len(), 1);
    assert_eq!(site.mocks().fynd.count("verify_mobile_otp"), 2);
    person.leaves().await;
}

pub async fn an_old_window_does_not_spoil_the_newest_sign_in(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/wunder").await;
    send_code(&person, "43", "660000001").await;
    let old = code(site.mocks(), System::Wunder, "+43660000001");
    let windows = person.opens_a_window().await;

    person.turns_to(&windows.second).await;
    person.goes_to("/wunder").await;
    // Both see how far the person is.
    person.sees("We have sent a code to +43660000001").await;
    person.presses("Start over").await;
    send_code(&person, "43", "660000009").await;
    person.sees("We have sent a code to +43660000009").await;

    person.turns_to(&windows.first).await;
    person.types("Code", &old).await;
    person.presses("Go on").await;
    person
        .sees("You have started again in another window.")
        .await;
    person.sees("We have sent a code to +43660000009").await;
    // It was sent to nobody, and so cost no try.
    person.does_not_see("tries left").await;
    assert_eq!(site.mocks().wunder.count("sign_in_phone_number"), 0);
    confirm(&site, &person, System::Wunder, "+43660000009").await;
    person.sees("Terms of riding").await;
    person.leaves().await;
}

pub async fn two_systems_in_two_windows_do_not_meet(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    send_code(&person, "852", "61234567").await;
    let windows = person.opens_a_window().await;
    person.turns_to(&windows.second).await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000001").await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;
    // The cookie has a new value by now, and the other window goes on with it.
    person.turns_to(&windows.first).await;
    confirm(&site, &person, System::GoodCity, "+85261234567").await;
    person.sees("Hello, Ada Wong").await;
    person.goes_to("/fynd").await;
    person.sees("Hello, Asha").await;
    person.leaves().await;
}

pub async fn a_second_window_sees_that_somebody_is_signed_in(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000001").await;
    let windows = person.opens_a_window().await;
    person.turns_to(&windows.second).await;
    person.goes_to("/fynd").await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;

    // The code is used, and its form still stands here.
    person.turns_to(&windows.first).await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;
    assert_eq!(site.mocks().fynd.count("verify_mobile_otp"), 1);
    person.presses("Sign out").await;
    person.sees("You are signed out.").await;
    person.turns_to(&windows.second).await;
    person.presses("Sign out").await;
    person.sees("Sign in").await;
    site.mocks().pass_time(Duration::from_secs(120));
    send_code(&person, "91", "9000000001").await;
    person.sees("We have sent a code to").await;
    person.leaves().await;
}

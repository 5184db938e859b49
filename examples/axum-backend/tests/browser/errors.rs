//! Error cases and their messages.

use std::time::Duration;

use vestibule::System;

use crate::Fixture;
use crate::onboarding::{confirm, send_code};
use crate::user::{code, wrong};

const ADA: &str = "+85261234567";

pub async fn a_wrong_code_costs_a_try_and_a_new_code_resets_them(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    send_code(&user, "852", "61234567").await;
    let wrong = wrong(&code(site.mocks(), System::GoodCity, ADA));
    for left in ["4 tries", "3 tries", "2 tries", "1 try"] {
        user.types("Code", &wrong).await;
        user.presses("Continue").await;
        user.sees(&format!("You have {left} left.")).await;
        user.sees("That code is wrong").await;
    }
    assert!(user.title().await.starts_with("Problem: "));
    assert_eq!(user.has_focus_on().await, "code");
    user.shows("wrong-code").await;
    // Input that is not a code costs no try and is not sent.
    user.types("Code", "12").await;
    user.presses("Continue").await;
    user.sees("The code consists of the digits in the message.")
        .await;
    user.sees("You have 1 try left.").await;
    user.types("Code", &wrong).await;
    user.presses("Continue").await;
    user.sees("You have no tries left.").await;
    user.shows("no-tries-left").await;
    assert_eq!(site.mocks().goodcity.count("verify"), 5);

    site.mocks().pass_time(Duration::from_secs(60));
    user.presses("Send a new code").await;
    user.sees("A new code is on its way.").await;
    user.does_not_see("left.").await;
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("Hello, Ada Wong").await;
    user.leaves().await;
}

pub async fn an_expired_code_is_distinguished_from_an_expired_sign_in(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    send_code(&user, "852", "61234567").await;
    // The code has expired after ten minutes, the sign-in lasts fifteen.
    site.mocks().pass_time(Duration::from_secs(11 * 60));
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("That code is wrong or expired.").await;

    site.mocks().pass_time(Duration::from_secs(5 * 60));
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("This took too long").await;
    user.shows("expired").await;
    // The form still contains the number.
    user.presses("Send me a code").await;
    user.sees("We have sent a code to +85261234567").await;
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("Hello, Ada Wong").await;
    user.leaves().await;
}

pub async fn a_resend_before_the_timer_is_refused(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    let messages = || {
        site.mocks()
            .outbox(System::GoodCity)
            .unwrap()
            .messages()
            .len()
    };
    user.goes_to("/goodcity").await;
    send_code(&user, "852", "61234567").await;
    user.sees("You can request a new one in").await;
    let first = code(site.mocks(), System::GoodCity, ADA);
    user.presses("Send a new code").await;
    user.sees("Please wait").await;
    assert_eq!(messages(), 1);
    user.shows("too-early").await;

    // The page counts down and announces the end once.
    user.lets_seconds_pass_on_the_page(61).await;
    user.sees("You can request a new code now.").await;
    user.does_not_see("You can request a new one in").await;

    // Starting over does not shorten the interval.
    user.presses("Start over").await;
    user.presses("Send me a code").await;
    user.sees("Please wait").await;
    assert_eq!(messages(), 1);

    site.mocks().pass_time(Duration::from_secs(60));
    user.presses("Send me a code").await;
    user.sees("We have sent a code to").await;
    assert_eq!(messages(), 2);
    let second = code(site.mocks(), System::GoodCity, ADA);
    if first != second {
        user.types("Code", &first).await;
        user.presses("Continue").await;
        user.sees("That code is wrong").await;
    }
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("Hello, Ada Wong").await;
    user.leaves().await;
}

pub async fn a_double_submit_sends_one_message(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/goodcity").await;
    user.types("Number", "61234567").await;
    // The second submit happens while the first is in flight.
    let half_a_second = Duration::from_millis(500);
    site.mocks().goodcity.delay("send_pin", half_a_second);
    user.presses_twice().await;
    user.sees("We have sent a code to +85261234567").await;
    user.does_not_see("Please wait").await;
    assert_eq!(site.mocks().goodcity.count("send_pin"), 1);
    confirm(&site, &user, System::GoodCity, ADA).await;
    user.sees("Hello, Ada Wong").await;
    user.leaves().await;
}

pub async fn invalid_input_is_reported_at_the_field(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/wunder").await;
    send_code(&user, "43", "12 34 five").await;
    user.sees("Check the phone number").await;
    assert_eq!(user.has_focus_on().await, "number");
    user.shows("wrong-number").await;
    user.goes_to("/goodcity").await;
    send_code(&user, "43", "660000001").await;
    user.sees("Check the phone number").await;
    assert!(site.mocks().wunder.journal().is_empty());
    assert!(site.mocks().goodcity.journal().is_empty());
    user.leaves().await;
}

pub async fn a_system_that_is_down_is_reported(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/fynd").await;
    site.mocks().fynd.fail_next("login_with_otp", 500);
    send_code(&user, "91", "9000000001").await;
    user.sees("The service did not respond, so we do not know")
        .await;
    user.shows("down").await;
    // A message may have been sent, so the next one has to wait.
    site.mocks().pass_time(Duration::from_secs(120));
    user.presses("Send me a code").await;
    user.sees("We have sent a code to").await;
    site.mocks().fynd.fail_next("verify_mobile_otp", 429);
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Please wait").await;
    // The server did not check the code, so it cost no try.
    user.does_not_see("tries left").await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;
    for _ in 0..3 {
        site.mocks().fynd.fail_next("get_logged_in_user", 503);
    }
    user.reloads().await;
    user.sees("Try again in a moment.").await;
    user.shows("account-unknown").await;
    user.reloads().await;
    user.sees("Hello, Asha").await;
    user.leaves().await;
}

pub async fn a_session_that_ended_elsewhere_is_reported(fixture: Fixture) {
    let (site, user) = fixture.open().await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000001").await;
    confirm(&site, &user, System::Fynd, "+919000000001").await;
    user.sees("Hello, Asha").await;
    site.mocks().fynd.end_sessions();
    user.reloads().await;
    user.sees("You were signed out. Sign in again.").await;
    user.leaves().await;
}

pub async fn an_unknown_path_gets_an_error_page(fixture: Fixture) {
    let (_site, user) = fixture.open().await;
    user.goes_to("/nowhere").await;
    user.sees("There is no such page here.").await;
    user.shows("not-found").await;
    user.presses("Back to the home page").await;
    user.sees("Where do you want to sign in?").await;
    user.leaves().await;
}

//! What goes wrong on the way, and what people are told.

use std::time::Duration;

use vestibule::System;

use crate::Stand;
use crate::onboarding::{confirm, send_code};
use crate::person::{code, wrong};

const ADA: &str = "+85261234567";

pub async fn a_wrong_code_costs_a_try_and_a_new_code_gives_new_ones(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    send_code(&person, "852", "61234567").await;
    let wrong = wrong(&code(site.mocks(), System::GoodCity, ADA));
    for left in ["4 tries", "3 tries", "2 tries", "1 try"] {
        person.types("Code", &wrong).await;
        person.presses("Go on").await;
        person.sees(&format!("You have {left} left.")).await;
        person.sees("That code is not right").await;
    }
    assert!(person.title().await.starts_with("Problem: "));
    assert_eq!(person.has_focus_on().await, "code");
    person.shows("wrong-code").await;
    // What is no code at all costs nothing, and nobody is asked.
    person.types("Code", "12").await;
    person.presses("Go on").await;
    person.sees("The code is the digits of the message.").await;
    person.sees("You have 1 try left.").await;
    person.types("Code", &wrong).await;
    person.presses("Go on").await;
    person.sees("You have no tries left.").await;
    person.shows("no-tries-left").await;
    assert_eq!(site.mocks().goodcity.count("verify"), 5);

    site.mocks().pass_time(Duration::from_secs(60));
    person.presses("Send another code").await;
    person.sees("Another code is on its way.").await;
    person.does_not_see("left.").await;
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("Hello, Ada Wong").await;
    person.leaves().await;
}

pub async fn an_expired_code_is_told_from_an_expired_sign_in(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    send_code(&person, "852", "61234567").await;
    // The server's ten minutes are over, the sign-in's fifteen are not.
    site.mocks().pass_time(Duration::from_secs(11 * 60));
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("That code is not right, or too old.").await;

    site.mocks().pass_time(Duration::from_secs(5 * 60));
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("This took too long").await;
    person.shows("expired").await;
    // Nobody types the number twice.
    person.presses("Send me a code").await;
    person.sees("We have sent a code to +85261234567").await;
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("Hello, Ada Wong").await;
    person.leaves().await;
}

pub async fn another_code_has_to_be_waited_for(stand: Stand) {
    let (site, person) = stand.open().await;
    let messages = || site.mocks().outbox(System::GoodCity).messages().len();
    person.goes_to("/goodcity").await;
    send_code(&person, "852", "61234567").await;
    person.sees("You can have another one in").await;
    let first = code(site.mocks(), System::GoodCity, ADA);
    person.presses("Send another code").await;
    person.sees("Please wait").await;
    assert_eq!(messages(), 1);
    person.shows("too-early").await;

    // The page counts down by itself, and says once when it is over.
    person.lets_seconds_pass_on_the_page(61).await;
    person.sees("You can have another code now.").await;
    person.does_not_see("You can have another one in").await;

    // Starting over does not shorten the wait.
    person.presses("Start over").await;
    person.presses("Send me a code").await;
    person.sees("Please wait").await;
    assert_eq!(messages(), 1);

    site.mocks().pass_time(Duration::from_secs(60));
    person.presses("Send me a code").await;
    person.sees("We have sent a code to").await;
    assert_eq!(messages(), 2);
    let second = code(site.mocks(), System::GoodCity, ADA);
    if first != second {
        person.types("Code", &first).await;
        person.presses("Go on").await;
        person.sees("That code is not right").await;
    }
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("Hello, Ada Wong").await;
    person.leaves().await;
}

pub async fn pressing_twice_sends_one_message(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/goodcity").await;
    person.types("Number", "61234567").await;
    // The second press comes while the first is under way.
    let half_a_second = Duration::from_millis(500);
    site.mocks().goodcity.delay("send_pin", half_a_second);
    person.presses_twice().await;
    person.sees("We have sent a code to +85261234567").await;
    person.does_not_see("Please wait").await;
    assert_eq!(site.mocks().goodcity.count("send_pin"), 1);
    confirm(&site, &person, System::GoodCity, ADA).await;
    person.sees("Hello, Ada Wong").await;
    person.leaves().await;
}

pub async fn wrong_input_is_told_at_the_field(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/wunder").await;
    send_code(&person, "43", "12 34 five").await;
    person.sees("Check the phone number").await;
    assert_eq!(person.has_focus_on().await, "number");
    person.shows("wrong-number").await;
    person.goes_to("/goodcity").await;
    send_code(&person, "43", "660000001").await;
    person.sees("Check the phone number").await;
    assert!(site.mocks().wunder.journal().is_empty());
    assert!(site.mocks().goodcity.journal().is_empty());
    person.leaves().await;
}

pub async fn a_system_that_is_down_is_told_in_plain_words(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/fynd").await;
    site.mocks().fynd.fail_next("login_with_otp", 500);
    send_code(&person, "91", "9000000001").await;
    person
        .sees("The service did not answer, so we cannot tell")
        .await;
    person.shows("down").await;
    // Whether a message went out is not known, so the next one waits its time.
    site.mocks().pass_time(Duration::from_secs(120));
    person.presses("Send me a code").await;
    person.sees("We have sent a code to").await;
    site.mocks().fynd.fail_next("verify_mobile_otp", 429);
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Please wait").await;
    // It was not judged, so it cost no try.
    person.does_not_see("tries left").await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;
    for _ in 0..3 {
        site.mocks().fynd.fail_next("get_logged_in_user", 503);
    }
    person.reloads().await;
    person.sees("Try again in a moment.").await;
    person.shows("account-unknown").await;
    person.reloads().await;
    person.sees("Hello, Asha").await;
    person.leaves().await;
}

pub async fn a_session_that_ended_elsewhere_is_told(stand: Stand) {
    let (site, person) = stand.open().await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000001").await;
    confirm(&site, &person, System::Fynd, "+919000000001").await;
    person.sees("Hello, Asha").await;
    site.mocks().fynd.end_sessions();
    person.reloads().await;
    person.sees("You were signed out. Sign in again.").await;
    person.leaves().await;
}

pub async fn there_is_a_page_for_what_is_not_there(stand: Stand) {
    let (_site, person) = stand.open().await;
    person.goes_to("/nowhere").await;
    person.sees("There is no such page here.").await;
    person.shows("not-found").await;
    person.presses("Back to the beginning").await;
    person.sees("Where do you want to sign in?").await;
    person.leaves().await;
}

//! GoodCity's mock responds as the server's own code did when it was run, and as described.
#![cfg(feature = "goodcity")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "goodcity_mock/apps.rs"]
mod apps;
#[path = "goodcity_mock/formats.rs"]
mod formats;
#[path = "goodcity_mock/harness.rs"]
mod harness;
#[path = "goodcity_mock/languages.rs"]
mod languages;
#[path = "goodcity_mock/profiles.rs"]
mod profiles;
#[path = "goodcity_mock/races.rs"]
mod races;
#[path = "goodcity_mock/sign_ups.rs"]
mod sign_ups;
#[path = "goodcity_mock/tokens.rs"]
mod tokens;

mod support;

use harness::Harness;
use support::proof;

/// The number of kinds of differences that were found between the mock and the server.
const KINDS: usize = 29;

/// Each case is a separate test, and one test counts all of them.
macro_rules! cases {
    ($($file:ident: $($case:ident)+;)+) => {
        $($(
            #[tokio::test]
            async fn $case() {
                let harness = Harness::start().await;
                $file::$case(&harness).await;
                assert_eq!(harness.problems(), Vec::<String>::new());
            }
        )+)+

        /// The number of cases, and the responses that are not as described.
        async fn every_case() -> (usize, Vec<String>) {
            let (mut cases, mut problems) = (0, Vec::new());
            $($(
                let harness = Harness::start().await;
                $file::$case(&harness).await;
                problems.extend(harness.problems());
                cases += 1;
            )+)+
            (cases, problems)
        }
    };
}

cases! {
    apps:
        a_sign_up_does_not_check_the_app
        every_user_signs_in_as_an_open_app
        a_donor_gets_no_pin_as_another_app_and_loses_the_key
        a_pin_of_a_sign_up_as_another_app_is_refused_and_used_up
        a_user_with_a_permission_signs_in_as_admin
        a_list_of_client_data_names_the_app;
    sign_ups:
        a_number_alone_signs_up
        an_unknown_district_is_a_conflict
        a_known_number_ignores_the_district
        an_address_without_a_number_signs_up_by_mail
        what_a_pin_proves_is_told_by_pin_for
        a_form_is_as_good_as_json;
    languages:
        reading_the_profile_stores_the_language_of_the_request
        reading_the_profile_without_a_language_stores_english
        a_sign_up_stores_the_language_of_a_new_and_of_a_known_user
        a_request_for_a_pin_has_no_effect_on_the_language
        the_best_language_that_the_server_has_is_taken
        errors_of_verify_and_signup_are_translated
        a_refused_number_of_send_pin_is_not_translated;
    races:
        two_requests_for_a_pin_fail_and_leave_no_valid_key
        two_sign_ups_leave_a_number_that_cannot_sign_up_again
        a_pin_is_accepted_twice_at_the_same_time;
    tokens:
        a_token_says_that_it_is_for_calls
        a_token_for_something_else_is_refused
        a_token_needs_no_scheme
        rooms_are_given_without_a_valid_token
        rooms_depend_on_the_app;
    profiles:
        images_and_printers_are_always_listed
        an_address_has_notes_and_its_district_beside_it
        only_the_profile_lacks_the_country_code
        a_time_has_milliseconds_and_the_offset_of_hong_kong
        a_title_is_a_form_of_address
        a_permission_has_an_id_and_a_name;
    formats:
        a_number_that_is_no_text_is_an_invalid_number
        null_in_a_verification_has_the_wrong_form
        a_broken_body_is_an_error_of_the_framework
        a_device_needs_a_platform_and_no_handle
        an_unknown_route_is_an_error_of_the_framework
        json_of_the_server_has_its_own_content_type
        errors_of_the_framework_are_pages_without_accept
        a_blocked_request_is_forbidden_in_plain_text
        no_response_tells_the_time
        json_without_a_content_type_is_not_read;
}

#[tokio::test]
async fn every_kind_of_difference_from_the_server_is_gone() {
    let (cases, problems) = every_case().await;
    proof("mock-goodcity", &format!("{cases}/{cases} cases"));
    assert!(cases >= KINDS, "{cases}");
    assert_eq!(problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_response_that_is_not_described_is_detected() {
    let harness = Harness::start().await;
    harness.mock.fail_next("send_pin", 418);
    harness.send_pin(harness::MOBILE).await;
    let problems = harness.problems();
    assert!(problems[0].contains("418"), "{problems:?}");
}

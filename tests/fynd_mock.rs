//! Fynd's mock answers every described operation as its document says, and remembers what happened.
#![cfg(feature = "fynd")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fynd_mock/bench.rs"]
mod bench;
#[path = "fynd_mock/codes.rs"]
mod codes;
#[path = "fynd_mock/conformance.rs"]
mod conformance;
#[path = "fynd_mock/contacts.rs"]
mod contacts;
#[path = "fynd_mock/leaving.rs"]
mod leaving;
#[path = "fynd_mock/passwords.rs"]
mod passwords;
#[path = "fynd_mock/profile.rs"]
mod profile;
#[path = "fynd_mock/registering.rs"]
mod registering;
#[path = "fynd_mock/signing_in.rs"]
mod signing_in;
#[path = "fynd_mock/social.rs"]
mod social;
mod support;
#[path = "fynd_mock/who_calls.rs"]
mod who_calls;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bench::{Bench, Tally};
use support::proof;

/// Each rule is a test of its own, and all of them together are counted.
macro_rules! rules {
    ($($room:ident: $($rule:ident)+;)+) => {
        $($(
            #[tokio::test]
            async fn $rule() {
                let bench = Bench::start().await;
                $room::$rule(&bench).await;
                let problems = bench.finish().problems;
                assert!(problems.is_empty(), "{problems:#?}");
            }
        )+)+

        async fn every_rule() -> Tally {
            let mut tally = Tally::default();
            $($(
                let bench = Bench::start().await;
                $room::$rule(&bench).await;
                tally.add(bench.finish());
            )+)+
            tally
        }
    };
}

rules! {
    who_calls:
        every_operation_wants_the_application_and_its_signature
        a_session_is_asked_for_where_the_document_says_so
        a_body_is_an_object_and_not_too_large
        a_missing_member_or_parameter_is_refused;
    signing_in:
        each_sign_in_is_a_session_of_its_own
        a_password_signs_in_by_e_mail_address
        a_login_token_signs_in_once
        what_is_switched_off_is_refused_and_not_offered
        who_exists_is_told_by_mobile_and_by_e_mail;
    codes:
        a_mobile_code_is_the_newest_and_good_once
        an_e_mail_code_is_the_newest_and_good_once
        a_code_ends_after_ten_minutes
        a_code_is_good_for_its_purpose_alone
        a_code_of_another_number_is_refused;
    registering:
        a_form_makes_a_user_when_both_codes_are_confirmed
        a_form_is_continued_by_resend_and_by_password
        a_form_needs_what_the_sales_channel_requires
        a_confirmed_mobile_needs_no_second_code
        a_profile_waits_for_the_code_of_a_required_e_mail
        a_profile_does_not_wait_for_an_optional_e_mail
        a_registration_by_e_mail_asks_for_the_mobile
        a_register_token_ends_after_an_hour;
    passwords:
        a_password_is_changed_by_who_knows_it
        a_forgotten_password_is_set_by_a_mobile_code
        a_forgotten_password_is_set_by_an_e_mail_code
        a_forgot_token_ends_after_a_quarter_of_an_hour
        a_mailed_link_sets_a_password_and_signs_in
        a_texted_link_sets_a_password_and_signs_in
        a_newer_link_voids_the_older_and_a_day_ends_it
        nobody_gets_a_message_for_an_unknown_contact;
    contacts:
        a_mobile_is_added_confirmed_made_primary_and_removed
        an_e_mail_is_added_confirmed_made_primary_and_removed
        a_removal_needs_every_documented_parameter
        what_another_user_has_cannot_be_touched;
    profile:
        a_profile_change_leaves_the_rest_as_it_was
        a_new_main_contact_is_confirmed_by_a_code
        the_code_of_a_removed_contact_is_void
        attributes_are_kept_as_they_are_defined;
    social:
        an_account_signs_its_user_in
        what_the_third_party_does_not_confirm_is_refused
        a_new_account_completes_the_profile_first
        a_confirmed_address_links_the_account
        a_provider_can_be_switched_off;
    leaving:
        an_account_is_deleted_by_reason_and_code
        an_e_mail_code_confirms_a_deletion_too
        another_users_code_deletes_nothing;
}

/// The codes of refusals that the mock's source names.
fn codes_in_source() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/fynd");
    let files = fs::read_dir(folder).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let text: String = texts.collect();
    text.split('"')
        .filter(|word| word.contains('_'))
        .filter(|word| {
            word.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        // The arm of the routing that no described operation reaches.
        .filter(|code| *code != "NOT_IMPLEMENTED")
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn every_operation_is_answered_as_described_by_success_and_by_refusal() {
    let tally = every_rule().await;
    let described = Bench::start().await.operations;
    let answered = described.iter().filter(|operation| {
        let id = operation.value["operationId"].as_str().unwrap();
        let statuses = tally.statuses.get(id);
        statuses.is_some_and(|seen| seen.contains(&200) && seen.range(400..500).next().is_some())
    });
    let (answered, described) = (answered.count(), described.len());
    proof(
        "mock-fynd",
        &format!(
            "operations={answered}/{described} answers={} conforming={}",
            tally.answers, tally.conforming
        ),
    );
    assert!(tally.problems.is_empty(), "{:#?}", tally.problems);
    assert_eq!(tally.conforming, tally.answers);
    assert_eq!((answered, described), (43, 43));
    assert_eq!(tally.codes, codes_in_source());
}

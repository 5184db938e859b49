//! The Wunder mock responds to every operation of both documents as described, and keeps state.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "wunder_mock/conformance.rs"]
mod conformance;
#[path = "wunder_mock/lists.rs"]
mod lists;
#[path = "wunder_mock/profile.rs"]
mod profile;
#[path = "wunder_mock/second_factor.rs"]
mod second_factor;
#[path = "wunder_mock/server.rs"]
mod server;
#[path = "wunder_mock/sessions.rs"]
mod sessions;
#[path = "wunder_mock/sign_in.rs"]
mod sign_in;
#[path = "wunder_mock/sign_up.rs"]
mod sign_up;
#[path = "wunder_mock/signatures.rs"]
mod signatures;
mod support;

use std::collections::BTreeSet;

use conformance::{Tally, documents, id};
use server::Server;
use support::proof;

/// Each scenario is a separate test, and one test sums up all of them.
macro_rules! scenarios {
    ($($room:ident::$name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let server = Server::start().await;
                $room::$name(&server).await;
                assert_eq!(server.into_tally().violations, Vec::<String>::new());
            }
        )*

        async fn all() -> Tally {
            let mut tally = Tally::default();
            $(
                let server = Server::start().await;
                $room::$name(&server).await;
                tally.add(server.into_tally());
            )*
            tally
        }
    };
}

scenarios! {
    sign_in::a_code_by_sms_signs_in_once
    sign_in::a_code_by_email_signs_in_once
    sign_in::a_code_is_valid_only_for_its_own_purpose
    sign_in::codes_expire
    sign_in::a_password_signs_in_and_no_other
    sign_in::social_login_and_gaiyo_take_their_own_tokens
    sign_in::a_locked_user_is_refused_until_unlocked
    sign_in::a_sign_in_method_that_is_not_offered_is_refused
    sessions::a_refresh_token_is_valid_once
    sessions::a_tenant_may_not_rotate
    sessions::tokens_expire
    sessions::logging_out_ends_one_session_and_requires_a_body
    sessions::an_operator_can_end_sessions
    sessions::an_openid_token_is_exchanged_if_it_is_genuine
    sessions::every_call_of_a_session_requires_its_token
    sessions::an_api_client_acts_for_the_users_that_it_created
    second_factor::a_second_factor_is_set_up_and_required
    second_factor::a_provisional_credential_cannot_replace_the_second_factor
    second_factor::a_tenant_may_require_a_second_factor
    sign_up::an_account_is_created_once_and_its_address_verified_by_link
    sign_up::an_account_needs_contacts_and_a_password_by_the_rules
    sign_up::a_social_account_becomes_a_user_once
    sign_up::a_password_is_reset_by_a_code_that_is_valid_once
    profile::a_profile_is_changed_and_new_contacts_are_unverified
    profile::signed_data_is_a_token_of_its_own_issuer
    profile::a_deletion_is_requested_and_the_account_remains
    profile::a_phone_number_is_verified_by_its_own_code
    profile::an_email_verification_is_resent_until_it_is_done
    profile::requirements_of_a_tenant_come_first
    lists::terms_are_accepted_in_their_newest_version
    lists::terms_are_accepted_with_the_first_contact_if_the_user_says_so
    lists::a_list_is_paged_in_the_requested_order
    lists::a_list_of_mixed_types_is_ordered_too
    lists::a_branch_serves_its_configured_places
    lists::an_unknown_tenant_is_not_found
    signatures::a_wrong_a_stale_and_a_replayed_signature_are_refused
    signatures::only_the_two_code_flows_must_be_signed
    signatures::a_code_goes_to_a_well_formed_contact_of_a_branch
}

#[tokio::test]
async fn every_operation_responds_and_every_response_conforms() {
    let described: BTreeSet<&str> = documents()
        .iter()
        .flat_map(|(_, operations)| operations)
        .map(id)
        .collect();
    let tally = all().await;
    let conforming = tally.responses - tally.violations.len();
    proof(
        "mock-wunder",
        &format!(
            "operations={}/{} answers={} conforming={conforming}",
            tally.succeeded.len(),
            described.len(),
            tally.responses,
        ),
    );
    assert_eq!(tally.violations, Vec::<String>::new());
    let missing: Vec<_> = described.difference(&tally.succeeded).collect();
    assert!(missing.is_empty(), "never a success: {missing:?}");
    let missing: Vec<_> = described.difference(&tally.refused).collect();
    assert!(missing.is_empty(), "never an error: {missing:?}");
    for code in [
        "AUTH001", "A104", "A105", "A106", "A107", "A108", "A201", "A202", "B101", "R100", "R101",
        "R404", "U101.1", "U101.2", "U102", "U106", "U107", "U109", "U120", "U121", "U122",
        "U130.3", "U130.4", "U131", "U141", "U301", "U302", "U303", "U401", "U402", "U501", "U601",
        "U602", "U801",
    ] {
        assert!(tally.codes.contains(code), "{code} never occurred");
    }
}

#[tokio::test]
async fn an_undocumented_response_is_detected() {
    for (status, reason) in [(302, "not described"), (403, "no JSON")] {
        let server = Server::start().await;
        let (access, _) = server.signed_in("+43123456789").await;
        server.mock.fail_next("get_customer", status);
        server.get("get_customer", &access).await;
        let violations = server.into_tally().violations;
        assert!(
            violations.len() == 1 && violations[0].contains(reason),
            "{violations:?}"
        );
    }
}

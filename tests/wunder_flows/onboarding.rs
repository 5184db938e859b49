//! The requirements of a rental are reported as typed steps, by a query and by errors.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::testing::WunderRequirement;
use vestibule::wunder::{OutstandingReason, Step, TermsScope};

use super::*;

#[tokio::test]
async fn each_step_is_completed_by_its_flow_until_none_is_left() {
    let (mock, client) = start().await;
    mock.add_user(
        WunderUser::new()
            .email(EMAIL)
            .password(PASSWORD)
            .branch("2"),
    );
    mock.add_terms(TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    let session = session_of(&client).await;
    let mut enrolled = false;
    let mut taken = Vec::new();
    loop {
        let look = session.onboarding("2").require_members(["firstName"]);
        let onboarding = look.mfa_enrolled(enrolled).send().await.unwrap();
        let Some(step) = onboarding.steps().first() else {
            assert!(onboarding.is_done());
            break;
        };
        taken.push(*step);
        match step {
            Step::AddPhone => drop(
                session
                    .update_profile()
                    .phone(vestibule::Phone::parse(PHONE).unwrap())
                    .send()
                    .await
                    .unwrap(),
            ),
            Step::VerifyPhone => {
                let verification = session.verify_phone().await.unwrap();
                verification.confirm(code_to(&mock, PHONE)).await.unwrap();
            }
            Step::VerifyEmail => {
                client.resend_email_verification(EMAIL).await.unwrap();
                assert!(mock.open_email_link(&code_to(&mock, EMAIL)));
            }
            Step::CompleteProfile => {
                assert_eq!(onboarding.missing_members(), ["firstName"]);
                let change = session.update_profile().member("firstName", "Ada");
                change.send().await.unwrap();
            }
            Step::AcceptTerms => {
                let missing = &onboarding.terms()[0];
                assert_eq!(missing.reason, OutstandingReason::NeverAccepted);
                session.accept_terms(&missing.terms).await.unwrap();
            }
            Step::EnrolMfa => {
                let enrolment = session.request_mfa_enrolment().await.unwrap();
                mock.clock().advance(Duration::from_secs(30));
                let code = mock.second_factor_code(EMAIL).unwrap();
                enrolment.confirm(code).await.unwrap();
                enrolled = true;
            }
            other => panic!("unexpected step {other:?}"),
        }
    }
    let expected = [
        Step::AddPhone,
        Step::VerifyPhone,
        Step::VerifyEmail,
        Step::CompleteProfile,
        Step::AcceptTerms,
        Step::EnrolMfa,
    ];
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn newer_terms_are_distinguished_from_terms_never_accepted() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsScope::Branch("2".into()), json!({"title": "Rental"}));
    let session = session_of(&client).await;
    let terms = client.terms_by_id(id.to_string()).await.unwrap();
    session.accept_terms(&terms).await.unwrap();
    mock.add_terms_version(id, json!({"title": "Rental"}))
        .unwrap();
    let look = session.onboarding("2").terms_by("title");
    let onboarding = look.send().await.unwrap();
    assert!(onboarding.steps().contains(&Step::AcceptTerms));
    assert_eq!(
        onboarding.terms()[0].reason,
        OutstandingReason::NewerVersion
    );
}

#[tokio::test]
async fn unpublished_requirements_are_queried_only_when_the_caller_asks() {
    let (mock, client) = start().await;
    let user = WunderUser::new()
        .verified_phone(PHONE)
        .verified_email(EMAIL);
    mock.add_user(user.password(PASSWORD).branch("2"));
    let session = session_of(&client).await;
    let look = || session.onboarding("2");
    assert!(look().send().await.unwrap().is_done());
    let told = look().mfa_enrolled(true).identity_verified(true);
    assert!(told.send().await.unwrap().is_done());
    let told = look().mfa_enrolled(false).identity_verified(false);
    let onboarding = told.send().await.unwrap();
    assert_eq!(onboarding.steps(), [Step::VerifyIdentity, Step::EnrolMfa]);
    let before = mock.journal().len();
    assert_eq!(field(session.onboarding("").send().await), "branch_id");
    assert_eq!(mock.journal().len(), before);
}

/// The requirement of a tenant, and the step that its error maps to.
const REQUIREMENTS: [(WunderRequirement, &str, Step); 5] = [
    (WunderRequirement::CompleteProfile, "U130.4", Step::AddPhone),
    (WunderRequirement::VerifiedPhone, "U301", Step::VerifyPhone),
    (WunderRequirement::VerifiedEmail, "U401", Step::VerifyEmail),
    (WunderRequirement::Licence, "U501", Step::VerifyIdentity),
    (WunderRequirement::Terms, "U601", Step::AcceptTerms),
];

async fn lacking_everything() -> (Wunder, Session) {
    let (mock, client) = start().await;
    mock.add_user(
        WunderUser::new()
            .email(EMAIL)
            .password(PASSWORD)
            .branch("2"),
    );
    mock.add_terms(TermsScope::Branch("2".into()), json!({}));
    let session = session_of(&client).await;
    (mock, session)
}

#[tokio::test]
async fn an_api_error_maps_to_its_step() {
    let mut steps = BTreeSet::new();
    for (requirement, code, step) in REQUIREMENTS {
        let (mock, session) = lacking_everything().await;
        mock.require("init_verification", requirement);
        let refused = session.verify_identity(&json!({})).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(Step::of(&error), Some(step));
        assert_eq!(mock.count("init_verification"), 1, "it is not retried");
        steps.insert(format!("{step:?}"));
    }
    assert_eq!(steps.len(), REQUIREMENTS.len());
}

#[tokio::test]
async fn newer_terms_map_to_the_terms_step_and_a_wrong_code_to_none() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsScope::Branch("2".into()), json!({}));
    let session = session_of(&client).await;
    let terms = client.terms_by_id(id.to_string()).await.unwrap();
    session.accept_terms(&terms).await.unwrap();
    mock.add_terms_version(id, json!({})).unwrap();
    mock.require("request_deletion", WunderRequirement::Terms);
    let error = session.request_deletion().await.unwrap_err();
    assert_eq!(error.code(), Some("U602"));
    assert_eq!(Step::of(&error), Some(Step::AcceptTerms));

    let verification = session.verify_phone().await.unwrap();
    let wrong = other_than(&code_to(&mock, PHONE));
    let error = verification.confirm(wrong).await.unwrap_err().error;
    assert_eq!((error.code(), Step::of(&error)), (Some("U302"), None));
    let error = client.sign_in_with_password(EMAIL, "wrong horse").await;
    assert_eq!(Step::of(&error.unwrap_err()), None);
}

#[tokio::test]
async fn a_query_refused_because_of_a_step_returns_that_step() {
    for operation in ["get_customer", "list_accepted_terms"] {
        for (requirement, _, step) in REQUIREMENTS {
            let (mock, session) = lacking_everything().await;
            mock.require(operation, requirement);
            let onboarding = session.onboarding("2").send().await.unwrap();
            assert!(onboarding.steps().contains(&step), "{operation}: {step:?}");
            let knows = onboarding.profile().email.is_some();
            assert_eq!(knows, operation != "get_customer");
            let asks = operation == "get_customer" || step == Step::AcceptTerms;
            assert_eq!(onboarding.terms().len(), usize::from(asks));
        }
    }
    let (mock, session) = lacking_everything().await;
    mock.lock_user(EMAIL);
    assert_eq!(
        kind(session.onboarding("2").send().await),
        ErrorKind::Rejected
    );
}

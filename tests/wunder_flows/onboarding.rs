//! What stands between a user and a rental is told as typed steps, by a look and by refusals.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::testing::WunderRequirement;
use vestibule::wunder::{Outstanding, Step, TermsOf};

use super::*;

#[tokio::test]
async fn each_step_is_taken_by_its_flow_until_nothing_is_left() {
    let (mock, client) = start().await;
    mock.add_user(
        WunderUser::new()
            .email(EMAIL)
            .password(PASSWORD)
            .branch("2"),
    );
    mock.add_terms(TermsOf::Branch("2".into()), json!({"title": "Rental"}));
    let session = session_of(&client).await;
    let mut enrolled = false;
    let mut taken = Vec::new();
    loop {
        let look = session.onboarding("2").wants(["firstName"]);
        let onboarding = look.mfa_enrolled(enrolled).check().await.unwrap();
        let Some(step) = onboarding.steps().first() else {
            assert!(onboarding.is_done());
            break;
        };
        taken.push(*step);
        match step {
            Step::AddPhone => drop(session.change_profile().phone(PHONE).save().await.unwrap()),
            Step::VerifyPhone => {
                let verification = session.verify_phone().await.unwrap();
                verification.check(code_to(&mock, PHONE)).await.unwrap();
            }
            Step::VerifyEmail => {
                client.resend_email_verification(EMAIL).await.unwrap();
                assert!(mock.open_email_link(&code_to(&mock, EMAIL)));
            }
            Step::CompleteProfile => {
                assert_eq!(onboarding.missing_members(), ["firstName"]);
                let change = session.change_profile().member("firstName", "Ada");
                change.save().await.unwrap();
            }
            Step::AcceptTerms => {
                let missing = &onboarding.terms()[0];
                assert_eq!(missing.why, Outstanding::NeverAccepted);
                session.accept_terms(&missing.terms).await.unwrap();
            }
            Step::EnrolMfa => {
                let enrolment = session.enrol_mfa().await.unwrap();
                mock.clock().advance(Duration::from_secs(30));
                let code = mock.second_factor_code(EMAIL).unwrap();
                enrolment.enable(code).await.unwrap();
                enrolled = true;
            }
            other => panic!("{other:?} was not to be done"),
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
async fn a_newer_version_is_told_from_terms_that_were_never_accepted() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsOf::Branch("2".into()), json!({"title": "Rental"}));
    let session = session_of(&client).await;
    let terms = client.terms_by_id(id.to_string()).await.unwrap();
    session.accept_terms(&terms).await.unwrap();
    mock.add_terms_version(id, json!({"title": "Rental"}))
        .unwrap();
    let look = session.onboarding("2").terms_by("title");
    let onboarding = look.check().await.unwrap();
    assert!(onboarding.steps().contains(&Step::AcceptTerms));
    assert_eq!(onboarding.terms()[0].why, Outstanding::NewerVersion);
}

#[tokio::test]
async fn what_nobody_publishes_is_asked_for_only_when_the_caller_knows() {
    let (mock, client) = start().await;
    let user = WunderUser::new()
        .verified_phone(PHONE)
        .verified_email(EMAIL);
    mock.add_user(user.password(PASSWORD).branch("2"));
    let session = session_of(&client).await;
    let look = || session.onboarding("2");
    assert!(look().check().await.unwrap().is_done());
    let told = look().mfa_enrolled(true).identity_verified(true);
    assert!(told.check().await.unwrap().is_done());
    let told = look().mfa_enrolled(false).identity_verified(false);
    let onboarding = told.check().await.unwrap();
    assert_eq!(onboarding.steps(), [Step::VerifyIdentity, Step::EnrolMfa]);
    let before = mock.journal().len();
    assert_eq!(field(session.onboarding("").check().await), "branch_id");
    assert_eq!(mock.journal().len(), before);
}

/// The demand of a tenant, and the step that its refusal leads to.
const DEMANDS: [(WunderRequirement, &str, Step); 5] = [
    (
        WunderRequirement::CompleteProfile,
        "U130.1",
        Step::CompleteProfile,
    ),
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
    mock.add_terms(TermsOf::Branch("2".into()), json!({}));
    let session = session_of(&client).await;
    (mock, session)
}

#[tokio::test]
async fn a_refusal_leads_to_its_step() {
    let mut steps = BTreeSet::new();
    for (demand, code, step) in DEMANDS {
        let (mock, session) = lacking_everything().await;
        mock.require("init_verification", demand);
        let refused = session.start_verification(&json!({})).await;
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(Step::of(&error), Some(step));
        assert_eq!(mock.count("init_verification"), 1, "it is not repeated");
        steps.insert(format!("{step:?}"));
    }
    assert_eq!(steps.len(), DEMANDS.len());
}

#[tokio::test]
async fn newer_terms_lead_to_the_terms_and_a_wrong_code_nowhere() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let id = mock.add_terms(TermsOf::Branch("2".into()), json!({}));
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
    let error = verification.check(wrong).await.unwrap_err().error;
    assert_eq!((error.code(), Step::of(&error)), (Some("U302"), None));
    let error = client.password_sign_in(EMAIL, "wrong horse").await;
    assert_eq!(Step::of(&error.unwrap_err()), None);
}

#[tokio::test]
async fn a_look_that_is_refused_because_of_a_step_gives_that_step() {
    for operation in ["get_customer", "list_accepted_terms"] {
        for (demand, _, step) in DEMANDS {
            let (mock, session) = lacking_everything().await;
            mock.require(operation, demand);
            let onboarding = session.onboarding("2").check().await.unwrap();
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
        kind(session.onboarding("2").check().await),
        ErrorKind::Refused
    );
}

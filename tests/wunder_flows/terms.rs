//! Terms are listed, accepted, and compared with the accepted ones.

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::{OutstandingReason, TermsScope, outstanding_terms};

use super::*;

fn of_branch() -> TermsScope {
    TermsScope::Branch("2".to_owned())
}

#[tokio::test]
async fn outstanding_terms_are_accepted_and_a_newer_version_is_outstanding_again() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let rental = mock.add_terms(of_branch(), json!({"title": "Rental"}));
    mock.add_terms(of_branch(), json!({"title": "Privacy"}));
    let session = session_of(&client).await;
    let missing = session.outstanding_terms("2", Some("title")).await.unwrap();
    assert_eq!(missing.len(), 2);
    for missing in &missing {
        assert_eq!(missing.reason, OutstandingReason::NeverAccepted);
        session.accept_terms(&missing.terms).await.unwrap();
    }
    assert_eq!(session.outstanding_terms("2", None).await.unwrap(), []);
    let newer = mock
        .add_terms_version(rental, json!({"title": "Rental"}))
        .unwrap();
    let missing = session.outstanding_terms("2", Some("title")).await.unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].reason, OutstandingReason::NewerVersion);
    assert_eq!(missing[0].terms.id.as_ref().unwrap().0, json!(newer));
    // Without a branch that links the terms, they are still outstanding.
    let missing = session.outstanding_terms("2", None).await.unwrap();
    assert_eq!(missing[0].reason, OutstandingReason::NeverAccepted);
}

#[tokio::test]
async fn one_set_of_terms_is_shown_as_it_is_and_an_old_one_not_accepted() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let old = mock.add_terms(of_branch(), json!({"title": "Rental", "text": "…"}));
    let terms = client.terms_by_id(old.to_string()).await.unwrap();
    assert_eq!(terms.extra["text"], "…");
    mock.add_terms_version(old, json!({})).unwrap();
    let session = session_of(&client).await;
    let late = session.accept_terms(&terms).await.err().unwrap();
    assert_eq!(
        (late.kind(), late.code()),
        (ErrorKind::StepRequired, Some("U602"))
    );
    assert_eq!(code(client.terms_by_id("99").await), "R404");
}

#[tokio::test]
async fn all_pages_are_compared() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    for number in 0..120 {
        mock.add_terms(of_branch(), json!({"title": number}));
    }
    let session = session_of(&client).await;
    let missing = session.outstanding_terms("2", None).await.unwrap();
    assert_eq!(missing.len(), 120);
    session.accept_terms(&missing[119].terms).await.unwrap();
    let missing = session.outstanding_terms("2", None).await.unwrap();
    assert_eq!(missing.len(), 119);
}

#[tokio::test]
async fn invalid_terms_are_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let before = mock.journal().len();
    let without_id = session.accept_terms(&Default::default()).await;
    assert_eq!(field(without_id), "terms");
    assert_eq!(field(client.terms_by_id("").await), "id");
    assert_eq!(field(client.terms_by_id("..").await), "id");
    assert_eq!(
        field(session.outstanding_terms("", None).await),
        "branch_id"
    );
    assert_eq!(mock.journal().len(), before);
}

#[test]
fn ids_and_versions_are_compared_regardless_of_type() {
    let terms = |id, version| {
        let value = json!({"id": id, "version": version});
        serde_json::from_value::<vestibule::wunder::user_api::types::Terms>(value).unwrap()
    };
    let accepted = |value| serde_json::from_value(value).unwrap();
    let one = [accepted(json!({"id": "1", "version": "2"}))];
    assert!(outstanding_terms(vec![terms(json!(1), json!(2))], &one, None).is_empty());
    let newer = outstanding_terms(vec![terms(json!(1), json!(3))], &one, None);
    assert_eq!(newer[0].reason, OutstandingReason::NewerVersion);
    let without_version = [accepted(json!({"id": 1}))];
    assert!(outstanding_terms(vec![terms(json!(1), json!(3))], &without_version, None).is_empty());
    // Terms without an id are never accepted.
    let without_id = [accepted(json!({"version": 3}))];
    let missing = outstanding_terms(vec![terms(json!(null), json!(3))], &without_id, None);
    assert_eq!(missing[0].reason, OutstandingReason::NeverAccepted);
}

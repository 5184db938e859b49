//! Terms: list, accept, and compare with the accepted versions.

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::{OutstandingReason, TermsScope};

use super::super::failed::{expect, fails_with};
use super::*;

/// The outstanding terms of the branch; terms with the same title are versions of each other.
async fn outstanding(session: &Session) -> Result<Vec<OutstandingReason>, Failed> {
    let missing = session.outstanding_terms(BRANCH, Some("title")).await?;
    Ok(missing.into_iter().map(|missing| missing.reason).collect())
}

pub async fn of_a_branch(fixture: &mut Fixture<'_>) -> Outcome {
    let of = TermsScope::Branch(BRANCH.to_owned());
    let rental = json!({"title": "Rental", "text": "§ 1"});
    let rental = fixture.mock.add_terms(of.clone(), rental);
    let session = signed_in_ada(fixture).await?;
    check(
        outstanding(&session).await? == [OutstandingReason::NeverAccepted],
        "they are new",
    )?;
    let session = fixture.next_step(session).await?;
    let listed = expect(fixture.client.terms(of).next_page().await?, "page")?.items;
    let shown = fixture.client.terms_by_id(rental.to_string()).await?;
    check(listed == [shown.clone()], "they are listed")?;
    check(shown.extra["text"] == "§ 1", "they are shown as they came")?;
    session.accept_terms(&shown).await?;
    let session = fixture.next_step(session).await?;
    check(outstanding(&session).await?.is_empty(), "they are accepted")?;

    let newer = json!({"title": "Rental", "text": "§ 2"});
    expect(
        fixture.mock.add_terms_version(rental, newer),
        "newer version",
    )?;
    let session = fixture.next_step(session).await?;
    check(
        outstanding(&session).await? == [OutstandingReason::NewerVersion],
        "they are newer",
    )?;
    fails_with(session.accept_terms(&shown).await, ErrorKind::StepRequired)?;
    let missing = session.outstanding_terms(BRANCH, Some("title")).await?;
    session.accept_terms(&missing[0].terms).await?;
    let session = fixture.next_step(session).await?;
    check(
        outstanding(&session).await?.is_empty(),
        "the newer version is accepted",
    )?;
    Ok("listed, shown, accepted; a newer version is outstanding again".to_owned())
}

pub async fn of_a_vehicle(fixture: &mut Fixture<'_>) -> Outcome {
    let of = TermsScope::Vehicle("7".to_owned());
    fixture.mock.add_terms(of.clone(), json!({"title": "Car"}));
    let elsewhere = TermsScope::Branch(BRANCH.to_owned());
    fixture
        .mock
        .add_terms(elsewhere, json!({"title": "Rental"}));
    let session = signed_in_ada(fixture).await?;
    let listed = expect(fixture.client.terms(of).next_page().await?, "page")?.items;
    check(listed.len() == 1, "only the vehicle's are listed")?;
    check(listed[0].extra["title"] == "Car", "they are the vehicle's")?;
    session.accept_terms(&listed[0]).await?;
    let session = fixture.next_step(session).await?;
    let missing = session.outstanding_terms(BRANCH, Some("title")).await?;
    check(missing.len() == 1, "the branch's are still to be accepted")?;
    Ok("the vehicle's are accepted, the branch's are not".to_owned())
}

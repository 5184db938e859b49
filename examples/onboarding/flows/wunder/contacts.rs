//! Who is signed in proves a number, an address or an identity.

use serde_json::json;
use vestibule::ErrorKind;

use super::super::failed::{expect, given_back, stopped};
use super::*;

/// The code is none to sign in by, and the profile is read again when it was right.
pub async fn phone_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let verification = session.verify_phone().await?;
    let (session, mut verification) = fixture.between((session, verification)).await?;
    stopped(verification.resend().await, ErrorKind::SlowDown)?;
    fixture.wait(WAIT);
    verification.resend().await?;
    let (session, verification) = fixture.between((session, verification)).await?;
    let wrong = verification.check(fixture.wrong_code(PHONE)?).await;
    let state = (session, given_back(wrong)?);
    let (session, verification) = fixture.between(state).await?;
    let profile = verification.check(fixture.code(PHONE)?).await?;
    check(
        profile.phone_is_verified == Some(true),
        "the number is verified",
    )?;
    check(
        fixture.mock.count("sign_in_phone_number") == 0,
        "nobody signed in by it",
    )?;
    let session = fixture.between(session).await?;
    check(session.profile().await? == profile, "it stays so")?;
    Ok("verified, and the profile read again".to_owned())
}

pub async fn email_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    fixture.client.resend_email_verification(EMAIL).await?;
    check(fixture.mock.signatures_seen() == 1, "it was signed")?;
    let session = fixture.between(session).await?;
    check(
        fixture.mock.open_email_link(fixture.code(EMAIL)?.expose()),
        "the link is good",
    )?;
    let profile = session.profile().await?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    fixture.between(session).await?;
    let again = fixture.client.resend_email_verification(EMAIL).await;
    check(
        again.is_err_and(|error| error.code() == Some("U402")),
        "once is enough",
    )?;
    Ok("sent again, verified by the link".to_owned())
}

pub async fn external_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let first = session.start_verification(&json!({})).await?;
    let session = fixture.between(session).await?;
    let second = session.start_verification(&json!({})).await?;
    let url = expect(first["url"].as_str(), "place to go to")?;
    check(second["url"] != url, "each is for one visit")?;
    check(
        fixture.mock.finish_verification(EMAIL),
        "the provider is content",
    )?;
    Ok("a place to go to, another one each time".to_owned())
}

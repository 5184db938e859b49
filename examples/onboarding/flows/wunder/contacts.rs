//! A signed-in user verifies a number, an address or an identity.

use serde_json::json;
use vestibule::ErrorKind;

use super::super::failed::{expect, fails_with, returned_state};
use super::*;

/// The code is not valid for a sign-in, and the profile is read again after the correct code.
pub async fn phone_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let verification = session.verify_phone().await?;
    let (session, mut verification) = fixture.next_step((session, verification)).await?;
    fails_with(verification.resend().await, ErrorKind::RateLimited)?;
    fixture.wait(WAIT);
    verification.resend().await?;
    let (session, verification) = fixture.next_step((session, verification)).await?;
    let wrong = verification.confirm(fixture.wrong_code(PHONE)?).await;
    let state = (session, returned_state(wrong)?);
    let (session, verification) = fixture.next_step(state).await?;
    let profile = verification.confirm(fixture.code(PHONE)?).await?;
    check(
        profile.phone_is_verified == Some(true),
        "the number is verified",
    )?;
    check(
        fixture.mock.count("sign_in_phone_number") == 0,
        "the code was not used for a sign-in",
    )?;
    let session = fixture.next_step(session).await?;
    check(
        session.profile().await? == profile,
        "the profile is unchanged",
    )?;
    Ok("verified, and the profile read again".to_owned())
}

pub async fn email_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    fixture.client.resend_email_verification(EMAIL).await?;
    check(fixture.mock.signatures_seen() == 1, "it was signed")?;
    let session = fixture.next_step(session).await?;
    check(
        fixture.mock.open_email_link(fixture.code(EMAIL)?.expose()),
        "the link is valid",
    )?;
    let profile = session.profile().await?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    fixture.next_step(session).await?;
    fixture.wait(Duration::from_secs(60));
    let again = fixture.client.resend_email_verification(EMAIL).await;
    check(
        again.is_err_and(|error| error.code() == Some("U402")),
        "a verified address is refused",
    )?;
    Ok("resent, verified by the link".to_owned())
}

pub async fn external_verification(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let first = session.verify_identity(&json!({})).await?;
    let session = fixture.next_step(session).await?;
    let second = session.verify_identity(&json!({})).await?;
    let url = expect(first["url"].as_str(), "URL")?;
    check(second["url"] != url, "each session has its own URL")?;
    check(
        fixture.mock.finish_verification(EMAIL),
        "the provider confirms",
    )?;
    Ok("a URL, a new one each time".to_owned())
}

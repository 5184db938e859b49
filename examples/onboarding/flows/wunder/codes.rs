//! Signing in by a code.

use vestibule::ErrorKind;
use vestibule::code_sign_in::Destination;

use super::super::failed::{given_back, stopped};
use super::super::shared_words::{self, Visit};
use super::*;

/// The code does not come with the request for it, and a wrong one may be followed by the right one.
pub async fn phone_of_a_new_user(fixture: &mut Fixture<'_>) -> Outcome {
    let branch = fixture.client.resolve_branch(48.2, 16.4).await?;
    fixture.between(()).await?;
    let sign_in = fixture.client.phone_sign_in(PHONE, branch.id());
    let pending = sign_in.language("de").send_code().await?;
    let pending = fixture.between(pending).await?;
    let wrong = pending.confirm(fixture.wrong_code(PHONE)?).await;
    let pending = fixture.between(given_back(wrong)?).await?;
    let sign_in = pending.confirm(fixture.code(PHONE)?).await?;
    let session = fixture.between(session(sign_in)?).await?;
    let profile = session.profile().await?;
    check(
        profile.phone_number.as_deref() == Some(PHONE),
        "the number is known",
    )?;
    check(profile.phone_is_verified == Some(true), "it is verified")?;
    check(
        fixture.mock.signatures_seen() == 1,
        "the request was signed",
    )?;
    Ok("created by the first code, signed in by the second try".to_owned())
}

pub async fn phone_of_a_known_user(fixture: &mut Fixture<'_>) -> Outcome {
    let uuid = fixture.mock.add_user(ada());
    let sign_in = fixture.client.phone_sign_in(PHONE, BRANCH);
    let mut pending = fixture.between(sign_in.send_code().await?).await?;
    let first = fixture.code(PHONE)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    fixture.wait(WAIT);
    pending.resend().await?;
    check(fixture.messages() == 2, "two codes were sent")?;
    let pending = fixture.between(pending).await?;
    let pending = given_back(pending.confirm(first).await)?;
    let pending = fixture.between(pending).await?;
    let sign_in = pending.confirm(fixture.code(PHONE)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let profile = session.profile().await?;
    check(profile.uuid == Some(uuid), "it is the same user")?;
    Ok("signed in by the second code; the first is void".to_owned())
}

pub async fn email(fixture: &mut Fixture<'_>) -> Outcome {
    let sign_in = fixture.client.email_code_sign_in(EMAIL, BRANCH);
    let pending = fixture.between(sign_in.send_code().await?).await?;
    let pending = given_back(pending.confirm(fixture.wrong_code(EMAIL)?).await)?;
    fixture.wait(WAIT);
    let mut pending = fixture.between(pending).await?;
    pending.resend().await?;
    let pending = fixture.between(pending).await?;
    let sign_in = pending.confirm(fixture.code(EMAIL)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let profile = session.profile().await?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    Ok("signed in by the code that was sent again".to_owned())
}

pub async fn in_shared_words(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    fixture.mock.require_mfa(PHONE, "246810");
    let visit = Visit {
        to: Destination::phone("43", &PHONE["+43".len()..]),
        authenticator: "246810",
        whoami: "/front/customers",
        system: |client: &Client| Box::new(client.at_branch(BRANCH)),
    };
    shared_words::sign_in(fixture, visit).await
}

//! Sign-in by a code.

use vestibule::Contact;
use vestibule::ErrorKind;

use super::super::code_sign_in::{self, CodeSignInCase};
use super::super::failed::{fails_with, returned_state};
use super::*;

/// A wrong code can be followed by the correct one.
pub async fn phone_of_a_new_user(fixture: &mut Fixture<'_>) -> Outcome {
    let branch = fixture.client.branch(48.2, 16.4).await?;
    fixture.next_step(()).await?;
    let sign_in = fixture
        .client
        .sign_in_with_phone_code(&PHONE.parse()?)
        .branch_id(branch.id());
    let pending = sign_in.language("de").send().await?;
    let pending = fixture.next_step(pending).await?;
    let wrong = pending.confirm(fixture.wrong_code(PHONE)?).await;
    let pending = fixture.next_step(returned_state(wrong)?).await?;
    let sign_in = pending.confirm(fixture.code(PHONE)?).await?;
    let session = fixture.next_step(session(sign_in)?).await?;
    let profile = session.profile().await?;
    check(
        profile.phone_number.as_deref() == Some(PHONE),
        "the number is stored",
    )?;
    check(profile.phone_is_verified == Some(true), "it is verified")?;
    check(
        fixture.mock.signatures_seen() == 1,
        "the request was signed",
    )?;
    Ok("created by the first message, signed in by the second try".to_owned())
}

pub async fn phone_of_a_known_user(fixture: &mut Fixture<'_>) -> Outcome {
    let uuid = fixture.mock.add_user(ada());
    let sign_in = fixture
        .client
        .sign_in_with_phone_code(&PHONE.parse()?)
        .branch_id(BRANCH);
    let mut pending = fixture.next_step(sign_in.send().await?).await?;
    let first = fixture.code(PHONE)?;
    fails_with(pending.resend().await, ErrorKind::RateLimited)?;
    fixture.wait(WAIT);
    pending.resend().await?;
    check(fixture.messages() == 2, "two codes were sent")?;
    let pending = fixture.next_step(pending).await?;
    let pending = returned_state(pending.confirm(first).await)?;
    let pending = fixture.next_step(pending).await?;
    let sign_in = pending.confirm(fixture.code(PHONE)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let profile = session.profile().await?;
    check(profile.uuid == Some(uuid), "it is the same user")?;
    Ok("signed in by the second code; the first is invalid".to_owned())
}

pub async fn email(fixture: &mut Fixture<'_>) -> Outcome {
    let sign_in = fixture
        .client
        .sign_in_with_email_code(EMAIL)
        .branch_id(BRANCH);
    let pending = fixture.next_step(sign_in.send().await?).await?;
    let pending = returned_state(pending.confirm(fixture.wrong_code(EMAIL)?).await)?;
    fixture.wait(WAIT);
    let mut pending = fixture.next_step(pending).await?;
    pending.resend().await?;
    let pending = fixture.next_step(pending).await?;
    let sign_in = pending.confirm(fixture.code(EMAIL)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let profile = session.profile().await?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    Ok("signed in by the resent code".to_owned())
}

pub async fn by_code_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    fixture.mock.require_mfa(&PHONE.parse()?, "246810");
    let case = CodeSignInCase {
        to: Contact::phone(PHONE)?,
        authenticator: "246810",
        whoami: "/front/customers",
        system: |client: &Client| Box::new(client.at_branch(BRANCH)),
    };
    code_sign_in::sign_in(fixture, case).await
}

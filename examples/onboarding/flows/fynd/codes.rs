//! Sign-in by a code.

use vestibule::Contact;
use vestibule::ErrorKind;

use super::super::code_sign_in::{self, CodeSignInCase};
use super::super::failed::{fails_with, returned_state};
use super::*;

/// Resends after the timer; then only the newest code is valid.
async fn send_again(
    fixture: &mut Fixture<'_>,
    mut pending: PendingCode,
    to: &str,
) -> Result<PendingCode, Failed> {
    let first = fixture.code(to)?;
    fails_with(pending.resend().await, ErrorKind::RateLimited)?;
    check(
        fixture.messages() == 1,
        "no message was sent before the timer",
    )?;
    fixture.wait(pending.resend_timer().remaining());
    for _ in 0..2 {
        pending = fixture.next_step(pending).await?;
        pending.resend().await?;
        fixture.wait(WAIT);
    }
    check(fixture.messages() == 3, "two more were sent")?;
    let pending = fixture.next_step(pending).await?;
    let pending = returned_state(pending.confirm(first).await)?;
    fixture.next_step(pending).await
}

pub async fn mobile_of_a_known_user(fixture: &mut Fixture<'_>) -> Outcome {
    let id = add_asha(fixture)?;
    let pending = fixture
        .client
        .sign_in_with_phone_code(&format!("+91{MOBILE}").parse()?)
        .send()
        .await?;
    let pending = fixture.next_step(pending).await?;
    let pending = send_again(fixture, pending, SMS).await?;
    let sign_in = pending.confirm(fixture.code(SMS)?).await?;
    is_signed_in(fixture, sign_in).await?;
    check(
        fixture.mock.sessions_of(&id) == 1,
        "the server has one session",
    )?;
    Ok("signed in by the third code; the first is invalid".to_owned())
}

pub async fn mobile_of_a_new_user(fixture: &mut Fixture<'_>) -> Outcome {
    let pending = fixture
        .client
        .sign_in_with_phone_code(&format!("+91{MOBILE}").parse()?)
        .send()
        .await?;
    let pending = fixture.next_step(pending).await?;
    let sign_in = pending.confirm(fixture.code(SMS)?).await?;
    let profile = fixture.next_step(profile_to_complete(sign_in)?).await?;
    let completed = profile.first_name("Asha").last_name("Rao").send().await?;
    let session = is_signed_in(fixture, completed).await?;
    let contacts = session.contacts().await?;
    check(
        contacts.iter().any(|own| own.verified),
        "the number is confirmed",
    )?;
    Ok("the profile completed, then signed in".to_owned())
}

pub async fn email(fixture: &mut Fixture<'_>) -> Outcome {
    add_asha(fixture)?;
    let pending = fixture.client.sign_in_with_email_code(EMAIL).send().await?;
    let pending = fixture.next_step(pending).await?;
    let pending = send_again(fixture, pending, EMAIL).await?;
    let sign_in = pending.confirm(fixture.code(EMAIL)?).await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("signed in by the third code; the first is invalid".to_owned())
}

pub async fn by_code_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    add_asha(fixture)?;
    let case = CodeSignInCase {
        to: Contact::phone(&format!("+91{}", MOBILE))?,
        authenticator: "",
        whoami: "/service/application/user/authentication/v1.0/session",
        system: |client: &Client| Box::new(client.clone()),
    };
    code_sign_in::sign_in(fixture, case).await
}

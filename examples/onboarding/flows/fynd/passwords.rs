//! Reset and change of a password.

use vestibule::ErrorKind;

use super::super::failed::{fails_with, returned_state};
use super::*;

const NEW_PASSWORD: &str = "another";

async fn by_code(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(fixture)?;
    let pending = fixture.client.reset_password_by_code(contact).send();
    let mut pending = fixture.next_step(pending.await?).await?;
    let first = fixture.code(to)?;
    fails_with(pending.resend().await, ErrorKind::RateLimited)?;
    fixture.wait(pending.resend_timer().remaining());
    pending.resend().await?;
    let pending = fixture.next_step(pending).await?;
    let pending = returned_state(pending.confirm(first).await)?;
    let pending = fixture.next_step(pending).await?;
    let step = pending.confirm(fixture.code(to)?).await?;
    let step = fixture.next_step(step).await?;
    step.set_password(vestibule::NewPassword::new(NEW_PASSWORD))
        .await?;
    signs_in_by_the_new_password(fixture).await?;
    Ok("set after the second code; the old password is invalid".to_owned())
}

pub async fn mobile_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, mobile()?, SMS).await
}

pub async fn email_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, email()?, EMAIL).await
}

async fn by_link(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(fixture)?;
    fixture.client.reset_password_by_link(&contact).await?;
    fixture.next_step(()).await?;
    let link = fixture.client.password_link(fixture.code(to)?);
    link.verify().await?;
    drop(link);
    fixture.next_step(()).await?;
    let link = fixture.client.password_link(fixture.code(to)?);
    let session = link
        .set_password(vestibule::NewPassword::new(NEW_PASSWORD))
        .await?;
    is_signed_in(fixture, SignIn::SignedIn(session)).await?;
    let used = fixture.client.password_link(fixture.code(to)?);
    fails_with(used.verify().await, ErrorKind::Rejected)?;
    drop(used);
    signs_in_by_the_new_password(fixture).await?;
    Ok("set, and signed in by the link, which is valid once".to_owned())
}

pub async fn link_by_sms(fixture: &mut Fixture<'_>) -> Outcome {
    by_link(fixture, mobile()?, SMS).await
}

pub async fn link_by_email(fixture: &mut Fixture<'_>) -> Outcome {
    by_link(fixture, email()?, EMAIL).await
}

pub async fn changed(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    check(session.has_password().await?, "there is a password")?;
    let wrong = session
        .update_password(
            vestibule::CurrentPassword::new("a wrong password"),
            vestibule::NewPassword::new(NEW_PASSWORD),
        )
        .await;
    fails_with(wrong, ErrorKind::Rejected)?;
    let session = fixture.next_step(session).await?;
    session
        .update_password(
            vestibule::CurrentPassword::new(PASSWORD),
            vestibule::NewPassword::new(NEW_PASSWORD),
        )
        .await?;
    drop(session);
    signs_in_by_the_new_password(fixture).await?;
    Ok("changed with the old password".to_owned())
}

pub async fn none_yet(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{MOBILE}"))?),
    );
    let pending = fixture
        .client
        .sign_in_with_phone_code(&format!("+91{MOBILE}").parse()?)
        .send()
        .await?;
    let pending = fixture.next_step(pending).await?;
    let sign_in = pending.confirm(fixture.code(SMS)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    check(!session.has_password().await?, "no password is set")?;
    Ok("a user who signed in by a code has none".to_owned())
}

async fn signs_in_by_the_new_password(fixture: &mut Fixture<'_>) -> Result<(), Failed> {
    fixture.next_step(()).await?;
    let old = fixture.client.sign_in_with_password(EMAIL, PASSWORD).await;
    fails_with(old, ErrorKind::Rejected)?;
    let new = fixture
        .client
        .sign_in_with_password(EMAIL, NEW_PASSWORD)
        .await?;
    is_signed_in(fixture, new).await?;
    Ok(())
}

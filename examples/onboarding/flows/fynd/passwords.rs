//! A password that was forgotten, and one that is changed.

use vestibule::ErrorKind;

use super::super::failed::{given_back, stopped};
use super::*;

const NEW_PASSWORD: &str = "another";

async fn by_code(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(fixture);
    let pending = fixture.client.forgotten_password(contact).send_code();
    let mut pending = fixture.between(pending.await?).await?;
    let first = fixture.code(to)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    fixture.wait(pending.resend_timer().remaining());
    pending.resend().await?;
    let pending = fixture.between(pending).await?;
    let pending = given_back(pending.confirm(first).await)?;
    let pending = fixture.between(pending).await?;
    let step = pending.confirm(fixture.code(to)?).await?;
    let step = fixture.between(step).await?;
    step.set(NEW_PASSWORD).await?;
    signs_in_by_the_new_password(fixture).await?;
    Ok("set after the second code; the old one is void".to_owned())
}

pub async fn mobile_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, mobile(), SMS).await
}

pub async fn email_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, email(), EMAIL).await
}

async fn by_link(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(fixture);
    fixture.client.send_password_link(&contact).await?;
    fixture.between(()).await?;
    let link = fixture.client.password_link(fixture.code(to)?);
    link.check().await?;
    drop(link);
    fixture.between(()).await?;
    let link = fixture.client.password_link(fixture.code(to)?);
    let session = link.set_password(NEW_PASSWORD).await?;
    is_signed_in(fixture, SignIn::SignedIn(session)).await?;
    let used = fixture.client.password_link(fixture.code(to)?);
    stopped(used.check().await, ErrorKind::Refused)?;
    drop(used);
    signs_in_by_the_new_password(fixture).await?;
    Ok("set, and signed in by the link, which is good once".to_owned())
}

pub async fn link_by_sms(fixture: &mut Fixture<'_>) -> Outcome {
    by_link(fixture, mobile(), SMS).await
}

pub async fn link_by_email(fixture: &mut Fixture<'_>) -> Outcome {
    by_link(fixture, email(), EMAIL).await
}

pub async fn changed(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    check(session.has_password().await?, "there is a password")?;
    let wrong = session.change_password("a guess", NEW_PASSWORD).await;
    stopped(wrong, ErrorKind::Refused)?;
    let session = fixture.between(session).await?;
    session.change_password(PASSWORD, NEW_PASSWORD).await?;
    drop(session);
    signs_in_by_the_new_password(fixture).await?;
    Ok("changed by who knew the old one".to_owned())
}

pub async fn none_yet(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user("91", MOBILE, "Asha");
    let pending = fixture.client.otp_sign_in(MOBILE, "91").send_code().await?;
    let pending = fixture.between(pending).await?;
    let sign_in = pending.confirm(fixture.code(SMS)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    check(!session.has_password().await?, "nobody has set one")?;
    Ok("who signs in by code has none".to_owned())
}

async fn signs_in_by_the_new_password(fixture: &mut Fixture<'_>) -> Result<(), Failed> {
    fixture.between(()).await?;
    let old = fixture.client.password_sign_in(EMAIL, PASSWORD).await;
    stopped(old, ErrorKind::Refused)?;
    let new = fixture.client.password_sign_in(EMAIL, NEW_PASSWORD).await?;
    is_signed_in(fixture, new).await?;
    Ok(())
}

//! A password that was forgotten, and one that is changed.

use vestibule::ErrorKind;

use super::super::failed::{given_back, stopped};
use super::*;

const NEW_PASSWORD: &str = "another";

async fn by_code(scene: &mut Scene<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(scene);
    let pending = scene.client.forgotten_password(contact).send_code();
    let mut pending = scene.between(pending.await?).await?;
    let first = scene.code(to)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    scene.wait(pending.resend_timer().remaining());
    pending.resend().await?;
    let pending = scene.between(pending).await?;
    let pending = given_back(pending.confirm(first).await)?;
    let pending = scene.between(pending).await?;
    let step = pending.confirm(scene.code(to)?).await?;
    let step = scene.between(step).await?;
    step.set(NEW_PASSWORD).await?;
    signs_in_by_the_new_password(scene).await?;
    Ok("set after the second code; the old one is void".to_owned())
}

pub async fn mobile_code(scene: &mut Scene<'_>) -> Outcome {
    by_code(scene, mobile(), SMS).await
}

pub async fn email_code(scene: &mut Scene<'_>) -> Outcome {
    by_code(scene, email(), EMAIL).await
}

async fn by_link(scene: &mut Scene<'_>, contact: Contact, to: &str) -> Outcome {
    add_asha(scene);
    scene.client.send_password_link(&contact).await?;
    scene.between(()).await?;
    let link = scene.client.password_link(scene.code(to)?);
    link.check().await?;
    drop(link);
    scene.between(()).await?;
    let link = scene.client.password_link(scene.code(to)?);
    let session = link.set_password(NEW_PASSWORD).await?;
    is_signed_in(scene, SignIn::SignedIn(session)).await?;
    let used = scene.client.password_link(scene.code(to)?);
    stopped(used.check().await, ErrorKind::Refused)?;
    drop(used);
    signs_in_by_the_new_password(scene).await?;
    Ok("set, and signed in by the link, which is good once".to_owned())
}

pub async fn link_by_sms(scene: &mut Scene<'_>) -> Outcome {
    by_link(scene, mobile(), SMS).await
}

pub async fn link_by_email(scene: &mut Scene<'_>) -> Outcome {
    by_link(scene, email(), EMAIL).await
}

pub async fn changed(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_asha(scene).await?;
    check(session.has_password().await?, "there is a password")?;
    let wrong = session.change_password("a guess", NEW_PASSWORD).await;
    stopped(wrong, ErrorKind::Refused)?;
    let session = scene.between(session).await?;
    session.change_password(PASSWORD, NEW_PASSWORD).await?;
    drop(session);
    signs_in_by_the_new_password(scene).await?;
    Ok("changed by who knew the old one".to_owned())
}

pub async fn none_yet(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user("91", MOBILE, "Asha");
    let pending = scene.client.otp_sign_in(MOBILE, "91").send_code().await?;
    let pending = scene.between(pending).await?;
    let sign_in = pending.confirm(scene.code(SMS)?).await?;
    let session = is_signed_in(scene, sign_in).await?;
    check(!session.has_password().await?, "nobody has set one")?;
    Ok("who signs in by code has none".to_owned())
}

async fn signs_in_by_the_new_password(scene: &mut Scene<'_>) -> Result<(), Failed> {
    scene.between(()).await?;
    let old = scene.client.password_sign_in(EMAIL, PASSWORD).await;
    stopped(old, ErrorKind::Refused)?;
    let new = scene.client.password_sign_in(EMAIL, NEW_PASSWORD).await?;
    is_signed_in(scene, new).await?;
    Ok(())
}

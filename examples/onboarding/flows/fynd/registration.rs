//! A form, and the codes that remain.

use vestibule::ErrorKind;

use super::super::failed::{given_back, stopped};
use super::*;

pub async fn by_form(scene: &mut Scene<'_>) -> Outcome {
    let form = scene.client.registration("Asha").last_name("Rao");
    let form = form.mobile(MOBILE, "91").email(EMAIL).password(PASSWORD);
    let codes = codes(form.submit().await?)?;
    check(scene.messages() == 2, "each contact was sent a code")?;
    let mut codes = scene.between(codes).await?;
    let first = scene.code(EMAIL)?;
    stopped(codes.resend_by_email().await, ErrorKind::SlowDown)?;
    stopped(codes.resend_to_mobile().await, ErrorKind::SlowDown)?;
    scene.wait(WAIT);
    codes.resend_by_email().await?;
    let mut codes = scene.between(codes).await?;
    codes.resend_to_mobile().await?;
    let codes = scene.between(codes).await?;
    let codes = given_back(codes.confirm_email(first).await)?;
    let codes = scene.between(codes).await?;
    let one_left = super::codes(codes.confirm_email(scene.code(EMAIL)?).await?)?;
    let one_left = scene.between(one_left).await?;
    check(one_left.email().is_none(), "the address is confirmed")?;
    let sign_in = one_left.confirm_mobile(scene.code(SMS)?).await?;
    let session = is_signed_in(scene, sign_in).await?;
    check(session.has_password().await?, "the password is set")?;
    let contacts = session.contacts().await?;
    let both = contacts.len() == 2 && contacts.iter().all(|own| own.verified);
    check(both, "both contacts are confirmed")?;
    Ok("two codes sent again and confirmed, then signed in".to_owned())
}

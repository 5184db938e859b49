//! Signing in by a code.

use vestibule::ErrorKind;
use vestibule::code_sign_in::Destination;

use super::super::failed::{given_back, stopped};
use super::super::shared_words::{self, Visit};
use super::*;

/// After the timer, with the newest token, and from then on only the newest code is good.
async fn send_again(
    scene: &mut Scene<'_>,
    mut pending: PendingCode,
    to: &str,
) -> Result<PendingCode, Failed> {
    let first = scene.code(to)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    check(scene.messages() == 1, "nothing was sent too early")?;
    scene.wait(pending.resend_timer().remaining());
    for _ in 0..2 {
        pending = scene.between(pending).await?;
        pending.resend().await?;
        scene.wait(WAIT);
    }
    check(scene.messages() == 3, "two more were sent")?;
    let pending = scene.between(pending).await?;
    let pending = given_back(pending.confirm(first).await)?;
    scene.between(pending).await
}

pub async fn mobile_of_a_known_user(scene: &mut Scene<'_>) -> Outcome {
    let id = add_asha(scene);
    let pending = scene.client.otp_sign_in(MOBILE, "91").send_code().await?;
    let pending = scene.between(pending).await?;
    let pending = send_again(scene, pending, SMS).await?;
    let sign_in = pending.confirm(scene.code(SMS)?).await?;
    is_signed_in(scene, sign_in).await?;
    check(
        scene.mock.sessions_of(&id) == 1,
        "the server has one session",
    )?;
    Ok("signed in by the third code; the first is void".to_owned())
}

pub async fn mobile_of_a_new_user(scene: &mut Scene<'_>) -> Outcome {
    let pending = scene.client.otp_sign_in(MOBILE, "91").send_code().await?;
    let pending = scene.between(pending).await?;
    let sign_in = pending.confirm(scene.code(SMS)?).await?;
    let profile = scene.between(profile_to_complete(sign_in)?).await?;
    let completed = profile.complete("Asha", "Rao").await?;
    let session = is_signed_in(scene, completed).await?;
    let contacts = session.contacts().await?;
    check(
        contacts.iter().any(|own| own.verified),
        "the number is confirmed",
    )?;
    Ok("the profile completed, then signed in".to_owned())
}

pub async fn email(scene: &mut Scene<'_>) -> Outcome {
    add_asha(scene);
    let pending = scene.client.email_sign_in(EMAIL).send_code().await?;
    let pending = scene.between(pending).await?;
    let pending = send_again(scene, pending, EMAIL).await?;
    let sign_in = pending.confirm(scene.code(EMAIL)?).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("signed in by the third code; the first is void".to_owned())
}

pub async fn in_shared_words(scene: &mut Scene<'_>) -> Outcome {
    add_asha(scene);
    let visit = Visit {
        to: Destination::phone("91", MOBILE),
        authenticator: "",
        whoami: "/service/application/user/authentication/v1.0/session",
        system: |client: &Client| Box::new(client.clone()),
    };
    shared_words::sign_in(scene, visit).await
}

//! Signing in by a code.

use vestibule::ErrorKind;
use vestibule::code_sign_in::Destination;

use super::super::failed::{given_back, stopped};
use super::super::shared_words::{self, Visit};
use super::*;

/// The code does not come with the request for it, and a wrong one may be followed by the right one.
pub async fn phone_of_a_new_user(scene: &mut Scene<'_>) -> Outcome {
    let branch = scene.client.resolve_branch(48.2, 16.4).await?;
    scene.between(()).await?;
    let sign_in = scene.client.phone_sign_in(PHONE, branch.id());
    let pending = sign_in.language("de").send_code().await?;
    let pending = scene.between(pending).await?;
    let wrong = pending.confirm(scene.wrong_code(PHONE)?).await;
    let pending = scene.between(given_back(wrong)?).await?;
    let sign_in = pending.confirm(scene.code(PHONE)?).await?;
    let session = scene.between(session(sign_in)?).await?;
    let profile = session.profile().await?;
    check(
        profile.phone_number.as_deref() == Some(PHONE),
        "the number is known",
    )?;
    check(profile.phone_is_verified == Some(true), "it is verified")?;
    check(scene.mock.signatures_seen() == 1, "the request was signed")?;
    Ok("created by the first code, signed in by the second try".to_owned())
}

pub async fn phone_of_a_known_user(scene: &mut Scene<'_>) -> Outcome {
    let uuid = scene.mock.add_user(ada());
    let sign_in = scene.client.phone_sign_in(PHONE, BRANCH);
    let mut pending = scene.between(sign_in.send_code().await?).await?;
    let first = scene.code(PHONE)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    scene.wait(WAIT);
    pending.resend().await?;
    check(scene.messages() == 2, "two codes were sent")?;
    let pending = scene.between(pending).await?;
    let pending = given_back(pending.confirm(first).await)?;
    let pending = scene.between(pending).await?;
    let sign_in = pending.confirm(scene.code(PHONE)?).await?;
    let session = is_signed_in(scene, sign_in).await?;
    let profile = session.profile().await?;
    check(profile.uuid == Some(uuid), "it is the same user")?;
    Ok("signed in by the second code; the first is void".to_owned())
}

pub async fn email(scene: &mut Scene<'_>) -> Outcome {
    let sign_in = scene.client.email_code_sign_in(EMAIL, BRANCH);
    let pending = scene.between(sign_in.send_code().await?).await?;
    let pending = given_back(pending.confirm(scene.wrong_code(EMAIL)?).await)?;
    scene.wait(WAIT);
    let mut pending = scene.between(pending).await?;
    pending.resend().await?;
    let pending = scene.between(pending).await?;
    let sign_in = pending.confirm(scene.code(EMAIL)?).await?;
    let session = is_signed_in(scene, sign_in).await?;
    let profile = session.profile().await?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    Ok("signed in by the code that was sent again".to_owned())
}

pub async fn in_shared_words(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada());
    scene.mock.require_mfa(PHONE, "246810");
    let visit = Visit {
        to: Destination::phone("43", &PHONE["+43".len()..]),
        authenticator: "246810",
        whoami: "/front/customers",
        system: |client: &Client| Box::new(client.at_branch(BRANCH)),
    };
    shared_words::sign_in(scene, visit).await
}

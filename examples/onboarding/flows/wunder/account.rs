//! Accounts, their passwords and what is known of their users.

use serde_json::json;
use vestibule::ErrorKind;
use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};

use super::super::failed::{expect, given_back, stopped};
use super::*;

const NEW_PASSWORD: &str = "a better horse";

pub async fn register(scene: &mut Scene<'_>) -> Outcome {
    let registration = scene.client.register().email(EMAIL).phone(PHONE);
    let registration = registration.password(PASSWORD).branch_id(BRANCH);
    let customer = registration.member("firstName", "Ada").create().await?;
    check(
        customer.email_is_verified == Some(false),
        "the address is not verified",
    )?;
    check(scene.mock.signatures_seen() == 1, "it was signed")?;
    scene.between(()).await?;
    check(
        scene.mock.open_email_link(scene.code(EMAIL)?.expose()),
        "the link is good",
    )?;
    let sign_in = scene.client.password_sign_in(EMAIL, PASSWORD).await?;
    let session = is_signed_in(scene, sign_in).await?;
    let profile = session.profile().await?;
    check(profile.extra["firstName"] == "Ada", "the name is kept")?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    Ok("created signed, verified by the link, signed in".to_owned())
}

pub async fn social_sign_up(scene: &mut Scene<'_>) -> Outcome {
    scene
        .mock
        .add_social_account("google", "from-google", Some(EMAIL));
    let login = json!({"email": EMAIL, "token": "from-google"});
    let unknown = scene.client.social_sign_in(&login).await;
    stopped(unknown, ErrorKind::Refused)?;
    scene.between(()).await?;
    scene.client.social_sign_up(&login).await?;
    check(scene.mock.signatures_seen() == 1, "it was signed")?;
    scene.between(()).await?;
    let sign_in = scene.client.social_sign_in(&login).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("created by a third party's account, signed in by it".to_owned())
}

pub async fn password_reset(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada());
    let reset = scene.client.request_password_reset(EMAIL).await?;
    let mut reset = scene.between(reset).await?;
    stopped(reset.resend().await, ErrorKind::SlowDown)?;
    scene.wait(WAIT);
    reset.resend().await?;
    let reset = scene.between(reset).await?;
    let wrong = scene.wrong_code(EMAIL)?;
    let reset = given_back(reset.set_password(wrong, NEW_PASSWORD).await)?;
    let reset = scene.between(reset).await?;
    let code = scene.code(EMAIL)?;
    reset.set_password(code, NEW_PASSWORD).await?;
    signs_in_by_the_new_password(scene).await?;
    Ok("set by the code that was sent again; the old one is void".to_owned())
}

/// As a link in a message does it, which carries the code and no state.
pub async fn password_by_code_alone(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada());
    drop(scene.client.request_password_reset(EMAIL).await?);
    scene.between(()).await?;
    let code = scene.code(EMAIL)?;
    scene.client.set_password(code, NEW_PASSWORD).await?;
    signs_in_by_the_new_password(scene).await?;
    Ok("set by the code of the link; the old one is void".to_owned())
}

async fn signs_in_by_the_new_password(scene: &mut Scene<'_>) -> Result<(), Failed> {
    scene.between(()).await?;
    let old = scene.client.password_sign_in(EMAIL, PASSWORD).await;
    stopped(old, ErrorKind::Refused)?;
    let new = scene.client.password_sign_in(EMAIL, NEW_PASSWORD).await?;
    is_signed_in(scene, new).await?;
    Ok(())
}

pub async fn profile(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let change = session.change_profile().member("firstName", "Ada");
    let change = change.custom_properties(json!({"externalId": "7"}));
    let changed = change.save().await?;
    let session = scene.between(session).await?;
    let profile = session.profile().await?;
    check(profile == changed, "the change is kept")?;
    check(profile.extra["firstName"] == "Ada", "the name is new")?;
    let properties = expect(profile.custom_properties, "property")?;
    check(properties["externalId"] == "7", "the property is new")?;
    check(
        profile.phone_number.as_deref() == Some(PHONE),
        "the rest stays",
    )?;
    Ok("read, changed, and read again".to_owned())
}

pub async fn signed_profile(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let signed = session.signed_profile().await?;
    scene.between(session).await?;
    // This is the other system, which knows the key and which algorithms it allows.
    let key = Wunder::SIGNED_DATA_KEY;
    let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256])?;
    let verifier = verifier.clock(scene.mock.clock().clock());
    let claims = verifier.verify(signed.jwt())?;
    check(claims["email"] == EMAIL, "the claims are Ada's")?;
    let strict = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs512])?;
    stopped(strict.verify(signed.jwt()), ErrorKind::Refused)?;
    Ok("verified downstream by key and allowed algorithm".to_owned())
}

pub async fn deletion_request(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    check(!scene.mock.asked_for_deletion(EMAIL), "nobody asked yet")?;
    session.request_deletion().await?;
    check(scene.mock.asked_for_deletion(EMAIL), "the server knows")?;
    Ok("asked for; the operator decides".to_owned())
}

pub async fn identity_cards(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let none = session.identity_cards().next_page().await?;
    check(
        none.is_none_or(|page| page.items.is_empty()),
        "there is none yet",
    )?;
    scene
        .mock
        .add_identity_card(EMAIL, json!({"number": "C-7"}));
    let session = scene.between(session).await?;
    let page = session.identity_cards().next_page().await?;
    let cards = expect(page, "page")?.items;
    check(cards.len() == 1, "there is one card")?;
    check(cards[0].extra["number"] == "C-7", "it came as it is")?;
    Ok("none at first, then the one that was assigned".to_owned())
}

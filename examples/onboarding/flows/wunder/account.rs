//! Accounts, passwords and profiles.

use serde_json::json;
use vestibule::ErrorKind;
#[cfg(feature = "signed-profile")]
use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
use vestibule::wunder::SignedProfile;

use super::super::failed::{expect, fails_with, returned_state};
use super::*;

const NEW_PASSWORD: &str = "a better horse";

pub async fn register(fixture: &mut Fixture<'_>) -> Outcome {
    let registration = fixture
        .client
        .sign_up()
        .email(EMAIL)
        .phone(vestibule::Phone::parse(PHONE)?);
    let registration = registration.password(PASSWORD).branch_id(BRANCH);
    let customer = registration.member("firstName", "Ada").send().await?;
    check(
        customer.email_is_verified == Some(false),
        "the address is not verified",
    )?;
    check(fixture.mock.signatures_seen() == 1, "it was signed")?;
    fixture.next_step(()).await?;
    check(
        fixture.mock.open_email_link(fixture.code(EMAIL)?.expose()),
        "the link is valid",
    )?;
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let profile = session.profile().await?;
    check(profile.extra["firstName"] == "Ada", "the name is stored")?;
    check(
        profile.email_is_verified == Some(true),
        "the address is verified",
    )?;
    Ok("created signed, verified by the link, signed in".to_owned())
}

pub async fn social_sign_up(fixture: &mut Fixture<'_>) -> Outcome {
    fixture
        .mock
        .add_social_account("google", &"from-google".into(), Some(EMAIL));
    let login = json!({"email": EMAIL, "token": "from-google"});
    let unknown = fixture.client.sign_in_with_social(&login).await;
    fails_with(unknown, ErrorKind::Rejected)?;
    fixture.next_step(()).await?;
    fixture.client.sign_up_with_social(&login).await?;
    check(fixture.mock.signatures_seen() == 1, "it was signed")?;
    fixture.next_step(()).await?;
    let sign_in = fixture.client.sign_in_with_social(&login).await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("created from a social account, signed in by it".to_owned())
}

pub async fn password_reset(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    let reset = fixture.client.reset_password_by_code(EMAIL).await?;
    let mut reset = fixture.next_step(reset).await?;
    fails_with(reset.resend().await, ErrorKind::RateLimited)?;
    fixture.wait(WAIT);
    reset.resend().await?;
    let reset = fixture.next_step(reset).await?;
    let wrong = fixture.wrong_code(EMAIL)?;
    let reset = returned_state(
        reset
            .set_password(wrong, vestibule::NewPassword::new(NEW_PASSWORD))
            .await,
    )?;
    let reset = fixture.next_step(reset).await?;
    let code = fixture.code(EMAIL)?;
    reset
        .set_password(code, vestibule::NewPassword::new(NEW_PASSWORD))
        .await?;
    signs_in_by_the_new_password(fixture).await?;
    Ok("set by the resent code; the old password is invalid".to_owned())
}

/// As from a link in a message, which carries the code and no state.
pub async fn password_by_code_alone(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    drop(fixture.client.reset_password_by_code(EMAIL).await?);
    fixture.next_step(()).await?;
    let code = fixture.code(EMAIL)?;
    fixture
        .client
        .set_password(code, vestibule::NewPassword::new(NEW_PASSWORD))
        .await?;
    signs_in_by_the_new_password(fixture).await?;
    Ok("set by the code of the link; the old password is invalid".to_owned())
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

pub async fn profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let change = session.update_profile().member("firstName", "Ada");
    let change = change.custom_properties(json!({"externalId": "7"}));
    let changed = change.send().await?;
    let session = fixture.next_step(session).await?;
    let profile = session.profile().await?;
    check(profile == changed, "the change is stored")?;
    check(profile.extra["firstName"] == "Ada", "the name is new")?;
    let properties = expect(profile.custom_properties, "property")?;
    check(properties["externalId"] == "7", "the property is new")?;
    check(
        profile.phone_number.as_deref() == Some(PHONE),
        "other members are unchanged",
    )?;
    Ok("read, changed, and read again".to_owned())
}

pub async fn signed_profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let signed = session.signed_profile().await?;
    fixture.next_step(session).await?;
    is_verified(fixture, &signed)?;
    Ok("signed by the server, and verified with the feature `signed-profile`".to_owned())
}

/// The receiving system knows the key and the allowed algorithms.
#[cfg(feature = "signed-profile")]
fn is_verified(fixture: &Fixture<'_>, signed: &SignedProfile) -> Result<(), Failed> {
    let key = Wunder::SIGNED_DATA_KEY;
    let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256])?;
    let verifier = verifier.clock(fixture.mock.clock().clone());
    let claims = verifier.verify(signed.jwt())?;
    check(claims["email"] == EMAIL, "the claims are Ada's")?;
    let strict = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs512])?;
    fails_with(strict.verify(signed.jwt()), ErrorKind::Rejected)
}

#[cfg(not(feature = "signed-profile"))]
fn is_verified(_: &Fixture<'_>, signed: &SignedProfile) -> Result<(), Failed> {
    let parts = signed.jwt().expose().split('.').count();
    check(parts == 3, "the profile is a JWT")
}

pub async fn deletion_request(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    check(!fixture.mock.deletion_requested(EMAIL), "no request yet")?;
    session.request_deletion().await?;
    check(
        fixture.mock.deletion_requested(EMAIL),
        "the server recorded the request",
    )?;
    Ok("requested; the operator decides".to_owned())
}

pub async fn identity_cards(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let none = session.identity_cards().next_page().await?;
    check(
        none.is_none_or(|page| page.items.is_empty()),
        "there is none yet",
    )?;
    fixture
        .mock
        .add_identity_card(EMAIL, json!({"number": "C-7"}));
    let session = fixture.next_step(session).await?;
    let page = session.identity_cards().next_page().await?;
    let cards = expect(page, "page")?.items;
    check(cards.len() == 1, "there is one card")?;
    check(cards[0].extra["number"] == "C-7", "the card is unchanged")?;
    Ok("none at first, then the assigned card".to_owned())
}

//! Sign-in in one step: by password, by token, by a social account.

use vestibule::ErrorKind;
use vestibule::fynd::SocialSignIn;
use vestibule::testing::FyndProvider;

use super::super::failed::{fails_with, returned_state};
use super::*;

pub async fn password(fixture: &mut Fixture<'_>) -> Outcome {
    let wrong = fixture.client.sign_in_with_password(EMAIL, PASSWORD).await;
    fails_with(wrong, ErrorKind::Rejected)?;
    fixture.next_step(()).await?;
    signed_in_asha(fixture).await?;
    Ok("signed in, with cookies of this user only".to_owned())
}

pub async fn token(fixture: &mut Fixture<'_>) -> Outcome {
    let id = add_asha(fixture)?;
    let token = Secret::from(fixture.mock.issue_login_token(&id));
    let sign_in = fixture.client.sign_in_with_token(token.clone()).await?;
    is_signed_in(fixture, sign_in).await?;
    let again = fixture.client.sign_in_with_token(token).await;
    fails_with(again, ErrorKind::Rejected)?;
    Ok("signed in; the token is valid once".to_owned())
}

/// Signs Asha in by the login of a social account.
async fn third_party(
    fixture: &mut Fixture<'_>,
    provider: FyndProvider,
    operation: &str,
    account: impl FnOnce(String) -> SocialSignIn,
) -> Outcome {
    let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{MOBILE}"))?);
    fixture.mock.add_user(asha.social(provider, "1001"));
    let token = fixture.mock.issue_social_token(provider, "1001", None);
    let sign_in = fixture.client.sign_in_with_social(account(token)).await?;
    is_signed_in(fixture, sign_in).await?;
    check(
        fixture.mock.count(operation) == 1,
        "the operation of this provider was called",
    )?;
    Ok("signed in by the social account".to_owned())
}

pub async fn facebook(fixture: &mut Fixture<'_>) -> Outcome {
    let account = |token| SocialSignIn::facebook(token).id("1001");
    third_party(
        fixture,
        FyndProvider::Facebook,
        "login_with_facebook",
        account,
    )
    .await
}

pub async fn google(fixture: &mut Fixture<'_>) -> Outcome {
    let account = SocialSignIn::google;
    third_party(fixture, FyndProvider::Google, "login_with_google", account).await
}

pub async fn google_android(fixture: &mut Fixture<'_>) -> Outcome {
    let account = SocialSignIn::google_android;
    third_party(
        fixture,
        FyndProvider::Google,
        "login_with_google_android",
        account,
    )
    .await
}

pub async fn google_ios(fixture: &mut Fixture<'_>) -> Outcome {
    let account = SocialSignIn::google_ios;
    third_party(
        fixture,
        FyndProvider::Google,
        "login_with_google_ios",
        account,
    )
    .await
}

pub async fn apple(fixture: &mut Fixture<'_>) -> Outcome {
    let account = |token| SocialSignIn::apple(token).id("1001");
    third_party(
        fixture,
        FyndProvider::Apple,
        "login_with_apple_ios",
        account,
    )
    .await
}

/// The sales channel requires a confirmed mobile number, which the social account does not have.
pub async fn new_user_of_a_social_account(fixture: &mut Fixture<'_>) -> Outcome {
    let google = FyndProvider::Google;
    let token = fixture.mock.issue_social_token(google, "1001", Some(EMAIL));
    let account = SocialSignIn::google(token).first_name("Asha");
    let sign_in = fixture.client.sign_in_with_social(account).await?;
    let profile = fixture.next_step(profile_to_complete(sign_in)?).await?;
    let profile = returned_state(profile.first_name("Asha").last_name("Rao").send().await)?;
    let profile = fixture
        .next_step(profile)
        .await?
        .phone(vestibule::Phone::parse(&format!("+91{MOBILE}"))?);
    let codes = codes(profile.first_name("Asha").last_name("Rao").send().await?)?;
    let codes = fixture.next_step(codes).await?;
    check(codes.email().is_none(), "the address needs no code")?;
    let sign_in = codes.confirm_phone(fixture.code(SMS)?).await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("profile completed, number confirmed, signed in".to_owned())
}

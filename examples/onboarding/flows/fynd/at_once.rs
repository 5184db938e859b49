//! Signing in at once: by password, by token, by an account at a third party.

use vestibule::ErrorKind;
use vestibule::fynd::SocialSignIn;
use vestibule::testing::FyndProvider;

use super::super::failed::{given_back, stopped};
use super::*;

pub async fn password(scene: &mut Scene<'_>) -> Outcome {
    let wrong = scene.client.password_sign_in(EMAIL, PASSWORD).await;
    stopped(wrong, ErrorKind::Refused)?;
    scene.between(()).await?;
    signed_in_asha(scene).await?;
    Ok("signed in, by cookies of this user alone".to_owned())
}

pub async fn token(scene: &mut Scene<'_>) -> Outcome {
    let id = add_asha(scene);
    let token = Secret::from(scene.mock.issue_login_token(&id));
    let sign_in = scene.client.token_sign_in(token.clone()).await?;
    is_signed_in(scene, sign_in).await?;
    let again = scene.client.token_sign_in(token).await;
    stopped(again, ErrorKind::Refused)?;
    Ok("signed in; the token is good once".to_owned())
}

/// Signs Asha in by what her app has got from the third party.
async fn third_party(
    scene: &mut Scene<'_>,
    provider: FyndProvider,
    operation: &str,
    account: impl FnOnce(String) -> SocialSignIn,
) -> Outcome {
    let asha = FyndUser::new("Asha").mobile("91", MOBILE);
    scene.mock.seed_user(asha.social(provider, "1001"));
    let token = scene.mock.issue_social_token(provider, "1001", None);
    let sign_in = scene.client.social_sign_in(account(token)).await?;
    is_signed_in(scene, sign_in).await?;
    check(scene.mock.count(operation) == 1, "it went its own way")?;
    Ok("signed in by what the third party vouches for".to_owned())
}

pub async fn facebook(scene: &mut Scene<'_>) -> Outcome {
    let account = |token| SocialSignIn::facebook(token).id("1001");
    third_party(
        scene,
        FyndProvider::Facebook,
        "login_with_facebook",
        account,
    )
    .await
}

pub async fn google(scene: &mut Scene<'_>) -> Outcome {
    let account = SocialSignIn::google;
    third_party(scene, FyndProvider::Google, "login_with_google", account).await
}

pub async fn google_android(scene: &mut Scene<'_>) -> Outcome {
    let account = SocialSignIn::google_android;
    third_party(
        scene,
        FyndProvider::Google,
        "login_with_google_android",
        account,
    )
    .await
}

pub async fn google_ios(scene: &mut Scene<'_>) -> Outcome {
    let account = SocialSignIn::google_ios;
    third_party(
        scene,
        FyndProvider::Google,
        "login_with_google_ios",
        account,
    )
    .await
}

pub async fn apple(scene: &mut Scene<'_>) -> Outcome {
    let account = |token| SocialSignIn::apple(token, "1001");
    third_party(scene, FyndProvider::Apple, "login_with_apple_ios", account).await
}

/// The sales channel wants a confirmed mobile number, which the third party does not know.
pub async fn new_user_of_a_third_party(scene: &mut Scene<'_>) -> Outcome {
    let google = FyndProvider::Google;
    let token = scene.mock.issue_social_token(google, "1001", Some(EMAIL));
    let account = SocialSignIn::google(token).first_name("Asha");
    let sign_in = scene.client.social_sign_in(account).await?;
    let profile = scene.between(profile_to_complete(sign_in)?).await?;
    let profile = given_back(profile.complete("Asha", "Rao").await)?;
    let profile = scene.between(profile).await?.mobile(MOBILE, "91");
    let codes = codes(profile.complete("Asha", "Rao").await?)?;
    let codes = scene.between(codes).await?;
    check(codes.email().is_none(), "the address needs no code")?;
    let sign_in = codes.confirm_mobile(scene.code(SMS)?).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("profile completed, number confirmed, signed in".to_owned())
}

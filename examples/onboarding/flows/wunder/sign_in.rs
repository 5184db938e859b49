//! Signing in at once, and what keeps and ends a session.

use serde_json::json;
use vestibule::ErrorKind;

use super::super::failed::{expect, stopped};
use super::*;

pub async fn password(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada());
    let wrong = scene.client.password_sign_in(EMAIL, "wrong horse").await;
    stopped(wrong, ErrorKind::Refused)?;
    scene.between(()).await?;
    let sign_in = scene.client.password_sign_in(EMAIL, PASSWORD).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("signed in".to_owned())
}

pub async fn social(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada().social("google", "from-google"));
    let login = json!({"provider": "google", "token": "from-google"});
    let sign_in = scene.client.social_sign_in(&login).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("signed in by what a third party vouches for".to_owned())
}

pub async fn gaiyo(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_user(ada().social("gaiyo", "from-gaiyo"));
    let login = json!({"token": "from-gaiyo"});
    let sign_in = scene.client.gaiyo_sign_in(&login).await?;
    is_signed_in(scene, sign_in).await?;
    Ok("signed in by what Gaiyo vouches for".to_owned())
}

pub async fn api_client(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.add_api_client("service", "service-key");
    let user = scene.mock.add_user(ada().created_by("service"));
    let stranger = WunderUser::new().email("bob@example.org");
    let stranger = scene.mock.add_user(stranger);
    let service = scene.client.api_client_sign_in("service", "service-key");
    let service = session(service.await?)?;
    let service = scene.between(service).await?;
    let profile = service.acting_for(&user)?.profile().await?;
    check(profile.email.as_deref() == Some(EMAIL), "it acts for Ada")?;
    let foreign = service.acting_for(&stranger)?.profile().await;
    stopped(foreign, ErrorKind::Refused)?;
    Ok("acts for the user that it created, for nobody else".to_owned())
}

pub async fn openid_exchange(scene: &mut Scene<'_>) -> Outcome {
    scene
        .mock
        .add_social_account("partner", "from-partner", None);
    let session = signed_in_ada(scene).await?;
    let token = json!({"token": "from-partner"});
    let exchanged = session.exchange_openid_token(&token).await?;
    let got = expect(exchanged.get("token"), "token")?;
    check(
        got.is_string() && *got != token["token"],
        "another token came",
    )?;
    let session = scene.between(session).await?;
    session.profile().await?;
    Ok("another token for the one of a partner".to_owned())
}

pub async fn refresh(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let first = session.access_token().await?;
    scene.wait(Duration::from_secs(6 * 3600));
    let session = scene.between(session).await?;
    let second = session.access_token().await?;
    check(first != second, "the access token is a new one")?;
    let session = scene.between(session).await?;
    let kept = session.access_token().await?;
    check(kept == second, "the new one is kept")?;
    session.profile().await?;
    check(
        scene.mock.count("refresh_token") == 1,
        "one refresh was enough",
    )?;
    Ok("a new access token after six hours, by one refresh".to_owned())
}

pub async fn logout(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let id = session.id().clone();
    session.sign_out().await?;
    check(scene.mock.count("logout") == 1, "the server was told")?;
    scene.between(()).await?;
    let gone = scene.client.session(&id).await;
    stopped(gone, ErrorKind::SignInAgain)?;
    Ok("the server was told, and the session is gone".to_owned())
}

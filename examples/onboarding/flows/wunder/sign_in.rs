//! Sign-in in one step, refresh and sign-out.

use serde_json::json;
use vestibule::ErrorKind;

use super::super::failed::{expect, fails_with};
use super::*;

pub async fn password(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(ada());
    let wrong = fixture
        .client
        .sign_in_with_password(EMAIL, "wrong horse")
        .await;
    fails_with(wrong, ErrorKind::Rejected)?;
    fixture.next_step(()).await?;
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("signed in".to_owned())
}

pub async fn social(fixture: &mut Fixture<'_>) -> Outcome {
    fixture
        .mock
        .add_user(ada().social("google", "from-google".into()));
    let login = json!({"provider": "google", "token": "from-google"});
    let sign_in = fixture.client.sign_in_with_social(&login).await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("signed in by a social account".to_owned())
}

pub async fn gaiyo(fixture: &mut Fixture<'_>) -> Outcome {
    fixture
        .mock
        .add_user(ada().social("gaiyo", "from-gaiyo".into()));
    let login = json!({"token": "from-gaiyo"});
    let sign_in = fixture.client.sign_in_with_gaiyo(&login).await?;
    is_signed_in(fixture, sign_in).await?;
    Ok("signed in by Gaiyo".to_owned())
}

pub async fn api_client(fixture: &mut Fixture<'_>) -> Outcome {
    fixture
        .mock
        .add_api_client("service", &"service-key".into());
    let user = fixture.mock.add_user(ada().created_by("service"));
    let stranger = WunderUser::new().email("bob@example.org");
    let stranger = fixture.mock.add_user(stranger);
    let service = fixture
        .client
        .sign_in_with_api_client("service", vestibule::Secret::from("service-key"));
    let service = session(service.await?)?;
    let service = fixture.next_step(service).await?;
    let profile = service.impersonate(&user)?.profile().await?;
    check(profile.email.as_deref() == Some(EMAIL), "it acts for Ada")?;
    let foreign = service.impersonate(&stranger)?.profile().await;
    fails_with(foreign, ErrorKind::Rejected)?;
    Ok("acts only for the user that it created".to_owned())
}

pub async fn openid_exchange(fixture: &mut Fixture<'_>) -> Outcome {
    fixture
        .mock
        .add_social_account("partner", &"from-partner".into(), None);
    let session = signed_in_ada(fixture).await?;
    let token = json!({"token": "from-partner"});
    let exchanged = session.request_openid_token(&token).await?;
    let got = expect(exchanged.get("token"), "token")?;
    check(
        got.is_string() && *got != token["token"],
        "a token was returned",
    )?;
    let session = fixture.next_step(session).await?;
    session.profile().await?;
    Ok("exchanged a partner's token".to_owned())
}

pub async fn refresh(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let first = session.access_token().await?;
    fixture.wait(Duration::from_secs(6 * 3600));
    let session = fixture.next_step(session).await?;
    let second = session.access_token().await?;
    check(first != second, "the access token is a new one")?;
    let session = fixture.next_step(session).await?;
    let resumable = session.access_token().await?;
    check(resumable == second, "the new one is kept")?;
    session.profile().await?;
    check(
        fixture.mock.count("refresh_token") == 1,
        "one refresh was enough",
    )?;
    Ok("a new access token after six hours, by one refresh".to_owned())
}

pub async fn logout(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let id = session.id().clone();
    session.sign_out().await?;
    check(
        fixture.mock.count("logout") == 1,
        "the server received the sign-out",
    )?;
    fixture.next_step(()).await?;
    let gone = fixture.client.resume_session(&id).await;
    fails_with(gone, ErrorKind::Unauthenticated)?;
    Ok("the server received the sign-out, and the session has ended".to_owned())
}

//! Profile, attributes, sessions, and calls without a session.

use serde_json::{Map, json};
use vestibule::ErrorKind;
use vestibule::testing::{FyndAttribute, FyndSignIn};

use super::super::failed::fails_with;
use super::*;

pub async fn profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    let change = session.update_profile().last_name("Rao").gender("female");
    change.send().await?;
    let session = fixture.next_step(session).await?;
    let user = session.profile().await?;
    check(user.last_name.as_deref() == Some("Rao"), "the name is new")?;
    check(
        user.gender.as_deref() == Some("female"),
        "the other members are new",
    )?;
    check(
        user.first_name.as_deref() == Some("Asha"),
        "the first name stays",
    )?;
    Ok("read, changed, and read again".to_owned())
}

pub async fn attributes(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.define_attribute("size", FyndAttribute::Text);
    let session = signed_in_asha(fixture).await?;
    check(session.attributes().await?.is_empty(), "there are none yet")?;
    let size = Map::from_iter([("size".to_owned(), json!("M"))]);
    session.update_attributes(size).await?;
    let session = fixture.next_step(session).await?;
    check(
        session.attributes().await?["size"] == "M",
        "the size is kept",
    )?;
    Ok("none at first, then the new attribute".to_owned())
}

pub async fn sessions(fixture: &mut Fixture<'_>) -> Outcome {
    let first = signed_in_asha(fixture).await?;
    let second = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    let second = expect(second.signed_in(), "session")?;
    check(second.active_sessions().await?.len() == 2, "there are two")?;
    second.sign_out().await?;
    let first = fixture.next_step(first).await?;
    check(first.active_sessions().await?.len() == 1, "one is left")?;
    Ok("two, then one after the other signed out".to_owned())
}

pub async fn logout(fixture: &mut Fixture<'_>) -> Outcome {
    let id = add_asha(fixture)?;
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let session_id = session.id().clone();
    session.sign_out().await?;
    check(
        fixture.mock.sessions_of(&id) == 0,
        "the server has no session",
    )?;
    fixture.next_step(()).await?;
    let gone = fixture.client.resume_session(&session_id).await;
    fails_with(gone, ErrorKind::Unauthenticated)?;
    Ok("the session has ended on the server and locally".to_owned())
}

pub async fn user_exists(fixture: &mut Fixture<'_>) -> Outcome {
    check(
        !fixture.client.user_exists(EMAIL).await?,
        "no user has the address",
    )?;
    add_asha(fixture)?;
    fixture.next_step(()).await?;
    check(
        fixture.client.user_exists(EMAIL).await?,
        "the address has a user",
    )?;
    Ok("false, then true after the user is added".to_owned())
}

pub async fn platform_config(fixture: &mut Fixture<'_>) -> Outcome {
    let offers_password = async |client: &Client| {
        let login = client.platform_config().await?.login;
        Ok::<_, Failed>(expect(login, "login method")?.password)
    };
    check(
        offers_password(&fixture.client).await? == Some(true),
        "it is on",
    )?;
    fixture.mock.switch_off(FyndSignIn::Password);
    fixture.next_step(()).await?;
    check(
        offers_password(&fixture.client).await? == Some(false),
        "it is off",
    )?;
    Ok("the login methods of the application".to_owned())
}

//! What a user sees and changes, and what anybody may ask.

use serde_json::{Map, json};
use vestibule::ErrorKind;
use vestibule::fynd::ProfileChange;
use vestibule::testing::{FyndAttribute, FyndSignIn};

use super::super::failed::stopped;
use super::*;

pub async fn profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    let change = ProfileChange::new().last_name("Rao").gender("female");
    session.change_profile(change).await?;
    let session = fixture.between(session).await?;
    let user = session.user().await?;
    check(user.last_name.as_deref() == Some("Rao"), "the name is new")?;
    check(user.gender.as_deref() == Some("female"), "so is the rest")?;
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
    session.change_attributes(size).await?;
    let session = fixture.between(session).await?;
    check(
        session.attributes().await?["size"] == "M",
        "the size is kept",
    )?;
    Ok("none at first, then the one that was set".to_owned())
}

pub async fn sessions(fixture: &mut Fixture<'_>) -> Outcome {
    let first = signed_in_asha(fixture).await?;
    let second = fixture.client.password_sign_in(EMAIL, PASSWORD).await?;
    let second = expect(second.signed_in(), "session")?;
    check(second.active_sessions().await?.len() == 2, "there are two")?;
    second.sign_out().await?;
    let first = fixture.between(first).await?;
    check(first.active_sessions().await?.len() == 1, "one is left")?;
    Ok("two, and one when the other has signed out".to_owned())
}

pub async fn logout(fixture: &mut Fixture<'_>) -> Outcome {
    let id = add_asha(fixture);
    let sign_in = fixture.client.password_sign_in(EMAIL, PASSWORD).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    let session_id = session.id().clone();
    session.sign_out().await?;
    check(
        fixture.mock.sessions_of(&id) == 0,
        "the server has no session",
    )?;
    fixture.between(()).await?;
    let gone = fixture.client.session(&session_id).await;
    stopped(gone, ErrorKind::SignInAgain)?;
    Ok("the session is gone, there and here".to_owned())
}

pub async fn user_exists(fixture: &mut Fixture<'_>) -> Outcome {
    check(
        !fixture.client.user_exists(EMAIL).await?,
        "nobody has the address",
    )?;
    add_asha(fixture);
    fixture.between(()).await?;
    check(fixture.client.user_exists(EMAIL).await?, "somebody has it")?;
    Ok("no, and yes when there is one".to_owned())
}

pub async fn platform_config(fixture: &mut Fixture<'_>) -> Outcome {
    let offers_password = async |client: &Client| {
        let login = client.platform_config().await?.login;
        Ok::<_, Failed>(expect(login, "way in")?.password)
    };
    check(
        offers_password(&fixture.client).await? == Some(true),
        "it is on",
    )?;
    fixture.mock.switch_off(FyndSignIn::Password);
    fixture.between(()).await?;
    check(
        offers_password(&fixture.client).await? == Some(false),
        "it is off",
    )?;
    Ok("which ways in there are".to_owned())
}

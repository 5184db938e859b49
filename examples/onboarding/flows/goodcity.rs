//! The flows of GoodCity.

use std::time::Duration;

use vestibule::Contact;
use vestibule::ErrorKind;
use vestibule::goodcity::{Client, PendingCode, Session};
use vestibule::testing::GoodCity;

use super::code_sign_in::{self, CodeSignInCase};
use super::failed::{Failed, Outcome, check, expect, fails_with, returned_state};
use super::fixture::{self, resumable, system};
use super::{Flow, flows};

const MOBILE: &str = "+85251234567";
/// The client's interval between two pins.
const WAIT: Duration = Duration::from_secs(60);

type Fixture<'k> = fixture::Fixture<'k, GoodCity>;

pub fn flows() -> Vec<Flow<GoodCity>> {
    flows![
        "sign up" => sign_up,
        "sign in" => sign_in,
        "pin resent" => pin_resent,
        "key invalidated by a 401, new pin" => key_lost,
        "unknown number" => unknown_number,
        "profile" => profile,
        "profile of an old server" => profile_of_an_old_server,
        "device" => device,
        "sign in again after the token expired" => again_after_expiry,
        "pin through CodeSignIn" => by_code_sign_in,
        "sign out" => sign_out,
    ]
}

system!(GoodCity, "goodcity", Client, |mock| {
    Client::builder(mock.base_url()).app_name("app")
});

resumable!(GoodCity: PendingCode, by Client::resume_challenge);
resumable!(GoodCity: Session, by Client::resume_session);

/// Sends a pin to Ada, an existing user.
async fn send_pin(fixture: &mut Fixture<'_>) -> Result<PendingCode, Failed> {
    fixture.mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE)?)
            .first_name("Ada")
            .last_name("Wong"),
    );
    let pending = fixture.client.sign_in_with_pin(&MOBILE.parse()?).await?;
    fixture.next_step(pending).await
}

/// Confirms the newest pin.
async fn confirm(fixture: &mut Fixture<'_>, pending: PendingCode) -> Result<Session, Failed> {
    let signed_in = pending.confirm(fixture.code(MOBILE)?).await?;
    fixture.next_step(signed_in.session).await
}

async fn signed_in_ada(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    let pending = send_pin(fixture).await?;
    confirm(fixture, pending).await
}

async fn is_called(session: &Session, first_name: &str) -> Result<(), Failed> {
    let user = expect(session.profile().await?.user_profile, "user")?;
    let is_so = user.first_name.as_deref() == Some(first_name);
    check(is_so, "the user has this name")
}

async fn sign_up(fixture: &mut Fixture<'_>) -> Outcome {
    let sign_up = fixture
        .client
        .sign_up(&MOBILE.parse()?)
        .first_name("Grace")
        .last_name("Lee");
    let pending = sign_up.district_id("7").send().await?;
    let pending = fixture.next_step(pending).await?;
    let session = confirm(fixture, pending).await?;
    is_called(&session, "Grace").await?;
    let addresses = expect(session.profile().await?.addresses, "address")?;
    check(
        addresses[0].district_id == Some(7),
        "the district is stored",
    )?;
    session.sign_out().await?;

    fixture.wait(WAIT);
    let known = fixture
        .client
        .sign_up(&MOBILE.parse()?)
        .first_name("Eve")
        .last_name("Li")
        .send();
    let known = fixture.next_step(known.await?).await?;
    let session = confirm(fixture, known).await?;
    is_called(&session, "Grace").await?;
    Ok("created; a second sign-up does not change the names".to_owned())
}

async fn sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    let pending = send_pin(fixture).await?;
    let pending = returned_state(pending.confirm(fixture.wrong_code(MOBILE)?).await)?;
    let pending = fixture.next_step(pending).await?;
    let session = confirm(fixture, pending).await?;
    is_called(&session, "Ada").await?;
    Ok("signed in by the second try".to_owned())
}

async fn pin_resent(fixture: &mut Fixture<'_>) -> Outcome {
    let pending = send_pin(fixture).await?;
    let first = fixture.code(MOBILE)?;
    let mut pending = fixture.next_step(pending).await?;
    fails_with(pending.resend().await, ErrorKind::RateLimited)?;
    check(
        fixture.mock.count("send_pin") == 1,
        "no message was sent before the timer",
    )?;
    fixture.wait(pending.resend_timer().remaining());
    let mut pending = fixture.next_step(pending).await?;
    pending.resend().await?;
    let mut pending = fixture.next_step(pending).await?;
    let second = fixture.code(MOBILE)?;
    // The two pins may be equal by chance.
    if first != second {
        pending = returned_state(pending.confirm(first).await)?;
    }
    let session = confirm(fixture, pending).await?;
    is_called(&session, "Ada").await?;
    Ok("signed in by the second pin, with the newest key".to_owned())
}

/// A 401 invalidates the former key too, so the client does not send the former pin.
async fn key_lost(fixture: &mut Fixture<'_>) -> Outcome {
    let pending = send_pin(fixture).await?;
    fixture.wait(WAIT);
    let mut pending = fixture.next_step(pending).await?;
    fixture.mock.fail_next("send_pin", 401);
    fails_with(pending.resend().await, ErrorKind::Rejected)?;
    let pending = fixture.next_step(pending).await?;
    let Err(failed) = pending.confirm(fixture.code(MOBILE)?).await else {
        return Err(Failed::because("the former pin was accepted"));
    };
    check(
        failed.error.kind() == ErrorKind::StepRequired,
        "a new pin is needed",
    )?;
    check(
        fixture.mock.count("verify") == 0,
        "the former pin was not sent",
    )?;
    fixture.wait(WAIT);
    let mut pending = fixture.next_step(failed.state).await?;
    pending.resend().await?;
    let pending = fixture.next_step(pending).await?;
    let session = confirm(fixture, pending).await?;
    is_called(&session, "Ada").await?;
    Ok("the former pin is not sent; signed in by a new one".to_owned())
}

async fn unknown_number(fixture: &mut Fixture<'_>) -> Outcome {
    let pending = fixture.client.sign_in_with_pin(&MOBILE.parse()?).await?;
    check(fixture.messages() == 0, "no pin was sent")?;
    let pending = fixture.next_step(pending).await?;
    let _ = returned_state(pending.confirm("1234").await)?;
    Ok("same response as for a known number, and every pin is refused".to_owned())
}

async fn profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let user = expect(session.profile().await?.user_profile, "user")?;
    check(user.last_name.as_deref() == Some("Wong"), "it is Ada's")?;
    check(
        user.is_mobile_verified == Some(true),
        "the number is verified",
    )?;
    Ok("as current servers return it".to_owned())
}

async fn profile_of_an_old_server(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.old_server(true);
    let session = signed_in_ada(fixture).await?;
    let profile = session.profile().await?;
    check(
        profile.permissions == Some(vec![]),
        "it has the members of that version",
    )?;
    let user = expect(profile.user_profile, "user")?;
    check(user.last_name.as_deref() == Some("Wong"), "it is Ada's")?;
    check(
        user.is_mobile_verified.is_none(),
        "that version has no such member",
    )?;
    Ok("as servers of 2014 returned it".to_owned())
}

async fn device(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    session.update_device("a handle", "fcm").await?;
    let session = fixture.next_step(session).await?;
    let unknown = session.update_device("a handle", "pigeon").await;
    fails_with(unknown, ErrorKind::Rejected)?;
    is_called(&session, "Ada").await?;
    Ok("registered; an unknown platform is refused".to_owned())
}

async fn again_after_expiry(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.set_token_lifetime(3600);
    let session = signed_in_ada(fixture).await?;
    fixture.wait(Duration::from_secs(3600));
    fails_with(session.profile().await, ErrorKind::Unauthenticated)?;
    let pending = session.sign_in_with_pin().await?;
    drop(session);
    let pending = fixture.next_step(pending).await?;
    check(
        pending.phone().to_e164() == MOBILE,
        "the number is filled in",
    )?;
    let session = confirm(fixture, pending).await?;
    is_called(&session, "Ada").await?;
    Ok("the token expired; signed in again with the same number".to_owned())
}

async fn by_code_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE)?)
            .first_name("Ada")
            .last_name("Wong"),
    );
    let case = CodeSignInCase {
        to: Contact::phone(MOBILE)?,
        authenticator: "",
        whoami: "/api/v1/auth/current_user_profile",
        system: |client: &Client| Box::new(client.clone()),
    };
    code_sign_in::sign_in(fixture, case).await
}

async fn sign_out(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let id = session.id().clone();
    session.sign_out().await?;
    fixture.next_step(()).await?;
    fails_with(
        fixture.client.resume_session(&id).await,
        ErrorKind::Unauthenticated,
    )?;
    Ok("the session has ended".to_owned())
}

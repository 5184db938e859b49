//! Signing in by a code in the words that all systems share: the code knows no system.

use serde_json::Value;
use vestibule::code_sign_in::{Awaited, CodeSignIn, Confirmed, Destination};
use vestibule::http::Method;
use vestibule::{ErrorKind, Secret};

use super::failed::{Failed, Outcome, check, given_back, stopped};
use super::fixture::{Fixture, System};

/// Who signs in, and where.
pub struct Visit<S: System> {
    pub to: Destination,
    /// What the authenticator shows, if there is one.
    pub authenticator: &'static str,
    /// Where the server tells who is signed in.
    pub whoami: &'static str,
    /// The system that was chosen.
    pub system: fn(&S::Client) -> Box<dyn CodeSignIn>,
}

pub async fn sign_in<S: System>(fixture: &mut Fixture<'_, S>, visit: Visit<S>) -> Outcome {
    let to = visit.to.to_text();
    let id = {
        let system = (visit.system)(&fixture.client);
        system.send_code(&visit.to).await?.id().clone()
    };
    fixture.between(()).await?;
    {
        let challenge = (visit.system)(&fixture.client).challenge(&id).await?;
        let mut challenge = given_back(challenge.confirm(fixture.wrong_code(&to)?).await)?;
        match challenge.resend_timer().cloned() {
            Some(timer) => {
                fixture.wait(timer.remaining());
                challenge.resend().await?;
            }
            None => stopped(challenge.resend().await, ErrorKind::NotOffered)?,
        }
    }
    let session_id = loop {
        fixture.between(()).await?;
        let challenge = (visit.system)(&fixture.client).challenge(&id).await?;
        let code = match challenge.awaits() {
            Awaited::Authenticator => Secret::from(visit.authenticator),
            _ => fixture.code(&to)?,
        };
        match challenge.confirm(code).await? {
            Confirmed::SignedIn(session) => break session.id().clone(),
            Confirmed::SecondFactor(next) => check(*next.id() == id, "the id stays")?,
            other => return Err(Failed::because(format_args!("{other:?}"))),
        }
    };
    fixture.between(()).await?;
    {
        let system = (visit.system)(&fixture.client);
        let session = system.session(&session_id).await?;
        let whoami = session.request(Method::GET, visit.whoami);
        let profile = whoami.send::<Value>().await?.into_inner();
        check(profile.is_object(), "the server knows who this is")?;
        drop(session);
        system.sign_out(&session_id).await?;
    }
    fixture.between(()).await?;
    let system = (visit.system)(&fixture.client);
    let gone = system.session(&session_id).await;
    stopped(gone, ErrorKind::SignInAgain)?;
    Ok("signed in and out by code that knows no system".to_owned())
}

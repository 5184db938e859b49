//! Sign-in by a code through the trait `CodeSignIn`, without code for one system.

use serde_json::Value;
use vestibule::Contact;
use vestibule::code_sign_in::{Awaited, CodeSignIn, Confirmed};
use vestibule::http::Method;
use vestibule::{ErrorKind, Secret};

use super::failed::{Failed, Outcome, check, fails_with, returned_state};
use super::fixture::{Fixture, System};

/// A user, and the system to sign in to.
pub struct CodeSignInCase<S: System> {
    pub to: Contact,
    /// The code of the authenticator, if the user has one.
    pub authenticator: &'static str,
    /// The path that returns the signed-in user.
    pub whoami: &'static str,
    /// The implementation of the system.
    pub system: fn(&S::Client) -> Box<dyn CodeSignIn>,
}

pub async fn sign_in<S: System>(fixture: &mut Fixture<'_, S>, case: CodeSignInCase<S>) -> Outcome {
    let to = case.to.to_text();
    let id = {
        let system = (case.system)(&fixture.client);
        system.send_code(&case.to).await?.id().clone()
    };
    fixture.next_step(()).await?;
    {
        let challenge = (case.system)(&fixture.client).resume_challenge(&id).await?;
        let mut challenge = returned_state(challenge.confirm(fixture.wrong_code(&to)?).await)?;
        match challenge.resend_timer().cloned() {
            Some(timer) => {
                fixture.wait(timer.remaining());
                challenge.resend().await?;
            }
            None => fails_with(challenge.resend().await, ErrorKind::Unsupported)?,
        }
    }
    let session_id = loop {
        fixture.next_step(()).await?;
        let challenge = (case.system)(&fixture.client).resume_challenge(&id).await?;
        let code = match challenge.awaits() {
            Awaited::Authenticator => Secret::from(case.authenticator),
            _ => fixture.code(&to)?,
        };
        match challenge.confirm(code).await? {
            Confirmed::SignedIn(session) => break session.id().clone(),
            Confirmed::SecondFactor(next) => check(*next.id() == id, "the id stays")?,
            other => return Err(Failed::because(format_args!("{other:?}"))),
        }
    };
    fixture.next_step(()).await?;
    {
        let system = (case.system)(&fixture.client);
        let session = system.resume_session(&session_id).await?;
        let whoami = session.request(Method::GET, case.whoami);
        let profile = whoami.send::<Value>().await?.into_inner();
        check(profile.is_object(), "the server returns the user")?;
        drop(session);
        system.sign_out(&session_id).await?;
    }
    fixture.next_step(()).await?;
    let system = (case.system)(&fixture.client);
    let gone = system.resume_session(&session_id).await;
    fails_with(gone, ErrorKind::Unauthenticated)?;
    Ok("signed in and out through `CodeSignIn`".to_owned())
}

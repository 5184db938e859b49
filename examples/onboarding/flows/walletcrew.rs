//! The flows of The Wallet Crew.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule::Contact;
use vestibule::testing::{Outbox, WalletCrew};
use vestibule::walletcrew::{Challenge, Client, Login, NextLogin, Saved, Session};
use vestibule::{ErrorKind, Secret};

use super::code_sign_in::{self, CodeSignInCase};
use super::failed::{Failed, Outcome, check, fails_with, returned_state};
use super::fixture::{self, resumable, system};
use super::{Flow, flows};

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "+33612345678";
const AN_HOUR: Duration = Duration::from_secs(3600);

type Fixture<'k> = fixture::Fixture<'k, WalletCrew>;

pub fn flows() -> Vec<Flow<WalletCrew>> {
    flows![
        "create and update without a flow" => without_a_flow,
        "create and update, flow without a challenge" => flow_is_done,
        "create with a challenge" => with_a_challenge,
        "authenticate by a provider" => by_a_provider,
        "profile in a custom type" => profile,
        "session of 24 hours" => a_day,
        "session with reauthentication" => authenticated_again,
        "code through CodeSignIn" => by_code_sign_in,
        "sign out" => sign_out,
    ]
}

system!(WalletCrew, "walletcrew", Client, |mock| {
    let outbox = mock.outbox().clone();
    let builder = Client::builder(mock.base_url()).tenant("demo");
    builder.authenticate_again(move |_| std::future::ready(next_login(&outbox)))
});

/// Reauthentication before the token expires, by a code from an SMS.
fn next_login(outbox: &Outbox) -> NextLogin {
    let login = outbox.last_code(PHONE).map(|code| {
        let data = json!({"identifier": PHONE, "code": code});
        Login::new("otp", &data)
    });
    match login {
        Some(Ok(login)) => NextLogin::With(login),
        _ => NextLogin::Never,
    }
}

resumable!(WalletCrew: Challenge, by Client::resume_challenge);
resumable!(WalletCrew: Session, by Client::resume_session);

/// The tenant's customer, as a custom type.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    email: String,
    first_name: String,
}

impl Customer {
    fn called(first_name: &str) -> Self {
        Self {
            email: EMAIL.to_owned(),
            first_name: first_name.to_owned(),
        }
    }
}

/// The login data of the tenant's provider, as a custom type.
#[derive(Serialize)]
struct Otp {
    identifier: &'static str,
    code: Secret,
}

impl Otp {
    fn by(code: Secret) -> Self {
        Self {
            identifier: EMAIL,
            code,
        }
    }
}

#[track_caller]
fn challenge<T>(saved: Saved<T>) -> Result<Challenge, Failed> {
    match saved {
        Saved::ChallengeIssued(challenge) => Ok(challenge),
        Saved::Done(_) => Err(Failed::because("no challenge was issued")),
    }
}

#[track_caller]
fn done<T>(saved: Saved<T>) -> Result<T, Failed> {
    match saved {
        Saved::Done(customer) => Ok(customer),
        Saved::ChallengeIssued(_) => Err(Failed::because("a challenge was issued")),
    }
}

/// Ada, signed in by the code of a challenge.
async fn signed_in_ada(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    let ada = Customer::called("Ada");
    let saved = fixture.client.customer(&ada).flow("activation").send();
    let challenge = fixture.next_step(challenge(saved.await?)?).await?;
    let login = Otp::by(fixture.code(EMAIL)?);
    let session = challenge.confirm("otp", &login).await?;
    fixture.next_step(session).await
}

async fn is_called(session: &Session, first_name: &str) -> Result<(), Failed> {
    let profile: Customer = session.profile().await?;
    let is_so = profile == Customer::called(first_name);
    check(is_so, "the customer has this name")
}

async fn without_a_flow(fixture: &mut Fixture<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    let created = done(fixture.client.customer(&ada).send().await?)?;
    fixture.next_step(()).await?;
    let change = json!({"id": created["id"], "firstName": "Augusta"});
    let changed = fixture.client.customer(&change).send_as::<Customer>();
    let changed = done(changed.await?)?;
    check(
        changed == Customer::called("Augusta"),
        "the change came back",
    )?;
    check(fixture.messages() == 0, "no code was sent")?;
    Ok("created, then changed; no challenge".to_owned())
}

async fn flow_is_done(fixture: &mut Fixture<'_>) -> Outcome {
    fixture.mock.pass_flow("preregistration");
    let save = async |fixture: &Fixture<'_>, name| {
        let customer = Customer::called(name);
        let account = fixture.client.customer(&customer).flow("preregistration");
        done(account.send_as::<Customer>().await?)
    };
    save(fixture, "Ada").await?;
    fixture.next_step(()).await?;
    let changed = save(fixture, "Augusta").await?;
    check(
        changed == Customer::called("Augusta"),
        "the change came back",
    )?;
    check(fixture.messages() == 0, "no code was sent")?;
    Ok("created, then changed; the flow has no challenge".to_owned())
}

async fn with_a_challenge(fixture: &mut Fixture<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    let saved = fixture.client.customer(&ada).flow("activation").send();
    let challenge = fixture.next_step(challenge(saved.await?)?).await?;
    check(
        challenge.expose_body()["challenge"] == "pending",
        "the response is stored",
    )?;
    let wrong = Otp::by(fixture.wrong_code(EMAIL)?);
    let challenge = returned_state(challenge.confirm("otp", &wrong).await)?;
    let challenge = fixture.next_step(challenge).await?;
    let login = Otp::by(fixture.code(EMAIL)?);
    let session = challenge.confirm("otp", &login).await?;
    let session = fixture.next_step(session).await?;
    is_called(&session, "Ada").await?;
    Ok("202, a wrong code, the right one: signed in".to_owned())
}

async fn by_a_provider(fixture: &mut Fixture<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    drop(
        fixture
            .client
            .customer(&ada)
            .flow("activation")
            .send()
            .await?,
    );
    fixture.next_step(()).await?;
    let login = Otp::by(fixture.code(EMAIL)?);
    let unknown = fixture.client.sign_in_with_provider("pigeon", &login).await;
    fails_with(unknown, ErrorKind::Rejected)?;
    let session = fixture.client.sign_in_with_provider("otp", &login).await?;
    let session = fixture.next_step(session).await?;
    is_called(&session, "Ada").await?;
    Ok("signed in by data in a custom type".to_owned())
}

async fn profile(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    is_called(&session, "Ada").await?;
    let change = Customer::called("Augusta");
    done(fixture.client.customer(&change).send().await?)?;
    let session = fixture.next_step(session).await?;
    is_called(&session, "Augusta").await?;
    let all: Value = session.profile().await?;
    check(all["provider"] == "otp", "the token contains its provider")?;
    Ok("read in two types, and read again after a change".to_owned())
}

async fn a_day(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let id = session.id().clone();
    fixture.wait(23 * AN_HOUR);
    let session = fixture.next_step(session).await?;
    is_called(&session, "Ada").await?;
    fixture.wait(AN_HOUR);
    fails_with(session.profile::<Value>().await, ErrorKind::Unauthenticated)?;
    drop(session);
    fixture.next_step(()).await?;
    fails_with(
        fixture.client.resume_session(&id).await,
        ErrorKind::Unauthenticated,
    )?;
    Ok("valid for a day, then `sign in again`".to_owned())
}

async fn authenticated_again(fixture: &mut Fixture<'_>) -> Outcome {
    let session = signed_in_ada(fixture).await?;
    let first = session.access_token().await?;
    let profile: Value = session.profile().await?;
    let by_sms = json!({"id": profile["id"], "phone": PHONE});
    let saved = fixture.client.customer(&by_sms).flow("activation").send();
    drop(challenge(saved.await?)?);
    fixture.wait(24 * AN_HOUR);
    let session = fixture.next_step(session).await?;
    is_called(&session, "Ada").await?;
    let session = fixture.next_step(session).await?;
    let second = session.access_token().await?;
    check(first != second, "the token is new")?;
    let logins = fixture.mock.count("authenticate");
    check(logins == 2, "the customer was authenticated again")?;
    Ok("the caller returned the next login; the session continued".to_owned())
}

async fn by_code_sign_in(fixture: &mut Fixture<'_>) -> Outcome {
    let case = CodeSignInCase {
        to: Contact::email(EMAIL)?,
        authenticator: "",
        whoami: "/customer",
        system: |client: &Client| {
            Box::new(
                client
                    .code_sign_in(
                        |to| json!({"email": to.to_text()}),
                        |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
                    )
                    .flow("activation")
                    .provider("otp"),
            )
        },
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

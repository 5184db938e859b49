//! The flows of The Wallet Crew.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vestibule::testing::WalletCrew;
use vestibule::walletcrew::{Challenge, Client, Saved, Session};
use vestibule::{ErrorKind, Secret};

use super::failed::{Failed, Outcome, check, given_back, stopped};
use super::scene::{self, kept, system};
use super::{Flow, flows};

const EMAIL: &str = "ada@example.com";

type Scene<'k> = scene::Scene<'k, WalletCrew>;

pub fn flows() -> Vec<Flow<WalletCrew>> {
    flows![
        "create and update without a flow" => without_a_flow,
        "create and update, the flow is done" => flow_is_done,
        "create, a challenge is answered" => challenge_is_answered,
        "authenticate by a provider" => by_a_provider,
        "profile in one's own type" => profile,
        "session of a day" => a_day,
        "sign out" => sign_out,
    ]
}

system!(WalletCrew, "walletcrew", Client, |mock| {
    Client::builder(mock.base_url(), "demo")
});

kept!(WalletCrew: Challenge, by Client::challenge);
kept!(WalletCrew: Session, by Client::session);

/// What the tenant keeps of a customer: the caller's own type.
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

/// What the provider of this tenant wants to know: the caller's own type as well.
#[derive(Serialize)]
struct Login {
    identifier: &'static str,
    code: Secret,
}

impl Login {
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
async fn signed_in_ada(scene: &mut Scene<'_>) -> Result<Session, Failed> {
    let ada = Customer::called("Ada");
    let saved = scene.client.customer(&ada).flow("activation").save();
    let challenge = scene.between(challenge(saved.await?)?).await?;
    let login = Login::by(scene.code(EMAIL)?);
    let session = challenge.authenticate("otp", &login).await?;
    scene.between(session).await
}

async fn is_called(session: &Session, first_name: &str) -> Result<(), Failed> {
    let profile: Customer = session.profile().await?;
    let is_so = profile == Customer::called(first_name);
    check(is_so, "the customer is known by this name")
}

async fn without_a_flow(scene: &mut Scene<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    let created = done(scene.client.customer(&ada).save().await?)?;
    scene.between(()).await?;
    let change = json!({"id": created["id"], "firstName": "Augusta"});
    let changed = scene.client.customer(&change).save_as::<Customer>();
    let changed = done(changed.await?)?;
    check(
        changed == Customer::called("Augusta"),
        "the change came back",
    )?;
    check(scene.messages() == 0, "nobody was sent a code")?;
    Ok("created, then changed; no challenge".to_owned())
}

async fn flow_is_done(scene: &mut Scene<'_>) -> Outcome {
    scene.mock.pass_flow("preregistration");
    let save = async |scene: &Scene<'_>, name| {
        let customer = Customer::called(name);
        let account = scene.client.customer(&customer).flow("preregistration");
        done(account.save_as::<Customer>().await?)
    };
    save(scene, "Ada").await?;
    scene.between(()).await?;
    let changed = save(scene, "Augusta").await?;
    check(
        changed == Customer::called("Augusta"),
        "the change came back",
    )?;
    check(scene.messages() == 0, "nobody was sent a code")?;
    Ok("created, then changed; the flow asked for nothing".to_owned())
}

async fn challenge_is_answered(scene: &mut Scene<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    let saved = scene.client.customer(&ada).flow("activation").save();
    let challenge = scene.between(challenge(saved.await?)?).await?;
    check(
        challenge.details()["challenge"] == "pending",
        "the answer is kept",
    )?;
    let wrong = Login::by(scene.wrong_code(EMAIL)?);
    let challenge = given_back(challenge.authenticate("otp", &wrong).await)?;
    let challenge = scene.between(challenge).await?;
    let login = Login::by(scene.code(EMAIL)?);
    let session = challenge.authenticate("otp", &login).await?;
    let session = scene.between(session).await?;
    is_called(&session, "Ada").await?;
    Ok("202, a wrong code, the right one: signed in".to_owned())
}

async fn by_a_provider(scene: &mut Scene<'_>) -> Outcome {
    let ada = Customer::called("Ada");
    drop(
        scene
            .client
            .customer(&ada)
            .flow("activation")
            .save()
            .await?,
    );
    scene.between(()).await?;
    let login = Login::by(scene.code(EMAIL)?);
    let unknown = scene.client.authenticate("pigeon", &login).await;
    stopped(unknown, ErrorKind::Refused)?;
    let session = scene.client.authenticate("otp", &login).await?;
    let session = scene.between(session).await?;
    is_called(&session, "Ada").await?;
    Ok("signed in, by data in the caller's own type".to_owned())
}

async fn profile(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    is_called(&session, "Ada").await?;
    let change = Customer::called("Augusta");
    done(scene.client.customer(&change).save().await?)?;
    let session = scene.between(session).await?;
    is_called(&session, "Augusta").await?;
    let all: Value = session.profile().await?;
    check(all["provider"] == "otp", "the token tells its provider")?;
    Ok("read in two types, and read again after a change".to_owned())
}

async fn a_day(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let id = session.id().clone();
    scene.wait(std::time::Duration::from_secs(23 * 3600));
    let session = scene.between(session).await?;
    is_called(&session, "Ada").await?;
    scene.wait(std::time::Duration::from_secs(3600));
    stopped(session.profile::<Value>().await, ErrorKind::SignInAgain)?;
    drop(session);
    scene.between(()).await?;
    stopped(scene.client.session(&id).await, ErrorKind::SignInAgain)?;
    Ok("good for a day, then `sign in again`".to_owned())
}

async fn sign_out(scene: &mut Scene<'_>) -> Outcome {
    let session = signed_in_ada(scene).await?;
    let id = session.id().clone();
    session.sign_out().await?;
    scene.between(()).await?;
    stopped(scene.client.session(&id).await, ErrorKind::SignInAgain)?;
    Ok("the session is gone".to_owned())
}

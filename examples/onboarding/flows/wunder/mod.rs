//! The flows of Wunder Mobility.

mod account;
mod codes;
mod contacts;
mod onboarding;
mod second_factor;
mod sign_in;
mod terms;

use std::sync::Arc;
use std::time::Duration;

use vestibule::session::SessionStore;
use vestibule::testing::{Outbox, TestClock, Wunder, WunderUser};
use vestibule::wunder::{
    Challenge, Client, MfaEnrolment, MfaRequired, PasswordReset, PendingCode, PhoneVerification,
    Session, SignIn,
};
use vestibule::{Error, Secret};

use super::failed::{Failed, Outcome, check};
use super::scene::{self, Kept, System, kept};
use super::{Flow, flows};

const PHONE: &str = "+43660000001";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";
const BRANCH: &str = "2";
/// A minute between two messages to one phone or mailbox.
const WAIT: Duration = Duration::from_secs(60);

type Scene<'k> = scene::Scene<'k, Wunder>;

pub fn flows() -> Vec<Flow<Wunder>> {
    flows![
        "phone code, new user" => codes::phone_of_a_new_user,
        "phone code, known user" => codes::phone_of_a_known_user,
        "e-mail code" => codes::email,
        "password" => sign_in::password,
        "social login" => sign_in::social,
        "Gaiyo" => sign_in::gaiyo,
        "API client acting for a user" => sign_in::api_client,
        "OpenID token exchange" => sign_in::openid_exchange,
        "refresh" => sign_in::refresh,
        "logout" => sign_in::logout,
        "second factor, set up" => second_factor::set_up,
        "second factor, at sign-in" => second_factor::at_sign_in,
        "second factor, set up at sign-in" => second_factor::set_up_at_sign_in,
        "register" => account::register,
        "social sign-up" => account::social_sign_up,
        "password reset" => account::password_reset,
        "password reset by the code alone" => account::password_by_code_alone,
        "profile" => account::profile,
        "signed profile" => account::signed_profile,
        "deletion request" => account::deletion_request,
        "identity cards" => account::identity_cards,
        "phone verification" => contacts::phone_verification,
        "e-mail verification" => contacts::email_verification,
        "external verification" => contacts::external_verification,
        "terms of a branch" => terms::of_a_branch,
        "terms of a vehicle" => terms::of_a_vehicle,
        "onboarding step by step" => onboarding::step_by_step,
        "onboarding by refusals" => onboarding::by_refusals,
    ]
}

impl System for Wunder {
    const NAME: &'static str = "wunder";

    type Client = Client;

    async fn start() -> Self {
        Self::start().await
    }

    fn client(&self, store: Option<Arc<dyn SessionStore>>) -> Result<Client, Error> {
        let mut builder = Client::builder(self.base_url(), "demo")
            .signature_key(Self::SIGNATURE_KEY)
            .resend_wait(WAIT)
            .clock(self.clock().clock());
        if let Some(store) = store {
            builder = builder.store(store);
        }
        builder.build()
    }

    fn outbox(&self) -> &Outbox {
        self.outbox()
    }

    fn clock(&self) -> &TestClock {
        self.clock()
    }
}

kept!(Wunder: Session, Client::session);
kept!(Wunder: PasswordReset, Client::password_reset);
kept!(Wunder: PendingCode, async |client: &Client, id| match client.challenge(id).await? {
    Challenge::PendingCode(pending) => Ok(pending),
    Challenge::MfaRequired(_) => Err(Failed::because("a second factor is waited for")),
});
kept!(Wunder: MfaRequired, async |client: &Client, id| match client.challenge(id).await? {
    Challenge::MfaRequired(mfa) => Ok(mfa),
    Challenge::PendingCode(_) => Err(Failed::because("a code is waited for")),
});

/// What a signed-in user has begun is taken up by the session that began it.
impl Kept<Wunder> for (Session, PhoneVerification) {
    type Ids = (Secret, Secret);

    fn ids(&self) -> Self::Ids {
        (self.0.id().clone(), self.1.id().clone())
    }

    async fn take_up(client: &Client, (session, id): &Self::Ids) -> Result<Self, Failed> {
        let session = client.session(session).await?;
        let verification = session.phone_verification(id).await?;
        Ok((session, verification))
    }
}

impl Kept<Wunder> for (Session, MfaEnrolment) {
    type Ids = (Secret, Secret);

    fn ids(&self) -> Self::Ids {
        (self.0.id().clone(), self.1.id().clone())
    }

    async fn take_up(client: &Client, (session, id): &Self::Ids) -> Result<Self, Failed> {
        let session = client.session(session).await?;
        let enrolment = session.mfa_enrolment(id).await?;
        Ok((session, enrolment))
    }
}

impl Kept<Wunder> for (MfaRequired, MfaEnrolment) {
    type Ids = (Secret, Secret);

    fn ids(&self) -> Self::Ids {
        (self.0.id().clone(), self.1.id().clone())
    }

    async fn take_up(client: &Client, (needed, id): &Self::Ids) -> Result<Self, Failed> {
        let needed = MfaRequired::take_up(client, needed).await?;
        let enrolment = needed.enrolment(id).await?;
        Ok((needed, enrolment))
    }
}

/// Ada has both contacts, neither of them verified, and a password.
fn ada() -> WunderUser {
    WunderUser::new()
        .phone(PHONE)
        .email(EMAIL)
        .password(PASSWORD)
        .branch(BRANCH)
}

/// Ada, signed in by her password.
async fn signed_in_ada(scene: &mut Scene<'_>) -> Result<Session, Failed> {
    scene.mock.add_user(ada());
    let sign_in = scene.client.password_sign_in(EMAIL, PASSWORD).await?;
    scene.between(session(sign_in)?).await
}

#[track_caller]
fn session(sign_in: SignIn) -> Result<Session, Failed> {
    match sign_in {
        SignIn::SignedIn(session) => Ok(session),
        SignIn::MfaRequired(_) => Err(Failed::because("a second factor is asked for")),
    }
}

#[track_caller]
fn second_factor(sign_in: SignIn) -> Result<MfaRequired, Failed> {
    match sign_in {
        SignIn::MfaRequired(mfa) => Ok(mfa),
        SignIn::SignedIn(_) => Err(Failed::because("no second factor is asked for")),
    }
}

/// Ends a way in: the session, taken up once more, is that of the user with this address.
async fn is_signed_in(scene: &mut Scene<'_>, sign_in: SignIn) -> Result<Session, Failed> {
    let session = scene.between(session(sign_in)?).await?;
    let profile = session.profile().await?;
    check(profile.email.as_deref() == Some(EMAIL), "Ada is signed in")?;
    Ok(session)
}

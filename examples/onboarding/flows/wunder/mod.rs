//! The flows of Wunder Mobility.

mod account;
mod codes;
mod contacts;
mod onboarding;
mod second_factor;
mod sign_in;
mod terms;

use std::time::Duration;

use vestibule::Secret;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{
    Challenge, Client, MfaEnrolment, MfaRequired, PendingCode, PendingResetCode, PhoneVerification,
    Session, SignIn,
};

use super::failed::{Failed, Outcome, check};
use super::fixture::{self, resumable, system};
use super::{Flow, flows};

const PHONE: &str = "+43660000001";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse";
const BRANCH: &str = "2";
/// The interval between two messages to one phone or mailbox.
const WAIT: Duration = Duration::from_secs(60);

type Fixture<'k> = fixture::Fixture<'k, Wunder>;

pub fn flows() -> Vec<Flow<Wunder>> {
    flows![
        "phone code, new user" => codes::phone_of_a_new_user,
        "phone code, known user" => codes::phone_of_a_known_user,
        "e-mail code" => codes::email,
        "code through CodeSignIn" => codes::by_code_sign_in,
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
        "onboarding by API errors" => onboarding::by_refusals,
    ]
}

system!(Wunder, "wunder", Client, |mock| {
    let builder = Client::builder(mock.base_url()).tenant("demo");
    builder.signing_key(Self::SIGNING_KEY).resend_wait(WAIT)
});

resumable!(Wunder: Session, by Client::resume_session);
resumable!(Wunder: PendingResetCode, by Client::resume_password_reset);
resumable!(Wunder: PendingCode, in Challenge::PendingCode);
resumable!(Wunder: MfaRequired, in Challenge::MfaRequired);
resumable!(Wunder: PhoneVerification, of Session, |by, id| by.resume_phone_verification(id));
resumable!(Wunder: MfaEnrolment, of Session, |by, id| by.resume_mfa_enrolment(id));
resumable!(Wunder: MfaEnrolment, of MfaRequired, |by, id| by.resume_mfa_enrolment(id));

/// Ada has both contacts, neither of them verified, and a password.
fn ada() -> WunderUser {
    WunderUser::new()
        .phone(PHONE)
        .email(EMAIL)
        .password(PASSWORD)
        .branch(BRANCH)
}

/// Ada, signed in by her password.
async fn signed_in_ada(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    fixture.mock.add_user(ada());
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    fixture.next_step(session(sign_in)?).await
}

#[track_caller]
fn session(sign_in: SignIn) -> Result<Session, Failed> {
    match sign_in {
        SignIn::SignedIn(session) => Ok(session),
        SignIn::MfaRequired(_) => Err(Failed::because("a second factor is required")),
    }
}

#[track_caller]
fn second_factor(sign_in: SignIn) -> Result<MfaRequired, Failed> {
    match sign_in {
        SignIn::MfaRequired(mfa) => Ok(mfa),
        SignIn::SignedIn(_) => Err(Failed::because("no second factor is required")),
    }
}

/// Ends a sign-in: checks that the resumed session belongs to the user with this address.
async fn is_signed_in(fixture: &mut Fixture<'_>, sign_in: SignIn) -> Result<Session, Failed> {
    let session = fixture.next_step(session(sign_in)?).await?;
    let profile = session.profile().await?;
    check(profile.email.as_deref() == Some(EMAIL), "Ada is signed in")?;
    Ok(session)
}

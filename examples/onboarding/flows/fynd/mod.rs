//! The flows of Fynd Commerce.

mod account;
mod codes;
mod contacts;
mod deletion;
mod direct_sign_in;
mod passwords;
mod registration;

use std::time::Duration;

use vestibule::fynd::{
    Challenge, Client, CompleteProfile, PasswordReset, PendingCode, PendingCodes, PendingDeletion,
    PendingResetCode, Session, SignIn,
};
use vestibule::testing::{Fynd, FyndUser};
use vestibule::{Contact, Error, Secret};

use super::failed::{Failed, Outcome, check, expect};
use super::fixture::{self, resumable, system};
use super::{Flow, flows};

const MOBILE: &str = "9000000001";
/// The same number in the outbox.
const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";
const PASSWORD: &str = "the-password";
/// Longer than the server's interval between two messages.
const WAIT: Duration = Duration::from_secs(31);

type Fixture<'k> = fixture::Fixture<'k, Fynd>;

pub fn flows() -> Vec<Flow<Fynd>> {
    flows![
        "mobile code, known user" => codes::mobile_of_a_known_user,
        "mobile code, new user" => codes::mobile_of_a_new_user,
        "e-mail code" => codes::email,
        "code through CodeSignIn" => codes::by_code_sign_in,
        "password" => direct_sign_in::password,
        "token" => direct_sign_in::token,
        "Facebook" => direct_sign_in::facebook,
        "Google" => direct_sign_in::google,
        "Google on Android" => direct_sign_in::google_android,
        "Google on iOS" => direct_sign_in::google_ios,
        "Apple" => direct_sign_in::apple,
        "new user of a social account" => direct_sign_in::new_user_of_a_social_account,
        "register by form" => registration::by_form,
        "forgotten password, mobile code" => passwords::mobile_code,
        "forgotten password, e-mail code" => passwords::email_code,
        "forgotten password, link by SMS" => passwords::link_by_sms,
        "forgotten password, link by e-mail" => passwords::link_by_email,
        "password changed" => passwords::changed,
        "no password yet" => passwords::none_yet,
        "mobile numbers" => contacts::mobiles,
        "e-mail addresses" => contacts::emails,
        "profile" => account::profile,
        "attributes" => account::attributes,
        "sessions of a user" => account::sessions,
        "logout" => account::logout,
        "user existence" => account::user_exists,
        "platform config" => account::platform_config,
        "deletion, mobile code" => deletion::mobile_code,
        "deletion, e-mail code" => deletion::email_code,
    ]
}

system!(Fynd, "fynd", Client, |mock| {
    let builder =
        Client::builder("64b000000000000000000001").application_token("application-token");
    builder.base_url(mock.base_url())
});

resumable!(Fynd: Session, by Client::resume_session);
resumable!(Fynd: PendingCode, in Challenge::PendingCode);
resumable!(Fynd: CompleteProfile, in Challenge::CompleteProfile);
resumable!(Fynd: PendingCodes, in Challenge::PendingCodes);
resumable!(Fynd: PendingResetCode, in Challenge::PendingResetCode);
resumable!(Fynd: PasswordReset, in Challenge::PasswordReset);
resumable!(Fynd: PendingDeletion, of Session, |by, id| by.resume_deletion(id));

fn mobile() -> Result<Contact, Error> {
    Contact::phone(&format!("+91{MOBILE}"))
}

fn email() -> Result<Contact, Error> {
    Contact::email(EMAIL)
}

/// Adds Asha, with both contacts confirmed and a password; returns her id.
fn add_asha(fixture: &Fixture<'_>) -> Result<String, Error> {
    let asha = FyndUser::new("Asha")
        .phone(vestibule::Phone::parse(&format!("+91{MOBILE}"))?)
        .email(EMAIL);
    Ok(fixture.mock.add_user(asha.password(PASSWORD)))
}

/// Asha, signed in by her password.
async fn signed_in_asha(fixture: &mut Fixture<'_>) -> Result<Session, Failed> {
    add_asha(fixture)?;
    let sign_in = fixture
        .client
        .sign_in_with_password(EMAIL, PASSWORD)
        .await?;
    is_signed_in(fixture, sign_in).await
}

/// Ends a sign-in: checks that the resumed session is Asha's.
async fn is_signed_in(fixture: &mut Fixture<'_>, sign_in: SignIn) -> Result<Session, Failed> {
    let session = expect(sign_in.signed_in(), "session")?;
    let session = fixture.next_step(session).await?;
    let user = session.profile().await?;
    check(
        user.first_name.as_deref() == Some("Asha"),
        "Asha is signed in",
    )?;
    Ok(session)
}

#[track_caller]
fn codes(sign_in: SignIn) -> Result<PendingCodes, Failed> {
    match sign_in {
        SignIn::CodesRequired(codes) => Ok(codes),
        other => Err(Failed::because(format_args!("{other:?} instead of codes"))),
    }
}

#[track_caller]
fn profile_to_complete(sign_in: SignIn) -> Result<CompleteProfile, Failed> {
    match sign_in {
        SignIn::ProfileRequired(profile) => Ok(profile),
        other => Err(Failed::because(format_args!(
            "{other:?} instead of a profile"
        ))),
    }
}

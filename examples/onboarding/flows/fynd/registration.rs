//! SignUp by a form, and the codes that remain.

use vestibule::ErrorKind;

use super::super::failed::{fails_with, returned_state};
use super::*;

pub async fn by_form(fixture: &mut Fixture<'_>) -> Outcome {
    let form = fixture.client.sign_up("Asha").last_name("Rao");
    let form = form
        .phone(vestibule::Phone::parse(&format!("+91{MOBILE}"))?)
        .email(EMAIL)
        .password(PASSWORD);
    let codes = codes(form.send().await?)?;
    check(fixture.messages() == 2, "each contact was sent a code")?;
    let mut codes = fixture.next_step(codes).await?;
    let first = fixture.code(EMAIL)?;
    fails_with(codes.resend_email().await, ErrorKind::RateLimited)?;
    fails_with(codes.resend_phone().await, ErrorKind::RateLimited)?;
    fixture.wait(WAIT);
    codes.resend_email().await?;
    let mut codes = fixture.next_step(codes).await?;
    codes.resend_phone().await?;
    let codes = fixture.next_step(codes).await?;
    let codes = returned_state(codes.confirm_email(first).await)?;
    let codes = fixture.next_step(codes).await?;
    let one_left = super::codes(codes.confirm_email(fixture.code(EMAIL)?).await?)?;
    let one_left = fixture.next_step(one_left).await?;
    check(one_left.email().is_none(), "the address is confirmed")?;
    let sign_in = one_left.confirm_phone(fixture.code(SMS)?).await?;
    let session = is_signed_in(fixture, sign_in).await?;
    check(session.has_password().await?, "the password is set")?;
    let contacts = session.contacts().await?;
    let both = contacts.len() == 2 && contacts.iter().all(|own| own.verified);
    check(both, "both contacts are confirmed")?;
    Ok("two codes resent and confirmed, then signed in".to_owned())
}

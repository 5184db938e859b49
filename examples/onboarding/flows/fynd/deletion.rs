//! Account deletion.

use vestibule::ErrorKind;

use super::super::failed::{fails_with, returned_state};
use super::*;

async fn by_code(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    let session_id = session.id().clone();
    let terms = fixture.client.deletion_terms().await?;
    expect(terms.consent, "consent text")?;
    let needs_text = terms.reasons.into_iter().find(|it| it.requires_text());
    let reason = expect(needs_text, "reason that requires a text")?;
    let session = fixture.next_step(session).await?;
    let deletion = session
        .request_deletion(reason, contact)
        .explanation("too far");
    let pending = deletion.send().await?;
    let (session, mut pending) = fixture.next_step((session, pending)).await?;
    let first = fixture.code(to)?;
    fails_with(pending.resend().await, ErrorKind::RateLimited)?;
    fixture.wait(pending.resend_timer().remaining());
    pending.resend().await?;
    let (session, pending) = fixture.next_step((session, pending)).await?;
    let pending = returned_state(pending.confirm(first).await)?;
    let (session, pending) = fixture.next_step((session, pending)).await?;
    check(session.profile().await.is_ok(), "the user is still there")?;
    pending.confirm(fixture.code(to)?).await?;
    drop(session);
    fixture.next_step(()).await?;
    let gone = fixture.client.resume_session(&session_id).await;
    fails_with(gone, ErrorKind::Unauthenticated)?;
    check(
        !fixture.client.user_exists(EMAIL).await?,
        "no user has the address",
    )?;
    Ok("reason, consent, code: the user is deleted and the session has ended".to_owned())
}

pub async fn mobile_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, mobile()?, SMS).await
}

pub async fn email_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, email()?, EMAIL).await
}

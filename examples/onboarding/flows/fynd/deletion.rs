//! Leaving for good.

use vestibule::ErrorKind;

use super::super::failed::{given_back, stopped};
use super::*;

async fn by_code(fixture: &mut Fixture<'_>, contact: Contact, to: &str) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    let session_id = session.id().clone();
    let terms = fixture.client.deletion_terms().await?;
    expect(terms.consent, "text to consent to")?;
    let wants_words = terms.reasons.into_iter().find(|it| it.wants_words());
    let reason = expect(wants_words, "reason that wants words")?;
    let session = fixture.between(session).await?;
    let deletion = session.deletion(reason).words("too far");
    let pending = deletion.send_code(contact).await?;
    let (session, mut pending) = fixture.between((session, pending)).await?;
    let first = fixture.code(to)?;
    stopped(pending.resend().await, ErrorKind::SlowDown)?;
    fixture.wait(pending.resend_timer().remaining());
    pending.resend().await?;
    let (session, pending) = fixture.between((session, pending)).await?;
    let pending = given_back(pending.confirm(first).await)?;
    let (session, pending) = fixture.between((session, pending)).await?;
    check(session.user().await.is_ok(), "the user is still there")?;
    pending.confirm(fixture.code(to)?).await?;
    drop(session);
    fixture.between(()).await?;
    let gone = fixture.client.session(&session_id).await;
    stopped(gone, ErrorKind::SignInAgain)?;
    check(
        !fixture.client.user_exists(EMAIL).await?,
        "nobody has the address",
    )?;
    Ok("reason, consent, code: the user and the session are gone".to_owned())
}

pub async fn mobile_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, mobile(), SMS).await
}

pub async fn email_code(fixture: &mut Fixture<'_>) -> Outcome {
    by_code(fixture, email(), EMAIL).await
}

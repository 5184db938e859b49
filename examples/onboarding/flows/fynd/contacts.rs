//! A user's own mobile numbers and e-mail addresses.

use vestibule::fynd::OwnContact;
use vestibule::{Error, ErrorKind};

use super::super::failed::fails_with;
use super::*;

async fn own(session: &Session, contact: &Contact) -> Result<OwnContact, Failed> {
    let contacts = session.contacts().await?;
    let found = contacts
        .into_iter()
        .find(|own| own.contact().as_ref() == Some(contact));
    expect(found, "such contact")
}

/// Adds a contact, confirms it by the newest link, makes it primary and deletes the former one.
async fn replace(fixture: &mut Fixture<'_>, new: Contact, to: &str, former: Contact) -> Outcome {
    let session = signed_in_asha(fixture).await?;
    check(session.add_contact(&new).await?, "a link is sent at once")?;
    let first = fixture.code(to)?;
    let session = fixture.next_step(session).await?;
    let added = own(&session, &new).await?;
    check(!added.verified && !added.primary, "it is not confirmed yet")?;
    fails_with(
        session.update_primary_contact(&added).await,
        ErrorKind::Rejected,
    )?;
    fixture.wait(Duration::from_secs(30));
    check(
        session.request_verification_link(&added).await?,
        "a link is sent again",
    )?;
    let session = fixture.next_step(session).await?;
    fails_with(verify(fixture, &new, first).await, ErrorKind::Rejected)?;
    verify(fixture, &new, fixture.code(to)?).await?;
    let session = fixture.next_step(session).await?;
    let verified = own(&session, &new).await?;
    check(verified.verified, "it is confirmed")?;
    session.update_primary_contact(&verified).await?;
    let session = fixture.next_step(session).await?;
    check(own(&session, &new).await?.primary, "it is primary")?;
    session
        .delete_contact(&own(&session, &former).await?)
        .await?;
    let session = fixture.next_step(session).await?;
    let left = session.contacts().await?;
    let gone = left
        .iter()
        .all(|own| own.contact().as_ref() != Some(&former));
    check(gone && left.len() == 2, "the former one is deleted")?;
    Ok("added, confirmed by link, made primary; former one deleted".to_owned())
}

/// Opens a link, which needs no session.
async fn verify(fixture: &Fixture<'_>, contact: &Contact, code: Secret) -> Result<(), Error> {
    match contact {
        Contact::Phone(_) => fixture.client.verify_phone_link(code).await,
        Contact::Email(_) => fixture.client.verify_email_link(code).await,
    }
}

pub async fn mobiles(fixture: &mut Fixture<'_>) -> Outcome {
    let new = Contact::phone("+919000000007")?;
    replace(fixture, new, "+919000000007", mobile()?).await
}

pub async fn emails(fixture: &mut Fixture<'_>) -> Outcome {
    let new = Contact::email("asha@work.example")?;
    replace(fixture, new, "asha@work.example", email()?).await
}

//! The mobiles and e-mail addresses of a signed-in user.

use super::api::types;
use super::codes::{OtpKind, Route, Sending};
use super::complete_profile::ProfileMessages;
use super::contact::{OwnContact, StoredContact, country_code, national_number, of_user};
use super::partial_session::PartialSession;
use super::session::Session;
use super::sign_in::PendingCodes;
use super::unconfirmed_codes::CodePermits;
use crate::challenge::{FirstMessage, send_link};
use crate::contact::Contact;
use crate::error::Error;
use crate::phone::Phone;

/// The messages with a link that confirms a contact, which have a wait of their own.
const VERIFICATION_LINK: &str = "verification link";

impl Session {
    /// The contacts of the profile. Sends no message; idempotent.
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/session`.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// for own in session.contacts().await? {
    ///     println!("verified: {}, primary: {}", own.verified, own.primary);
    /// }
    /// # assert_eq!(session.contacts().await?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`profile`](Self::profile).
    pub async fn contacts(&self) -> Result<Vec<OwnContact>, Error> {
        self.profile().await.map(of_user)
    }

    /// Adds a contact to the profile, and returns whether the server reports that it sent a link to
    /// confirm it. It is retried only if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// use vestibule::Email;
    ///
    /// let link_was_sent = session.add_contact(Email::parse("asha@example.org")?).await?;
    /// assert!(link_was_sent);
    /// # assert!(mock.outbox().last_code("asha@example.org").is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `PUT /service/application/user/profile/v1.0/mobile` or `…/email`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`] while the timer of the last link to this contact runs, and
    /// [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// [`ErrorKind::Rejected`] if another user has it. [`ErrorKind::Unauthenticated`] if the session has
    /// ended. Otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    pub async fn add_contact(&self, contact: impl Into<Contact>) -> Result<bool, Error> {
        let (client, contact) = (self.client(), contact.into());
        let to = contact.destination();
        let send = self.send_contact(contact);
        let wait = client.resend_wait();
        send_link(client.context(), VERIFICATION_LINK, &to, wait, send).await
    }

    /// Adds the contact; returns whether a link was sent, and whether one may have been sent.
    async fn send_contact(&self, contact: Contact) -> Result<(bool, bool), Error> {
        let api = self.api();
        let sent = match contact {
            Contact::Phone(phone) => {
                let body = types::EditMobileRequestSchema::builder()
                    .country_code(country_code(&phone))
                    .phone(national_number(&phone));
                let call = api.add_mobile_number().platform(self.platform());
                let response = call.body(body).send().await?;
                response.into_inner().verify_mobile_link
            }
            Contact::Email(address) => {
                let call = api.add_email().platform(self.platform());
                let response = call.body(email(address.as_str())).send().await?;
                response.into_inner().verify_email_link
            }
        };
        Ok((sent.unwrap_or_default(), sent != Some(false)))
    }

    /// Sends a code to a mobile that belongs to no user. Confirmed by [`PendingCodes::confirm_phone`], the
    /// mobile is added to the profile. **Sends a message**; it is retried only if the server certainly did
    /// not process it. [`resume_codes`](Self::resume_codes) resumes it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let code = || mock.outbox().last_code("+919000000002").unwrap();
    /// use vestibule::Phone;
    ///
    /// let codes = session.add_phone_by_code(&Phone::parse("+91 90000 00002")?).await?;
    /// codes.confirm_phone(code()).await?;
    /// assert_eq!(session.contacts().await?.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`] while the timer of the last message to this mobile runs,
    /// [`ErrorKind::Unavailable`] if the session store fails, [`ErrorKind::Unauthenticated`] if the session
    /// has ended: nothing is sent in these cases. [`ErrorKind::InvalidResponse`] if the response has no
    /// request id. Otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn add_phone_by_code(&self, phone: &Phone) -> Result<PendingCodes, Error> {
        let (client, contact) = (self.client(), Contact::from(phone));
        let first = FirstMessage::without_destination(client.context())?;
        let requester = first.requester();
        let permits = CodePermits::claim(&client, requester, vec![contact.clone()]).await?;
        let route = Route::to(contact, self.platform());
        let calls = PartialSession::of_session(self);
        let sent = route.send(calls, OtpKind::SignIn, Sending::default());
        let keys = match sent.await {
            Ok(sent) => sent.keys,
            Err(error) => return Err(permits.failed(error).await),
        };
        let codes = permits.sent_to_mobile(&client, keys).await;
        Ok(PendingCodes::begin(self, first, codes, ProfileMessages::default()).await)
    }

    /// Sends a link to confirm a contact, and returns whether the server reports that it did: a
    /// confirmed contact needs none. One link per contact in 30 seconds
    /// ([`Settings::resend_wait`](crate::Settings::resend_wait)), that of
    /// [`add_contact`](Self::add_contact) included. It is retried only if the server certainly did not
    /// process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # session.add_contact(&vestibule::Contact::email("asha@example.org")?).await?;
    /// # mock.clock().advance(std::time::Duration::from_secs(31));
    /// for own in session.contacts().await? {
    ///     if !own.verified {
    ///         assert!(session.request_verification_link(&own).await?);
    ///     }
    /// }
    /// # assert_eq!(mock.outbox().messages().len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/profile/v1.0/mobile/link/send` or
    /// `…/email/link/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) while the timer of the last link to this
    /// contact runs, and [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store
    /// fails: nothing is sent in these cases. [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the
    /// profile no longer has it, [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the
    /// session has ended. Otherwise as any call, see [`Error`].
    pub async fn request_verification_link(&self, own: &OwnContact) -> Result<bool, Error> {
        let client = self.client();
        let to = own.destination();
        let send = self.send_verification_link(own);
        let wait = client.resend_wait();
        send_link(client.context(), VERIFICATION_LINK, &to, wait, send).await
    }

    async fn send_verification_link(&self, own: &OwnContact) -> Result<(bool, bool), Error> {
        let api = self.api();
        let sent = match &own.stored {
            StoredContact::Mobile { .. } => {
                let call = api.send_verification_link_to_mobile().body(mobile(own));
                let call = call.platform(self.platform());
                call.send().await?.into_inner().verify_mobile_link
            }
            StoredContact::Email(address) => {
                let call = api.send_verification_link_to_email().body(email(address));
                let call = call.platform(self.platform());
                call.send().await?.into_inner().verify_email_link
            }
        };
        Ok((sent.unwrap_or_default(), sent != Some(false)))
    }

    /// Makes a confirmed contact the primary one of its kind. Sends no message. It is retried only
    /// if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let second = vestibule::Contact::email("asha@example.org")?;
    /// # session.add_contact(&second).await?;
    /// # client.verify_email_link(mock.outbox().last_code("asha@example.org").unwrap()).await?;
    /// for own in session.contacts().await? {
    ///     if own.contact().as_ref() == Some(&second) {
    ///         session.update_primary_contact(&own).await?;
    ///     }
    /// }
    /// # assert!(session.contacts().await?.iter().any(|own| own.contact().as_ref() == Some(&second) && own.primary));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/profile/v1.0/mobile/primary` or `…/email/primary`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if it is not confirmed or no longer in the
    /// profile, [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended.
    /// Otherwise as any call, see [`Error`].
    pub async fn update_primary_contact(&self, own: &OwnContact) -> Result<(), Error> {
        let api = self.api();
        match &own.stored {
            StoredContact::Mobile { .. } => {
                let call = api.set_mobile_number_as_primary().body(mobile(own));
                call.send().await?;
            }
            StoredContact::Email(address) => {
                let call = api.set_email_as_primary().body(email(address));
                call.send().await?;
            }
        }
        Ok(())
    }

    /// Removes a contact from the profile. Sends no message. It is retried only if the server
    /// certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let second = vestibule::Contact::email("asha@example.org")?;
    /// # session.add_contact(&second).await?;
    /// # client.verify_email_link(mock.outbox().last_code("asha@example.org").unwrap()).await?;
    /// for own in session.contacts().await? {
    ///     if own.contact().as_ref() == Some(&second) {
    ///         session.delete_contact(&own).await?;
    ///     }
    /// }
    /// # assert!(session.contacts().await?.iter().all(|own| own.contact().as_ref() != Some(&second)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `DELETE /service/application/user/profile/v1.0/mobile` or `…/email`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if it is the primary one, or is not in the
    /// profile as it was when it was read;
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if the session has ended.
    /// Otherwise as any call, see [`Error`].
    pub async fn delete_contact(&self, own: &OwnContact) -> Result<(), Error> {
        let api = self.api();
        match &own.stored {
            StoredContact::Mobile {
                country_code,
                number,
            } => {
                let call = api
                    .delete_mobile_number()
                    .platform(self.platform())
                    .active(own.active)
                    .primary(own.primary)
                    .verified(own.verified)
                    .country_code(country_code.clone())
                    .phone(number.clone());
                call.send().await?;
            }
            StoredContact::Email(address) => {
                let call = api
                    .delete_email()
                    .platform(self.platform())
                    .active(own.active)
                    .primary(own.primary)
                    .verified(own.verified)
                    .email(address.clone());
                call.send().await?;
            }
        }
        Ok(())
    }
}

fn email(address: &str) -> types::builder::EditEmailRequestSchema {
    types::EditEmailRequestSchema::builder().email(address.to_owned())
}

fn mobile(own: &OwnContact) -> types::builder::SendVerificationLinkMobileRequestSchema {
    let (country_code, number) = match &own.stored {
        StoredContact::Mobile {
            country_code,
            number,
        } => (Some(country_code.clone()), Some(number.clone())),
        StoredContact::Email(_) => (None, None),
    };
    types::SendVerificationLinkMobileRequestSchema::builder()
        .active(own.active)
        .primary(own.primary)
        .verified(own.verified)
        .country_code(country_code)
        .phone(number)
}

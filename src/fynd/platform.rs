//! What can be learned without a user: the sales channel's settings, who is known, links followed.

use super::api::types;
use super::client::Client;
use super::contact::check_filled;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// What a user who leaves is told and asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeletionTerms {
    /// The reasons to choose from.
    pub reasons: Vec<Reason>,
    /// What the user must agree to.
    pub consent: Option<String>,
    /// After how many days the account is gone.
    pub days: Option<i64>,
}

/// A reason to leave, as the sales channel offers it: there is none of one's own.
#[derive(Clone, Debug)]
pub struct Reason {
    pub(super) id: String,
    pub(super) text: Option<String>,
    wants_words: bool,
}

impl Reason {
    /// The reason in the sales channel's words.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether the user must say more in words of their own.
    pub fn wants_words(&self) -> bool {
        self.wants_words
    }
}

impl Client {
    /// How users sign in to and register with this sales channel, and why they may leave. Sends no
    /// message; safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// let config = client.platform_config().await?;
    /// let offers_passwords = config.login.and_then(|login| login.password);
    /// assert_eq!(offers_passwords, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/platform/v1.0/config`.
    ///
    /// # Errors
    ///
    /// As any call, see [`Error`].
    pub async fn platform_config(&self) -> Result<types::PlatformSchema, Error> {
        let answer = self.api().get_platform_config().send().await?;
        Ok(answer.into_inner())
    }

    /// What a user who leaves must be shown, and the reasons to choose from. Sends no message; safe
    /// to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// let terms = client.deletion_terms().await?;
    /// // Show the consent, and let the user choose a reason.
    /// for reason in &terms.reasons {
    ///     println!("{:?}, in own words: {}", reason.text(), reason.wants_words());
    /// }
    /// # assert!(terms.consent.is_some() && !terms.reasons.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/platform/v1.0/config`.
    ///
    /// # Errors
    ///
    /// As any call, see [`Error`].
    pub async fn deletion_terms(&self) -> Result<DeletionTerms, Error> {
        let config = self.platform_config().await?;
        let reasons = config.delete_account_reasons.into_iter().flatten();
        let reasons = reasons.filter_map(|reason| {
            Some(Reason {
                id: reason.reason_id?,
                text: reason.reason_text,
                wants_words: reason.show_text_area.unwrap_or_default(),
            })
        });
        Ok(DeletionTerms {
            reasons: reasons.collect(),
            consent: config
                .delete_account_consent
                .and_then(|consent| consent.consent_text),
            days: config.delete_account_day,
        })
    }

    /// Whether somebody has this mobile (without country code) or e-mail address. Sends no message;
    /// safe to repeat.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// assert!(client.user_exists("9000000001").await?);
    /// assert!(!client.user_exists("nobody@example.com").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/user-exists`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `q`: nothing was sent. [`ErrorKind::Undecodable`] if
    /// the answer does not say. Else as any call, see [`Error`].
    pub async fn user_exists(&self, q: impl Into<String>) -> Result<bool, Error> {
        let q = q.into();
        check_filled("q", &q)?;
        let answer = self.api().user_exists(q).send().await?.into_inner();
        answer.user_exists.ok_or_else(|| {
            Error::new(ErrorKind::Undecodable, "the answer does not say it")
                .at(System::Fynd, "user_exists")
        })
    }

    /// Confirms a mobile by the code of a link that the user has followed. Sends no message. The
    /// code is good once; it is sent once, unless the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let contact = vestibule::fynd::Contact::mobile("9000000002", "91");
    /// # session.add_contact(&contact).await?;
    /// # let code = || mock.outbox().last_code("+919000000002").unwrap();
    /// // The user has followed a link, perhaps without being signed in.
    /// client.verify_mobile_link(code()).await?;
    /// # let own = session.contacts().await?.into_iter().find(|own| own.contact == contact);
    /// # assert!(own.unwrap().verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/verify/mobile`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for an empty `code`: nothing was sent. [`ErrorKind::Refused`]: it
    /// is wrong, used or too old. Else as any call, see [`Error`].
    pub async fn verify_mobile_link(&self, code: impl Into<Secret>) -> Result<(), Error> {
        let code = code.into();
        check_filled("code", code.expose())?;
        let body = types::CodeRequestBodySchema::builder().code(code);
        self.api().verify_mobile().body(body).send().await?;
        Ok(())
    }

    /// Confirms an e-mail address, as [`verify_mobile_link`](Self::verify_mobile_link) a mobile.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let signed_in = client.password_sign_in("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let contact = vestibule::fynd::Contact::email("asha@example.org");
    /// # session.add_contact(&contact).await?;
    /// # let code = || mock.outbox().last_code("asha@example.org").unwrap();
    /// // The user has followed a link, perhaps without being signed in.
    /// client.verify_email_link(code()).await?;
    /// # let own = session.contacts().await?.into_iter().find(|own| own.contact == contact);
    /// # assert!(own.unwrap().verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/verify/email`.
    ///
    /// # Errors
    ///
    /// As [`verify_mobile_link`](Self::verify_mobile_link).
    pub async fn verify_email_link(&self, code: impl Into<Secret>) -> Result<(), Error> {
        let code = code.into();
        check_filled("code", code.expose())?;
        let body = types::CodeRequestBodySchema::builder().code(code);
        self.api().verify_email().body(body).send().await?;
        Ok(())
    }
}

//! Operations without a session: settings of the sales channel, existing users, codes from links.

use super::api::types;
use super::api_error::invalid_response;
use super::client::Client;
use super::contact::check_filled;
use crate::error::Error;
use crate::secret::Secret;

/// The terms for deleting an account, as the sales channel configures them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeletionTerms {
    /// The reasons that the user can choose from.
    pub reasons: Vec<DeletionReason>,
    /// The text that the user must agree to.
    pub consent: Option<String>,
    /// The number of days after which the account is deleted.
    pub days: Option<i64>,
}

impl DeletionTerms {
    fn of(config: types::PlatformSchema) -> Self {
        let reasons = config.delete_account_reasons.into_iter().flatten();
        let reasons = reasons.filter_map(|reason| {
            Some(DeletionReason {
                id: reason.reason_id?,
                text: reason.reason_text,
                requires_text: reason.show_text_area.unwrap_or_default(),
            })
        });
        Self {
            reasons: reasons.collect(),
            consent: config
                .delete_account_consent
                .and_then(|consent| consent.consent_text),
            days: config.delete_account_day,
        }
    }
}

/// A reason for deleting an account, defined by the sales channel; [`Client::deletion_terms`] lists
/// them.
#[derive(Clone, Debug)]
pub struct DeletionReason {
    pub(super) id: String,
    pub(super) text: Option<String>,
    requires_text: bool,
}

impl DeletionReason {
    /// The text of the reason.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether the user must add an explanation.
    pub fn requires_text(&self) -> bool {
        self.requires_text
    }
}

impl Client {
    /// Reads the settings of the sales channel for sign-in, registration and account deletion.
    /// Idempotent; sends no message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
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
    /// See [`Error`].
    pub async fn platform_config(&self) -> Result<types::PlatformSchema, Error> {
        self.config_of(None).await
    }

    /// Reads the settings of one application of the sales channel, by its name, as
    /// [`platform_config`](Self::platform_config) does. Official clients pass an id of 24 hex digits as
    /// the name.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// let config = client.platform_config_of("64b000000000000000000001").await?;
    /// assert!(config.login.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/platform/v1.0/config`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `name` if it is empty; otherwise
    /// see [`Error`].
    pub async fn platform_config_of(&self, name: &str) -> Result<types::PlatformSchema, Error> {
        check_filled("name", name)?;
        self.config_of(Some(name)).await
    }

    async fn config_of(&self, name: Option<&str>) -> Result<types::PlatformSchema, Error> {
        let api = self.api();
        let call = api.get_platform_config().name(name.map(str::to_owned));
        Ok(call.send().await?.into_inner())
    }

    /// Reads the consent text and the reasons for deleting an account. Idempotent; sends no
    /// message.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// let terms = client.deletion_terms().await?;
    /// // Show the consent, and let the user choose a reason.
    /// for reason in &terms.reasons {
    ///     println!("{:?}, explanation required: {}", reason.text(), reason.requires_text());
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
    /// See [`Error`].
    pub async fn deletion_terms(&self) -> Result<DeletionTerms, Error> {
        Ok(DeletionTerms::of(self.platform_config().await?))
    }

    /// Reads the terms of one application of the sales channel, by its name, as
    /// [`deletion_terms`](Self::deletion_terms) does.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// let terms = client.deletion_terms_of("64b000000000000000000001").await?;
    /// assert!(!terms.reasons.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/platform/v1.0/config`.
    ///
    /// # Errors
    ///
    /// As [`platform_config_of`](Self::platform_config_of).
    pub async fn deletion_terms_of(&self, name: &str) -> Result<DeletionTerms, Error> {
        Ok(DeletionTerms::of(self.platform_config_of(name).await?))
    }

    /// Reads whether there is a user with the mobile number (without country code) or e-mail
    /// address `q`. Idempotent; sends no message.
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
    /// assert!(client.user_exists("9000000001").await?);
    /// assert!(!client.user_exists("unknown@example.com").await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /service/application/user/authentication/v1.0/user-exists`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `q` if it is empty;
    /// [`ErrorKind::InvalidResponse`](crate::ErrorKind::InvalidResponse) if the response does not contain
    /// it; otherwise see [`Error`].
    pub async fn user_exists(&self, q: impl Into<String>) -> Result<bool, Error> {
        let q = q.into();
        check_filled("q", &q)?;
        let response = self.api().user_exists(q).send().await?.into_inner();
        let exists = response.user_exists;
        exists.ok_or_else(|| invalid_response("user_exists"))
    }

    /// Confirms a mobile number with the code from a link that the user has followed. The code is
    /// valid once. Not idempotent: retried only if the server certainly did not process it. Sends
    /// no message.
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
    /// # let contact = vestibule::Contact::phone("+919000000002")?;
    /// # session.add_contact(&contact).await?;
    /// # let code = || mock.outbox().last_code("+919000000002").unwrap();
    /// // The user has followed a link and need not be signed in.
    /// client.verify_phone_link(code()).await?;
    /// # let own = session.contacts().await?.into_iter().find(|own| own.contact().as_ref() == Some(&contact));
    /// # assert!(own.unwrap().verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/verify/mobile`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `code` if it is empty;
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if it is wrong, used or expired; otherwise
    /// see [`Error`].
    pub async fn verify_phone_link(&self, code: impl Into<Secret>) -> Result<(), Error> {
        let code = code.into();
        check_filled("code", code.expose())?;
        let body = types::CodeRequestBodySchema::builder().code(code);
        self.api().verify_mobile().body(body).send().await?;
        Ok(())
    }

    /// Confirms an e-mail address with the code from a link, like
    /// [`verify_phone_link`](Self::verify_phone_link).
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
    /// # let contact = vestibule::Contact::email("asha@example.org")?;
    /// # session.add_contact(&contact).await?;
    /// # let code = || mock.outbox().last_code("asha@example.org").unwrap();
    /// // The user has followed a link and need not be signed in.
    /// client.verify_email_link(code()).await?;
    /// # let own = session.contacts().await?.into_iter().find(|own| own.contact().as_ref() == Some(&contact));
    /// # assert!(own.unwrap().verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/verify/email`.
    ///
    /// # Errors
    ///
    /// As [`verify_phone_link`](Self::verify_phone_link).
    pub async fn verify_email_link(&self, code: impl Into<Secret>) -> Result<(), Error> {
        let code = code.into();
        check_filled("code", code.expose())?;
        let body = types::CodeRequestBodySchema::builder().code(code);
        self.api().verify_email().body(body).send().await?;
        Ok(())
    }
}

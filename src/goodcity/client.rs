//! The client of one GoodCity app and its builder.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use super::api::Api;
use super::mobile::MobileRule;
use super::rules::{APP_NAME, Rules};
use super::session::Session;
use crate::client_config::{ClientConfig, client_config_setters};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::pipeline::CallContext;
use crate::secret::Secret;
use crate::session::{
    Credential, SessionContext, SessionRegistry, Tokens, UserHints, client_methods,
    token_client_methods,
};

/// A client that calls as one app of GoodCity. Cheap to clone: all clones share connections and
/// sessions.
#[derive(Clone)]
pub struct Client {
    pub(crate) calls: CallContext,
    pub(super) parts: Arc<Parts>,
}

/// What all clones and sessions of a client share.
pub(super) struct Parts {
    pub(super) context: Arc<SessionContext>,
    sessions: Arc<SessionRegistry>,
    mobile_rule: MobileRule,
}

/// A builder of a [`Client`].
#[must_use = "call `build` to get a client"]
pub struct ClientBuilder {
    config: ClientConfig,
    app_name: String,
    mobile_rule: MobileRule,
}

opaque_debug!("goodcity": Client, ClientBuilder, Parts);

impl ClientBuilder {
    client_config_setters!();

    /// Sets the app that the client calls as, with or without the suffix `.goodcity`. Required: a
    /// request without a name counts as one of an unknown app.
    ///
    /// | name | who may sign in |
    /// |---|---|
    /// | `app`, `browse`, `stock` | every user |
    /// | `admin`, `settings_editor` | users whose roles permit it |
    /// | any other | no user |
    ///
    /// To a user who may not sign in, the server sends no pin and invalidates the former one (401),
    /// and it refuses every pin like a wrong one. A sign-up is not checked: it succeeds and sends an
    /// SMS, whose pin is then refused and used up.
    ///
    /// The list of names may grow, so any name of lower-case letters, `_` and `.` is valid here.
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app_name = name.into();
        self
    }

    /// Sets which mobile numbers are valid; [`MobileRule::Current`] by default.
    pub fn mobile_rule(mut self, rule: MobileRule) -> Self {
        self.mobile_rule = rule;
        self
    }

    /// Checks the settings and builds the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the wrong setting:
    /// `base_url`, `app_name`, `language`, or one of the connection (such as `proxy`). An
    /// `https` base URL needs the feature `rustls` or `native-tls`, or an
    /// [`http_client`](Self::http_client).
    pub fn build(self) -> Result<Client, Error> {
        let (pipeline, context, sessions) = self.config.build(|base, mut headers| {
            headers.insert(APP_NAME, app_name_header(&self.app_name)?);
            Ok((base, Rules::new(headers)))
        })?;
        Ok(Client {
            calls: CallContext::new(pipeline),
            parts: Arc::new(Parts {
                context,
                sessions,
                mobile_rule: self.mobile_rule,
            }),
        })
    }
}

/// The list of apps may grow, so any name of the right form is valid.
fn app_name_header(name: &str) -> Result<HeaderValue, Error> {
    let well_formed = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'.');
    let value = HeaderValue::from_str(name).ok();
    let value = value.filter(|_| !name.is_empty() && name.bytes().all(well_formed));
    let right = "must be given: the name of an app, such as `app` or `admin.goodcity`";
    value.ok_or_else(|| Error::invalid("app_name", right))
}

impl Client {
    client_methods!();

    pub(super) fn mobile_rule(&self) -> MobileRule {
        self.parts.mobile_rule
    }

    token_client_methods!();

    /// Starts a client at `base_url`, such as `https://api.goodcity.hk`. It needs an
    /// [`app_name`](ClientBuilder::app_name), for donors usually `app`.
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            config: ClientConfig::new(System::GoodCity, base_url),
            app_name: String::new(),
            mobile_rule: MobileRule::default(),
        }
    }

    /// The operations that need no session.
    pub fn api(&self) -> Api {
        Api::new(self.calls.clone())
    }

    /// Resumes a session by its id, on any instance that shares the store; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such session.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_session(&self, id: &Secret) -> Result<Session, Error> {
        let entry = self.parts.sessions.resume(id).await?;
        Ok(Session::new(self, entry))
    }

    /// Waits up to `deadline` until running exchanges of codes, passwords and tokens have finished and
    /// their sessions are saved, and until sessions whose callers went away are claimed or signed out.
    /// Call it before the process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if one of them did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context().shutdown(deadline).await
    }

    /// Stores the token of a new session of whose user nothing is known.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        self.create_session(tokens, UserHints::default()).await
    }

    /// Stores the token of a new session, with the number that received the pin and the language of
    /// the user.
    pub(super) async fn sign_in_by(
        &self,
        phone: &Phone,
        language: Option<&str>,
        tokens: Tokens,
    ) -> Result<Session, Error> {
        let user = UserHints {
            login_hint: Some(phone.to_e164()),
            language: language.map(str::to_owned),
        };
        self.create_session(tokens, user).await
    }

    async fn create_session(&self, tokens: Tokens, user: UserHints) -> Result<Session, Error> {
        let credential = Credential::Tokens(tokens);
        let create = self.parts.sessions.create(credential, user);
        Ok(Session::new(self, create.await?))
    }
}

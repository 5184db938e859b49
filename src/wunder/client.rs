//! The client of one tenant and its builder.

use std::sync::Arc;
use std::time::Duration;

use super::auth_api::AuthApi;
use super::refresh::RefreshToken;
use super::rules::Rules;
use super::session::Session;
use super::signature::{BootstrapSignature, Sha256Hex};
use super::user_api::UserApi;
use crate::client_config::{ClientConfig, check_key, check_tenant, client_config_setters};
use crate::error::{Error, System};
use crate::generated::wunder_auth::operations::{BASE_PATH, PATH_PREFIX};
use crate::opaque_debug::opaque_debug;
use crate::pipeline::CallContext;
use crate::secret::Secret;
use crate::session::{
    Credential, SessionContext, SessionRegistry, Tokens, UserHints, client_methods,
    token_client_methods,
};

/// A client of one tenant of Wunder Mobility. Cheap to clone: all clones share connections and
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
    /// The least time between two messages to one number.
    resend_wait: Duration,
}

/// A builder of a [`Client`].
#[must_use = "call `build` to get a client"]
pub struct ClientBuilder {
    config: ClientConfig,
    tenant: String,
    signing_key: Option<Secret>,
    signature: Arc<dyn BootstrapSignature>,
    resend_wait: Option<Duration>,
    auth_path_prefix: Option<String>,
}

opaque_debug!("wunder": Client, ClientBuilder, Parts);

impl ClientBuilder {
    client_config_setters!();

    /// Sets the tenant: letters, digits, `_` and `-`.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Sets the key that signs bootstrap requests, without a line break or a space at either end.
    /// Without a key, flows that send a code fail with
    /// [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) before anything is sent.
    pub fn signing_key(mut self, key: impl Into<Secret>) -> Self {
        self.signing_key = Some(key.into());
        self
    }

    /// Sets the signature scheme; [`Sha256Hex`] by default.
    pub fn signature_scheme(mut self, scheme: impl BootstrapSignature) -> Self {
        self.signature = Arc::new(scheme);
        self
    }

    /// Sets the least time between two messages of one kind to one number or mailbox, also across sign-ins:
    /// codes of a sign-in, links, codes of a verification and of a new password are kinds. It takes
    /// precedence over [`Settings::resend_wait`](crate::Settings::resend_wait). Zero by default, because
    /// the vendor documents none; a public back end should set one.
    pub fn resend_wait(mut self, wait: Duration) -> Self {
        self.resend_wait = Some(wait);
        self
    }

    /// Sets the start of the paths of the Authentication API, below the base URL. `{tenant}` stands for
    /// the tenant. The default is the documented `/{tenant}/auth`; a gateway was seen that has
    /// `/{tenant}/auth/api/{tenant}`. Paths of the User API and of custom requests stay as they are.
    ///
    /// ```
    /// # fn main() -> Result<(), vestibule::Error> {
    /// use vestibule::wunder::Client;
    ///
    /// // Signs in at `https://go.api.example.com/v1/abcd1234/auth/api/abcd1234/sign-in-email`.
    /// let client = Client::builder("https://go.api.example.com/v1")
    ///     .tenant("abcd1234")
    ///     .auth_path_prefix("/{tenant}/auth/api/{tenant}")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn auth_path_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.auth_path_prefix = Some(prefix.into());
        self
    }

    /// Checks the settings and builds the client; sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming the wrong setting:
    /// `base_url`, `tenant`, `signing_key`, `auth_path_prefix`, `language`, or one of the connection (such as `proxy`). An
    /// `https` base URL needs the feature `rustls` or `native-tls`, or an
    /// [`http_client`](Self::http_client).
    pub fn build(self) -> Result<Client, Error> {
        let (pipeline, context, sessions) = self.config.build(|base, headers| {
            check_tenant(&self.tenant)?;
            if let Some(key) = &self.signing_key {
                check_key("signing_key", key)?;
            }
            let base = match &self.auth_path_prefix {
                Some(prefix) => {
                    let start = path_start(prefix, &self.tenant)?;
                    base.with_moved_paths(BASE_PATH, PATH_PREFIX, &start)
                }
                None => base,
            };
            let base = base.with_start_of_path(BASE_PATH, "tenant", &self.tenant);
            Ok((base, Rules::new(headers, self.signing_key, self.signature)))
        })?;
        context.set_refresher(Arc::new(RefreshToken::new(pipeline.clone())));
        let default = context.resend_wait(Duration::ZERO);
        Ok(Client {
            calls: CallContext::new(pipeline),
            parts: Arc::new(Parts {
                context,
                sessions,
                resend_wait: self.resend_wait.unwrap_or(default),
            }),
        })
    }
}

impl Client {
    client_methods!();

    /// The least time between two messages to one number.
    pub(super) fn resend_wait(&self) -> Duration {
        self.parts.resend_wait
    }

    token_client_methods!();

    /// Starts a client at `base_url`, such as `https://go.api.gourban.services/v1`. It needs a
    /// [`tenant`](ClientBuilder::tenant).
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            config: ClientConfig::new(System::Wunder, base_url),
            tenant: String::new(),
            signing_key: None,
            signature: Arc::new(Sha256Hex),
            resend_wait: None,
            auth_path_prefix: None,
        }
    }

    /// The operations of the Authentication API that need no session.
    pub fn auth_api(&self) -> AuthApi {
        AuthApi::new(self.calls.clone())
    }

    /// The operations of the User API that need no session.
    pub fn user_api(&self) -> UserApi {
        UserApi::new(self.calls.clone())
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
    /// Afterwards no token is refreshed. Call it before the process ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if one of them did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        self.context().shutdown(deadline).await
    }

    /// Stores the tokens of a new session.
    pub(super) async fn sign_in(&self, tokens: Tokens) -> Result<Session, Error> {
        let credential = Credential::Tokens(tokens);
        let entry = self
            .parts
            .sessions
            .create(credential, UserHints::default())
            .await?;
        Ok(Session::new(self, entry))
    }
}

/// The start of a path, with the tenant in place of `{tenant}`.
fn path_start(prefix: &str, tenant: &str) -> Result<String, Error> {
    let path = prefix.trim_end_matches('/').replace("{tenant}", tenant);
    let is_segment = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
    };
    let segments = path.strip_prefix('/');
    if !segments.is_some_and(|segments| segments.split('/').all(is_segment)) {
        let right =
            "must be a path such as `/{tenant}/auth`: letters, digits, `-`, `.`, `_` and `~`";
        return Err(Error::invalid("auth_path_prefix", right));
    }
    Ok(path)
}

//! The settings of the default HTTP client.

use std::fmt;
use std::time::Duration;

use crate::secret::Secret;

/// What the builder of a client sets for the default HTTP client.
#[derive(Clone, Default)]
pub(crate) struct ConnectionSettings {
    /// PEM texts, each with one or more certificates.
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) client_identity: Option<Secret>,
    pub(crate) proxy: ProxyChoice,
    pub(crate) pool_idle_timeout: Option<Duration>,
    pub(crate) user_agent: Option<String>,
}

/// Which proxy connections use.
#[derive(Clone, Default)]
pub(crate) enum ProxyChoice {
    /// The proxy that environment variables name, if any.
    #[default]
    Environment,
    None,
    /// The proxy at this URL.
    At(Secret),
}

impl ConnectionSettings {
    /// The name of a setting that was set. None of them applies to a custom HTTP client.
    pub(crate) fn any_set(&self) -> Option<&'static str> {
        let proxy = match self.proxy {
            ProxyChoice::Environment => None,
            ProxyChoice::None => Some("no_proxy"),
            ProxyChoice::At(_) => Some("proxy"),
        };
        let has_roots = !self.root_certificates.is_empty();
        has_roots
            .then_some("root_certificate")
            .or(self.client_identity.as_ref().map(|_| "client_identity"))
            .or(proxy)
            .or(self.pool_idle_timeout.map(|_| "pool_idle_timeout"))
            .or(self.user_agent.as_ref().map(|_| "user_agent"))
    }
}

impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionSettings")
    }
}

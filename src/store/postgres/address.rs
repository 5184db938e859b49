//! The URL of PostgreSQL and the settings of a pool that the store opens itself.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::tls;
use crate::secret::Secret;
use crate::store::{StoreError, is_loopback};

/// How long a connection is idle before the kernel checks whether the server is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) struct Address {
    pub(super) url: Secret,
    pub(super) max_connections: usize,
    pub(super) allow_plain_tcp: bool,
    pub(super) root_certificates: Option<Vec<u8>>,
    pub(super) client_identity: Option<Secret>,
}

impl Address {
    pub(super) fn new(url: Secret) -> Self {
        Self {
            url,
            max_connections: 10,
            allow_plain_tcp: false,
            root_certificates: None,
            client_identity: None,
        }
    }

    /// Creates the pool, which connects when it is used.
    pub(super) fn pool(&self, timeout: Duration) -> Result<Pool, StoreError> {
        let mut config: Config = self.url.expose().parse().map_err(|_| invalid_url())?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(invalid_url());
        }
        if self.max_connections == 0 {
            return Err(StoreError::InvalidSetting {
                name: "max_connections",
                requirement: "must be 1 or more",
            });
        }
        if config.get_application_name().is_none() {
            config.application_name("vestibule");
        }
        // The driver tries one host after another, and a step tries them within its timeout.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
        let share = timeout / u32::try_from(hosts + 1).unwrap_or(u32::MAX);
        let connect_timeout = config.get_connect_timeout().copied();
        config
            .connect_timeout(connect_timeout.map_or(share, |set| set.min(share)))
            .tcp_user_timeout(timeout)
            .keepalives_idle(KEEP_ALIVE);
        let manager_config = ManagerConfig {
            // A closed connection is noticed without a query.
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if self.uses_tls(&config)? {
            config.ssl_mode(SslMode::Require);
            let roots = self.root_certificates.as_deref();
            let tls = tls::connector(roots, self.client_identity.as_ref())?;
            Manager::from_config(config, tls, manager_config)
        } else {
            config.ssl_mode(SslMode::Disable);
            Manager::from_config(config, NoTls, manager_config)
        };
        let pool = Pool::builder(manager)
            .max_size(self.max_connections)
            .runtime(Runtime::Tokio1);
        // It fails only for timeouts without a runtime.
        pool.build().map_err(|_| invalid_url())
    }

    /// TLS is used beyond this machine, and wherever the URL requires it.
    fn uses_tls(&self, config: &Config) -> Result<bool, StoreError> {
        let is_local = config.get_hosts().iter().all(is_local)
            && config.get_hostaddrs().iter().all(|ip| ip.is_loopback());
        match config.get_ssl_mode() {
            SslMode::Require => Ok(true),
            _ if is_local || self.allow_plain_tcp => Ok(false),
            SslMode::Disable => Err(StoreError::InvalidSetting {
                name: "url",
                requirement: "must not have `sslmode=disable` unless the host is loopback or \
                              `allow_plain_tcp` is set",
            }),
            _ => Ok(true),
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => is_loopback(name),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn invalid_url() -> StoreError {
    StoreError::InvalidSetting {
        name: "url",
        requirement: "must be a URL of PostgreSQL, such as \
                      `postgres://user:password@host:5432/database`",
    }
}

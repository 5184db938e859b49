//! Settings from the environment.

use std::net::SocketAddr;

use vestibule::Secret;

/// The listen address, the store and the enabled systems.
pub struct Settings {
    pub listen: SocketAddr,
    /// Whether browsers use https, so that the cookie can be `Secure`.
    pub https: bool,
    /// Without it, state is kept in memory.
    pub redis: Option<Redis>,
    /// If empty, mocks are started.
    pub servers: Servers,
}

pub struct Redis {
    pub url: Secret,
    /// 32 bytes in base64.
    pub sealing_key: Secret,
}

/// The servers of the enabled systems.
#[derive(Default)]
pub struct Servers {
    pub wunder: Option<WunderServer>,
    pub walletcrew: Option<WalletCrewServer>,
    pub goodcity: Option<GoodCityServer>,
    pub fynd: Option<FyndServer>,
}

pub struct WunderServer {
    pub url: String,
    pub tenant: String,
    pub signing_key: Secret,
    pub branch: String,
}

pub struct WalletCrewServer {
    pub url: String,
    pub tenant: String,
    /// The flow that sends a code.
    pub flow: String,
    /// The provider that accepts the code.
    pub provider: String,
}

pub struct GoodCityServer {
    pub url: String,
    pub app: String,
}

pub struct FyndServer {
    /// Defaults to the vendor's server.
    pub url: Option<String>,
    pub application_id: String,
    pub application_token: Secret,
}

impl Settings {
    /// Reads the settings; `variable` returns the value of an environment variable.
    ///
    /// # Errors
    ///
    /// A message that names the missing or invalid variable and quotes no value.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &str, by: &str| given(name).ok_or(format!("{by} needs {name}"));
        let listen = given("LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        let redis = given("REDIS_URL").map(|url| {
            Ok::<_, String>(Redis {
                url: url.into(),
                sealing_key: needed("SEALING_KEY", "REDIS_URL")?.into(),
            })
        });
        let wunder = given("WUNDER_URL").map(|url| {
            Ok::<_, String>(WunderServer {
                url,
                tenant: needed("WUNDER_TENANT", "WUNDER_URL")?,
                signing_key: needed("WUNDER_SIGNATURE_KEY", "WUNDER_URL")?.into(),
                branch: needed("WUNDER_BRANCH", "WUNDER_URL")?,
            })
        });
        let walletcrew = given("WALLETCREW_URL").map(|url| {
            Ok::<_, String>(WalletCrewServer {
                url,
                tenant: needed("WALLETCREW_TENANT", "WALLETCREW_URL")?,
                flow: needed("WALLETCREW_FLOW", "WALLETCREW_URL")?,
                provider: needed("WALLETCREW_PROVIDER", "WALLETCREW_URL")?,
            })
        });
        let goodcity = given("GOODCITY_URL").map(|url| {
            Ok::<_, String>(GoodCityServer {
                url,
                app: needed("GOODCITY_APP", "GOODCITY_URL")?,
            })
        });
        let fynd = given("FYND_APPLICATION_ID").map(|application_id| {
            Ok::<_, String>(FyndServer {
                url: given("FYND_URL"),
                application_id,
                application_token: needed("FYND_APPLICATION_TOKEN", "FYND_APPLICATION_ID")?.into(),
            })
        });
        Ok(Self {
            listen: listen
                .parse()
                .map_err(|_| "LISTEN must be like 127.0.0.1:3000".to_owned())?,
            https: given("HTTPS").is_some_and(|value| value == "1"),
            redis: redis.transpose()?,
            servers: Servers {
                wunder: wunder.transpose()?,
                walletcrew: walletcrew.transpose()?,
                goodcity: goodcity.transpose()?,
                fynd: fynd.transpose()?,
            },
        })
    }
}

impl Servers {
    pub fn is_empty(&self) -> bool {
        self.wunder.is_none()
            && self.walletcrew.is_none()
            && self.goodcity.is_none()
            && self.fynd.is_none()
    }
}

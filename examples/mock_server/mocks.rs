//! The mocks, with a fault proxy in front of each that has faults.

use std::io;

use vestibule::testing::{FaultProxy, FaultRule, Fynd, GoodCity, WalletCrew, Wunder};

use crate::arguments::Arguments;
use crate::{faults, seeds};

/// The running mocks, which stop when they are dropped.
pub struct Mocks {
    wunder: (Wunder, Option<FaultProxy>),
    walletcrew: (WalletCrew, Option<FaultProxy>),
    goodcity: (GoodCity, Option<FaultProxy>),
    fynd: (Fynd, Option<FaultProxy>),
}

/// Starts a mock on its port, or on a free port with a proxy on its port.
macro_rules! start {
    ($mock:ident, $system:literal, $arguments:expr) => {{
        let (system, arguments) = ($system, $arguments);
        let port = arguments.port(system);
        let settings = arguments.settings()?;
        let unavailable = |error: io::Error| format!("port {port} for {system}: {error}");
        let has_faults = faults::apply_to(system, arguments.faults(), arguments.profiles());
        let mock_port = if has_faults { 0 } else { port };
        let mock = $mock::serve(settings.port(mock_port))
            .await
            .map_err(unavailable)?;
        let rules = faults::rules(
            system,
            &mock.operations(),
            arguments.faults(),
            arguments.profiles(),
        )?;
        let proxy = if has_faults {
            let proxy = mock.fault_proxy_on(port).await.map_err(unavailable)?;
            inject(&proxy, rules);
            Some(proxy)
        } else {
            None
        };
        (mock, proxy)
    }};
}

impl Mocks {
    /// Starts and seeds all mocks. The returned lines describe the seeded data.
    pub async fn start(arguments: &Arguments) -> Result<(Self, Vec<String>), String> {
        let mocks = Self {
            wunder: start!(Wunder, "wunder", arguments),
            walletcrew: start!(WalletCrew, "walletcrew", arguments),
            goodcity: start!(GoodCity, "goodcity", arguments),
            fynd: start!(Fynd, "fynd", arguments),
        };
        let seeded = mocks.seed(arguments)?;
        Ok((mocks, seeded))
    }

    /// The name of each system with its base URL.
    pub fn base_urls(&self) -> [(&'static str, String); 4] {
        fn url(mock: String, proxy: &Option<FaultProxy>) -> String {
            proxy.as_ref().map_or(mock, FaultProxy::base_url)
        }
        [
            ("wunder", url(self.wunder.0.base_url(), &self.wunder.1)),
            (
                "walletcrew",
                url(self.walletcrew.0.base_url(), &self.walletcrew.1),
            ),
            (
                "goodcity",
                url(self.goodcity.0.base_url(), &self.goodcity.1),
            ),
            ("fynd", url(self.fynd.0.base_url(), &self.fynd.1)),
        ]
    }

    fn seed(&self, arguments: &Arguments) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        for client in arguments.api_clients() {
            seeds::wunder_client(&self.wunder.0, client);
        }
        for account in arguments.social_accounts() {
            seeds::wunder_social_account(&self.wunder.0, account);
        }
        for terms in arguments.terms() {
            lines.push(seeds::wunder_terms(&self.wunder.0, terms));
        }
        for seed in arguments.seeds("wunder-user") {
            lines.push(seeds::wunder_user(&self.wunder.0, seed)?);
        }
        for seed in arguments.seeds("walletcrew-customer") {
            lines.push(seeds::walletcrew_customer(&self.walletcrew.0, seed)?);
        }
        for seed in arguments.seeds("goodcity-user") {
            lines.push(seeds::goodcity_user(&self.goodcity.0, seed)?);
        }
        for attribute in arguments.attributes() {
            seeds::fynd_attribute(&self.fynd.0, attribute);
        }
        for seed in arguments.seeds("fynd-user") {
            lines.extend(seeds::fynd_user(&self.fynd.0, seed)?);
        }
        Ok(lines)
    }
}

fn inject(proxy: &FaultProxy, rules: Vec<FaultRule>) {
    for rule in rules {
        proxy.inject(rule);
    }
}

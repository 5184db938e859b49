//! The mocks, each behind a proxy that breaks the wire where that was asked for.

use std::io;

use vestibule::testing::{FaultProxy, FaultRule, Fynd, GoodCity, WalletCrew, Wunder};

use crate::arguments::Arguments;
use crate::{faults, seeds};

/// All that runs. A mock ends with its handle.
pub struct Serving {
    wunder: (Wunder, Option<FaultProxy>),
    walletcrew: (WalletCrew, Option<FaultProxy>),
    goodcity: (GoodCity, Option<FaultProxy>),
    fynd: (Fynd, Option<FaultProxy>),
}

/// Starts one mock: on its port, or behind a proxy that has the port.
macro_rules! start {
    ($mock:ident, $system:literal, $arguments:expr) => {{
        let (system, arguments) = ($system, $arguments);
        let port = arguments.port(system);
        let settings = arguments.settings()?;
        let no_port = |error: io::Error| format!("port {port} for {system}: {error}");
        let is_broken = faults::concern(system, arguments.faults(), arguments.profiles());
        let own_port = if is_broken { 0 } else { port };
        let mock = $mock::serve(settings.port(own_port))
            .await
            .map_err(no_port)?;
        let rules = faults::rules(
            system,
            &mock.operations(),
            arguments.faults(),
            arguments.profiles(),
        )?;
        let proxy = if is_broken {
            let proxy = mock.fault_proxy_on(port).await.map_err(no_port)?;
            inject(&proxy, rules);
            Some(proxy)
        } else {
            None
        };
        (mock, proxy)
    }};
}

impl Serving {
    /// Starts and seeds all; gives what is to be told of the seeds.
    pub async fn start(arguments: &Arguments) -> Result<(Self, Vec<String>), String> {
        let serving = Self {
            wunder: start!(Wunder, "wunder", arguments),
            walletcrew: start!(WalletCrew, "walletcrew", arguments),
            goodcity: start!(GoodCity, "goodcity", arguments),
            fynd: start!(Fynd, "fynd", arguments),
        };
        let seeded = serving.seed(arguments)?;
        Ok((serving, seeded))
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
        let mut told = Vec::new();
        for client in arguments.api_clients() {
            seeds::wunder_client(&self.wunder.0, client);
        }
        for account in arguments.social_accounts() {
            seeds::wunder_social_account(&self.wunder.0, account);
        }
        for terms in arguments.terms() {
            told.push(seeds::wunder_terms(&self.wunder.0, terms));
        }
        for seed in arguments.seeds("wunder-user") {
            told.push(seeds::wunder_user(&self.wunder.0, seed)?);
        }
        for seed in arguments.seeds("walletcrew-customer") {
            told.push(seeds::walletcrew_customer(&self.walletcrew.0, seed)?);
        }
        for seed in arguments.seeds("goodcity-user") {
            told.push(seeds::goodcity_user(&self.goodcity.0, seed)?);
        }
        for attribute in arguments.attributes() {
            seeds::fynd_attribute(&self.fynd.0, attribute);
        }
        for seed in arguments.seeds("fynd-user") {
            told.extend(seeds::fynd_user(&self.fynd.0, seed)?);
        }
        Ok(told)
    }
}

fn inject(proxy: &FaultProxy, rules: Vec<FaultRule>) {
    for rule in rules {
        proxy.inject(rule);
    }
}

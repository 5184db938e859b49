//! The mocks, each with its control API.

use std::io;

use serde_json::Value;
use vestibule::System;
use vestibule::testing::{Fynd, GoodCity, MockControl, WalletCrew, Wunder};

use crate::arguments::Arguments;
use crate::seeds;

/// The running mocks, which stop when they are dropped.
pub struct Mocks {
    wunder: Wunder,
    walletcrew: WalletCrew,
    goodcity: GoodCity,
    fynd: Fynd,
}

impl Mocks {
    /// Starts and seeds all mocks. The returned lines describe the seeded data.
    pub async fn start(arguments: &Arguments) -> Result<(Self, Vec<String>), String> {
        let settings = |system| arguments.settings(system);
        let failed = |system: System| {
            let port = arguments.port(system);
            move |error: io::Error| match error.kind() {
                io::ErrorKind::InvalidInput => named("bind", error),
                _ => format!("port {port} for {system}: {error}"),
            }
        };
        let mocks = Self {
            wunder: Wunder::serve(settings(System::Wunder)?)
                .await
                .map_err(failed(System::Wunder))?,
            walletcrew: WalletCrew::serve(settings(System::WalletCrew)?)
                .await
                .map_err(failed(System::WalletCrew))?,
            goodcity: GoodCity::serve(settings(System::GoodCity)?)
                .await
                .map_err(failed(System::GoodCity))?,
            fynd: Fynd::serve(settings(System::Fynd)?)
                .await
                .map_err(failed(System::Fynd))?,
        };
        let seeded = mocks.seed(arguments)?;
        Ok((mocks, seeded))
    }

    /// The name of each system with its base URL.
    pub fn base_urls(&self) -> [(&'static str, String); 4] {
        [
            (System::Wunder.as_str(), self.wunder.base_url()),
            (System::WalletCrew.as_str(), self.walletcrew.base_url()),
            (System::GoodCity.as_str(), self.goodcity.base_url()),
            (System::Fynd.as_str(), self.fynd.base_url()),
        ]
    }

    fn seed(&self, arguments: &Arguments) -> Result<Vec<String>, String> {
        let mut lines = Vec::new();
        let controls = [
            self.wunder.control(),
            self.walletcrew.control(),
            self.goodcity.control(),
            self.fynd.control(),
        ];
        for control in controls.iter().flatten() {
            for flag in seeds::FLAGS {
                if flag.system != control.system() {
                    continue;
                }
                for text in arguments.all(flag.name) {
                    let body = (flag.body)(text).map_err(|error| named(flag.name, error))?;
                    let seeded = add(control, flag.name, flag.collection, body.clone())?;
                    lines.extend((flag.lines)(&body, &seeded));
                }
            }
            let faults = arguments.faults().map(|fault| ("fault", fault));
            let profiles = arguments.profiles().map(|profile| ("profile", profile));
            // Those of `--fault` come first, because they are more specific.
            for (flag, fault) in faults.chain(profiles) {
                if fault.system.is_none_or(|system| system == control.system()) {
                    add(control, flag, "faults", fault.body.clone())?;
                }
            }
        }
        Ok(lines)
    }
}

fn add(control: &MockControl, flag: &str, collection: &str, body: Value) -> Result<Value, String> {
    let added = control.seed(collection, body);
    added.map_err(|error| named(flag, error))
}

fn named(flag: &str, error: impl std::fmt::Display) -> String {
    format!("--{flag}: {error}")
}

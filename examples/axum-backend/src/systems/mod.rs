//! The clients of the enabled systems.

pub mod account;
mod walletcrew;
pub mod wunder;

use std::sync::Arc;
use std::time::Duration;

use vestibule::code_sign_in::CodeSignIn;
use vestibule::store::SessionStore;
use vestibule::{Clock, Error, System, fynd, goodcity};

use self::walletcrew::WalletCrew;
use self::wunder::Wunder;
use crate::settings::Servers;

/// Sign-in by a code uses [`Systems::code_sign_in`], which is the same for all; other features use the
/// client of the system.
pub struct Systems {
    pub wunder: Option<Wunder>,
    walletcrew: Option<WalletCrew>,
    pub goodcity: Option<goodcity::Client>,
    pub fynd: Option<fynd::Client>,
}

impl Systems {
    /// Makes the clients; sends nothing. They share `store`, and live in the time of `clock`.
    ///
    /// # Errors
    ///
    /// Which setting has the wrong form.
    pub fn new(
        servers: &Servers,
        store: &Arc<dyn SessionStore>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let wunder = servers.wunder.as_ref();
        let wunder = wunder.map(|server| Wunder::new(server, store.clone(), clock.clone()));
        let walletcrew = servers.walletcrew.as_ref();
        let walletcrew =
            walletcrew.map(|server| WalletCrew::new(server, store.clone(), clock.clone()));
        let goodcity = servers.goodcity.as_ref().map(|server| {
            let builder =
                goodcity::Client::builder(server.url.as_str()).app_name(server.app.as_str());
            builder.store(store.clone()).clock(clock.clone()).build()
        });
        let fynd = servers.fynd.as_ref().map(|server| {
            let (id, token) = (&server.application_id, &server.application_token);
            let mut builder = fynd::Client::builder(id.as_str()).application_token(token.clone());
            if let Some(url) = &server.url {
                builder = builder.base_url(url.as_str());
            }
            builder.store(store.clone()).clock(clock.clone()).build()
        });
        Ok(Self {
            wunder: wunder.transpose()?,
            walletcrew: walletcrew.transpose()?,
            goodcity: goodcity.transpose()?,
            fynd: fynd.transpose()?,
        })
    }

    /// The system of this name, if it is enabled.
    pub fn by_name(&self, name: &str) -> Option<System> {
        self.enabled().find(|system| system.as_str() == name)
    }

    pub fn enabled(&self) -> impl Iterator<Item = System> {
        let is_enabled = |system: &System| self.code_sign_in(*system).is_some();
        System::ALL.into_iter().filter(is_enabled)
    }

    pub fn code_sign_in(&self, system: System) -> Option<&dyn CodeSignIn> {
        match system {
            System::Wunder => self.wunder.as_ref().map(|it| &it.sign_in as _),
            System::WalletCrew => self.walletcrew.as_ref().map(|it| &it.sign_in as _),
            System::GoodCity => self.goodcity.as_ref().map(|it| it as _),
            System::Fynd => self.fynd.as_ref().map(|it| it as _),
            _ => None,
        }
    }

    /// Waits for running refreshes, so that no rotated token is lost.
    ///
    /// # Errors
    ///
    /// One for each client whose refreshes did not finish in time.
    pub async fn shutdown(&self, deadline: Duration) -> Vec<Error> {
        let wunder = async {
            let client = self.wunder.as_ref()?;
            client.client.shutdown(deadline).await.err()
        };
        let walletcrew = async {
            let client = self.walletcrew.as_ref()?;
            client.client.shutdown(deadline).await.err()
        };
        let goodcity = async { self.goodcity.as_ref()?.shutdown(deadline).await.err() };
        let fynd = async { self.fynd.as_ref()?.shutdown(deadline).await.err() };
        let (a, b, c, d) = tokio::join!(wunder, walletcrew, goodcity, fynd);
        [a, b, c, d].into_iter().flatten().collect()
    }
}

/// The display name of a system.
pub fn title(system: System) -> &'static str {
    match system {
        System::Wunder => "Wunder Mobility",
        System::WalletCrew => "The Wallet Crew",
        System::GoodCity => "GoodCity",
        System::Fynd => "Fynd Commerce",
        other => other.as_str(),
    }
}

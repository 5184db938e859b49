//! Mocks of the four systems, to try the page without real servers. Omit them from your back end.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vestibule::testing::{
    Fynd, FyndUser, GoodCity, GoodCityUser, Message, Outbox, TestClock, WalletCrew, Wunder,
};
use vestibule::wunder::TermsScope;
use vestibule::{Clock, Contact, Error, Phone, System};

use crate::settings::{FyndServer, GoodCityServer, Servers, WalletCrewServer, WunderServer};

/// The branch whose terms the mock serves.
const BRANCH: &str = "2";

/// The number of messages on the page.
const SHOWN: usize = 3;

/// Four mocks that share one clock with the clients.
pub struct Mocks {
    clock: TestClock,
    pub wunder: Wunder,
    pub walletcrew: WalletCrew,
    pub goodcity: GoodCity,
    pub fynd: Fynd,
}

impl Mocks {
    /// Starts the mocks with a few users.
    ///
    /// # Errors
    ///
    /// Names the number of a user that is not valid.
    pub async fn start() -> Result<Self, Error> {
        let clock = TestClock::new();
        let mocks = Self {
            wunder: Wunder::start_with(clock.clone()).await,
            walletcrew: WalletCrew::start_with(clock.clone()).await,
            goodcity: GoodCity::start_with(clock.clone()).await,
            fynd: Fynd::start_with(clock.clone()).await,
            clock,
        };
        mocks.wunder.require_mfa(&"+43660000002".parse()?, "246810");
        let terms = json!({
            "title": "Terms of riding",
            "text": "Keep to the speed limit, park without blocking the way, and return the vehicle \
                     undamaged. We store only the data that we need for your bill.",
        });
        let of = TermsScope::Branch(BRANCH.to_owned());
        mocks.wunder.add_terms(of, terms);
        let ada = GoodCityUser::new(Phone::parse("+85261234567")?);
        let ada = ada.first_name("Ada").last_name("Wong");
        mocks.goodcity.add_user(ada);
        let asha = FyndUser::new("Asha").phone(Phone::parse("+919000000001")?);
        mocks.fynd.add_user(asha);
        Ok(mocks)
    }

    pub fn servers(&self) -> Servers {
        Servers {
            wunder: Some(WunderServer {
                url: self.wunder.base_url(),
                tenant: "demo".to_owned(),
                signing_key: Wunder::SIGNING_KEY.into(),
                branch: BRANCH.to_owned(),
            }),
            walletcrew: Some(WalletCrewServer {
                url: self.walletcrew.base_url(),
                tenant: "demo".to_owned(),
                flow: "activation".to_owned(),
                provider: "otp".to_owned(),
            }),
            goodcity: Some(GoodCityServer {
                url: self.goodcity.base_url(),
                app: "app".to_owned(),
            }),
            fynd: Some(FyndServer {
                url: Some(self.fynd.base_url()),
                application_id: "000000000000000000000001".to_owned(),
                application_token: "demo-token".into(),
            }),
        }
    }

    /// The clock of the mocks, which the clients share.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    pub fn pass_time(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The outbox of a system that has a mock.
    pub fn outbox(&self, system: System) -> Option<&Outbox> {
        match system {
            System::Wunder => Some(self.wunder.outbox()),
            System::WalletCrew => Some(self.walletcrew.outbox()),
            System::GoodCity => Some(self.goodcity.outbox()),
            System::Fynd => Some(self.fynd.outbox()),
            _ => None,
        }
    }

    /// The newest messages of a system, newest first.
    pub fn messages(&self, system: System) -> Vec<Message> {
        let mut messages = self
            .outbox(system)
            .map(Outbox::messages)
            .unwrap_or_default();
        messages.reverse();
        messages.truncate(SHOWN);
        messages
    }

    /// The current code of a Wunder user's authenticator.
    pub fn authenticator(&self, to: &Contact) -> Option<String> {
        self.wunder.second_factor_code(&to.to_text())
    }
}

/// The users that exist on a mock.
pub fn users(system: System) -> &'static [&'static str] {
    match system {
        System::Wunder => &[
            "+43 660000002 has an authenticator.",
            "Every other number or address is a new user.",
        ],
        System::WalletCrew => &["Every number or address is a customer."],
        System::GoodCity => &[
            "+852 61234567 is Ada Wong.",
            "New users sign up first: +852 and eight digits that begin with 5, 6 or 9.",
        ],
        System::Fynd => &[
            "+91 9000000001 is Asha.",
            "Every other number or address is a new user.",
        ],
        _ => &[],
    }
}

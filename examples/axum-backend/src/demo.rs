//! Mocks of the four systems, so that the page can be tried alone. A back end of your own has none.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use vestibule::code_sign_in::Destination;
use vestibule::testing::{Fynd, GoodCity, Message, Outbox, TestClock, WalletCrew, Wunder};
use vestibule::wunder::TermsOf;
use vestibule::{Clock, System};

use crate::settings::{FyndServer, GoodCityServer, Servers, WalletCrewServer, WunderServer};

/// Whose terms the mock has.
const BRANCH: &str = "2";

/// How many messages the page shows.
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
    /// Starts the mocks, with a few people to try.
    pub async fn start() -> Self {
        let clock = TestClock::new();
        let mocks = Self {
            wunder: Wunder::start_with(clock.clone()).await,
            walletcrew: WalletCrew::start_with(clock.clone()).await,
            goodcity: GoodCity::start_with(clock.clone()).await,
            fynd: Fynd::start_with(clock.clone()).await,
            clock,
        };
        mocks.wunder.require_mfa("+43660000002", "246810");
        let terms = json!({
            "title": "Terms of riding",
            "text": "You ride at the speed of the road, park where nobody stumbles, and give the \
                     vehicle back as you found it. We keep what we need to send you a bill, and \
                     nothing else.",
        });
        let of = TermsOf::Branch(BRANCH.to_owned());
        mocks.wunder.add_terms(of, terms);
        mocks.goodcity.add_user("+85261234567", "Ada", "Wong");
        mocks.fynd.add_user("91", "9000000001", "Asha");
        mocks
    }

    pub fn servers(&self) -> Servers {
        Servers {
            wunder: Some(WunderServer {
                url: self.wunder.base_url(),
                tenant: "demo".to_owned(),
                signature_key: Wunder::SIGNATURE_KEY.into(),
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
                app: "demo".to_owned(),
            }),
            fynd: Some(FyndServer {
                url: Some(self.fynd.base_url()),
                application_id: "000000000000000000000001".to_owned(),
                application_token: "demo-token".into(),
            }),
        }
    }

    /// The time of the mocks, for the clients.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clock()
    }

    pub fn pass_time(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub fn outbox(&self, system: System) -> &Outbox {
        match system {
            System::Wunder => self.wunder.outbox(),
            System::WalletCrew => self.walletcrew.outbox(),
            System::GoodCity => self.goodcity.outbox(),
            System::Fynd => self.fynd.outbox(),
        }
    }

    /// The newest messages of a system, newest first.
    pub fn messages(&self, system: System) -> Vec<Message> {
        let mut messages = self.outbox(system).messages();
        messages.reverse();
        messages.truncate(SHOWN);
        messages
    }

    /// What the authenticator of a Wunder user shows now.
    pub fn authenticator(&self, to: &Destination) -> Option<String> {
        self.wunder.second_factor_code(&to.to_text())
    }
}

/// Who there is to try.
pub fn people(system: System) -> &'static [&'static str] {
    match system {
        System::Wunder => &[
            "+43 660000002 has an authenticator.",
            "Every other number or address is somebody new.",
        ],
        System::WalletCrew => &["Every number or address is a customer."],
        System::GoodCity => &[
            "+852 61234567 is Ada Wong.",
            "Everybody else signs up first: +852 and eight digits that begin with 5, 6 or 9.",
        ],
        System::Fynd => &[
            "+91 9000000001 is Asha.",
            "Every other number or address is somebody new.",
        ],
    }
}

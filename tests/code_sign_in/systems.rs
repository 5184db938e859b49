//! Mocks of the four systems, selected at run time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vestibule::Contact;
use vestibule::code_sign_in::CodeSignIn;
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::{Fynd, GoodCity, WalletCrew, Wunder};
use vestibule::{
    ChallengeLabel, ChallengeProgress, Clock, Event, Observer, Secret, System, fynd, goodcity,
    walletcrew, wunder,
};

const AUTHENTICATOR_CODE: &str = "246810";
/// A mobile of a known user of Fynd, and one of an unknown user.
const ASHA: &str = "9000000001";
pub const UNKNOWN: &str = "9000000009";

enum Mock {
    Wunder(Wunder),
    WalletCrew(WalletCrew),
    GoodCity(GoodCity),
    Fynd(Fynd),
}

macro_rules! on_any {
    ($mock:expr, $one:ident => $do:expr) => {
        match $mock {
            Mock::Wunder($one) => $do,
            Mock::WalletCrew($one) => $do,
            Mock::GoodCity($one) => $do,
            Mock::Fynd($one) => $do,
        }
    };
}

/// A system with a user who can be reached at `to`.
pub struct TestSystem {
    pub name: &'static str,
    pub to: Contact,
    pub funnel: Funnel,
    mock: Mock,
    store: Arc<dyn SessionStore>,
}

/// The progress of the challenges of a system, as observed.
#[derive(Clone, Default)]
pub struct Funnel(Arc<Mutex<Vec<Progress>>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub system: System,
    pub challenge: ChallengeLabel,
    pub step: &'static str,
    pub progress: ChallengeProgress,
    /// What `Debug` shows of the event.
    pub shown: String,
}

impl Observer for Funnel {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Challenge {
            system,
            challenge,
            step,
            progress,
            ..
        } = event
        {
            self.0.lock().unwrap().push(Progress {
                system: *system,
                challenge: *challenge,
                step,
                progress: *progress,
                shown: format!("{event:?}"),
            });
        }
    }
}

impl Funnel {
    pub fn take(&self) -> Vec<Progress> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Each system with each of its channels.
pub async fn all() -> Vec<TestSystem> {
    let phone = Contact::phone("+43660000001").unwrap();
    let wunder = Wunder::start().await;
    wunder.require_mfa(&phone.to_text().parse().unwrap(), AUTHENTICATOR_CODE);
    let goodcity = GoodCity::start().await;
    let mobile = Contact::phone("+85261234567").unwrap();
    goodcity.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(&mobile.to_text()).unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let address = || Contact::email("ada@example.com").unwrap();
    vec![
        target("wunder, phone", phone, Mock::Wunder(wunder)),
        target(
            "wunder, e-mail",
            address(),
            Mock::Wunder(Wunder::start().await),
        ),
        target(
            "walletcrew, e-mail",
            address(),
            Mock::WalletCrew(WalletCrew::start().await),
        ),
        target("goodcity, phone", mobile, Mock::GoodCity(goodcity)),
        fynd(ASHA).await,
    ]
}

pub async fn fynd(mobile: &str) -> TestSystem {
    let mock = Fynd::start().await;
    mock.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    let to = Contact::phone(&format!("+91{}", mobile)).unwrap();
    target("fynd, phone", to, Mock::Fynd(mock))
}

fn target(name: &'static str, to: Contact, mock: Mock) -> TestSystem {
    TestSystem {
        name,
        to,
        funnel: Funnel::default(),
        mock,
        store: Arc::new(MemoryStore::new()),
    }
}

impl TestSystem {
    /// A new instance each time; the instances share only the store.
    pub fn system(&self) -> Box<dyn CodeSignIn> {
        let (clock, store, funnel) = (self.clock(), self.store.clone(), self.funnel.clone());
        match &self.mock {
            Mock::Wunder(mock) => {
                let builder = wunder::Client::builder(mock.base_url())
                    .tenant("demo")
                    .clock(clock);
                let builder = builder.signing_key(Wunder::SIGNING_KEY).store(store);
                let client = builder.observer(funnel).build().unwrap();
                Box::new(client.at_branch("2").language("de").terms_accepted(true))
            }
            Mock::WalletCrew(mock) => {
                let builder = walletcrew::Client::builder(mock.base_url()).tenant("tenant-01");
                let builder = builder.clock(clock).store(store);
                let client = builder.observer(funnel).build().unwrap();
                Box::new(
                    client
                        .code_sign_in(
                            |to| json!({"email": to.to_text()}),
                            |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
                        )
                        .flow("activation")
                        .provider("otp"),
                )
            }
            Mock::GoodCity(mock) => {
                let builder = goodcity::Client::builder(mock.base_url())
                    .app_name("app")
                    .clock(clock);
                Box::new(builder.store(store).observer(funnel).build().unwrap())
            }
            Mock::Fynd(_) => Box::new(self.on_fynd()),
        }
    }

    fn on_fynd(&self) -> fynd::Client {
        let Mock::Fynd(mock) = &self.mock else {
            panic!("{} is not Fynd", self.name);
        };
        fynd::Client::builder("64b000000000000000000001")
            .application_token("application-token")
            .base_url(mock.base_url())
            .clock(self.clock())
            .store(self.store.clone())
            .observer(self.funnel.clone())
            .build()
            .unwrap()
    }

    fn clock(&self) -> Arc<dyn vestibule::Clock> {
        on_any!(&self.mock, mock => Arc::new(mock.clock().clone()))
    }

    pub fn now(&self) -> DateTime<Utc> {
        on_any!(&self.mock, mock => mock.clock().now())
    }

    pub fn pass_time(&self, time: Duration) {
        on_any!(&self.mock, mock => mock.clock().advance(time));
    }

    pub fn requests(&self) -> usize {
        on_any!(&self.mock, mock => mock.journal().len())
    }

    /// The code of the newest message.
    pub fn code(&self) -> Secret {
        let to = self.to.to_text();
        let code = on_any!(&self.mock, mock => mock.outbox().last_code(&to));
        code.expect("a message was sent").into()
    }

    /// A wrong code of the same format.
    pub fn wrong_code(&self) -> Secret {
        let code = self.code();
        let turned = |digit: char| char::from_digit(9 - digit.to_digit(10).unwrap(), 10).unwrap();
        code.expose().chars().map(turned).collect::<String>().into()
    }

    pub fn authenticator_code(&self) -> Secret {
        AUTHENTICATOR_CODE.into()
    }

    /// Panics unless the server accepts the session.
    pub async fn check_signed_in(&self, id: &Secret) {
        let session = self.system().resume_session(id).await.unwrap();
        let path = match &self.mock {
            Mock::Wunder(_) => "/front/customers",
            Mock::WalletCrew(_) => "/customer",
            Mock::GoodCity(_) => "/api/v1/auth/current_user_profile",
            Mock::Fynd(_) => "/service/application/user/authentication/v1.0/session",
        };
        let request = session.request(vestibule::http::Method::GET, path);
        let profile = request.send::<Value>().await.unwrap().into_inner();
        assert!(profile.is_object(), "{}", self.name);
    }

    pub async fn complete_profile(&self, id: &Secret) {
        let Ok(fynd::Challenge::CompleteProfile(profile)) =
            self.on_fynd().resume_challenge(id).await
        else {
            panic!("the profile is resumed");
        };
        let signed_in = profile
            .first_name("Chandra")
            .last_name("Sen")
            .send()
            .await
            .unwrap();
        assert!(signed_in.signed_in().is_some());
    }
}

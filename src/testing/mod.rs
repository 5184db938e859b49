#![doc = include_str!("guide.md")]

mod call;
mod clock;
mod conformance;
mod control;
mod error;
mod expectations;
mod fake_code_sign_in;
#[cfg(feature = "fynd")]
mod fynd;
#[cfg(feature = "goodcity")]
mod goodcity;
mod http_server;
mod instance;
mod jitter;
mod journal;
mod jwt;
mod mock;
mod outbox;
mod proxy;
mod response;
mod server;
mod settings;
mod variation;
#[cfg(feature = "walletcrew")]
mod walletcrew;
#[cfg(feature = "wunder")]
mod wunder;

pub(crate) use self::call::Call;
pub use self::clock::TestClock;
pub use self::conformance::{ConformanceCase, ConformanceReport, store_conformance};
pub(crate) use self::control::{ContactSummary, Controlled, Item, Members, UserSummary};
pub use self::control::{ControlAccess, ControlError, MockControl};
pub use self::error::{ErrorBuilder, error};
pub use self::expectations::Calls;
pub use self::fake_code_sign_in::{FakeCodeSignIn, FakeStep};
#[cfg(feature = "fynd")]
pub use self::fynd::{Fynd, FyndAttribute, FyndProvider, FyndSignIn, FyndUser};
#[cfg(feature = "goodcity")]
pub use self::goodcity::{GoodCity, GoodCityRace, GoodCityUser};
pub use self::instance::{Instance, InstanceSession, TokenFault, TokenServer};
pub use self::jitter::seed_jitter;
pub(crate) use self::jitter::seeded_fraction;
pub use self::journal::RecordedRequest;
pub(crate) use self::mock::MockState;
pub use self::outbox::{Channel, Message, Outbox};
pub use self::proxy::{Fault, FaultProxy, FaultRule, ProxiedRequest, RefusingPort};
pub(crate) use self::response::{MockResponse, MockResult};
pub(crate) use self::server::{Behaviour, Parts, Server};
pub(crate) use self::settings::AllowedOrigin;
pub use self::settings::MockSettings;
pub use self::variation::Variation;
#[cfg(feature = "walletcrew")]
pub use self::walletcrew::WalletCrew;
#[cfg(feature = "wunder")]
pub use self::wunder::{Wunder, WunderRequirement, WunderUser};
pub use ::wiremock;

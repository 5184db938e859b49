//! Stateful mock servers of the four systems, for tests and for trying things out.
//!
//! Each mock behaves as the real server does, its refusals included: it checks signatures, keeps
//! only the newest key, burns a code at its first use, rotates refresh tokens. Every message that
//! it would send lands in its [`Outbox`], which a test reads by [`Outbox::last_code`] and anybody
//! else by `GET /__outbox`.
//!
//! A [`FaultProxy`] in front of a mock, or of any server, breaks the wire: resets, stalls, half
//! answers. [`Fault`] lists what it can do.
//!
//! An [`Instance`] runs the session code over a store and a token server of the caller's making,
//! for simulations of many instances.

mod answer;
mod call;
mod clock;
mod conformance;
mod dispatch;
mod doors;
mod expectations;
#[cfg(feature = "fynd")]
mod fynd;
#[cfg(feature = "goodcity")]
mod goodcity;
mod instance;
mod jitter;
mod journal;
mod jwt;
mod mock;
mod outbox;
mod proxy;
mod server;
mod settings;
#[cfg(feature = "walletcrew")]
mod walletcrew;
#[cfg(feature = "wunder")]
mod wunder;

pub(crate) use self::answer::Answer;
pub(crate) use self::call::Call;
pub use self::clock::TestClock;
pub use self::conformance::{ConformanceCase, ConformanceReport, store_conformance};
pub use self::dispatch::{Described, Dispatch, Dispatched, call};
pub(crate) use self::dispatch::{argument, required, show};
pub use self::expectations::Calls;
#[cfg(feature = "fynd")]
pub use self::fynd::{Fynd, FyndAttribute, FyndProvider, FyndSignIn, FyndUser};
#[cfg(feature = "goodcity")]
pub use self::goodcity::GoodCity;
pub use self::instance::{Instance, InstanceSession, TokenFault, TokenServer};
pub use self::jitter::seed_jitter;
pub(crate) use self::jitter::seeded_fraction;
pub use self::journal::SeenRequest;
pub(crate) use self::mock::World;
pub use self::outbox::{Channel, Message, Outbox};
pub use self::proxy::{Arrival, Fault, FaultProxy, FaultRule, RefusingPort};
pub(crate) use self::server::{Behaviour, Parts, Server};
pub(crate) use self::settings::AllowedOrigin;
pub use self::settings::MockSettings;
#[cfg(feature = "walletcrew")]
pub use self::walletcrew::WalletCrew;
#[cfg(feature = "wunder")]
pub use self::wunder::{Wunder, WunderDemand, WunderUser};

//! What servers send in practice, as public bug reports and the vendors' own clients show it, and what
//! callers rightly expect then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/bodies.rs"]
mod bodies;
#[cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
#[path = "outside_cases/cookies.rs"]
mod cookies;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/denials.rs"]
mod denials;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/fynd.rs"]
mod fynd;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/fynd_announcements.rs"]
mod fynd_announcements;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/fynd_mock.rs"]
mod fynd_mock;
#[cfg(feature = "goodcity")]
#[path = "outside_cases/goodcity.rs"]
mod goodcity;
#[cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
#[path = "outside_cases/http.rs"]
mod http;
#[cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#[path = "outside_cases/server.rs"]
mod server;
#[cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
mod support;
#[cfg(feature = "walletcrew")]
#[path = "outside_cases/walletcrew.rs"]
mod walletcrew;
#[cfg(all(feature = "wunder", feature = "goodcity", feature = "fynd"))]
mod wire;
#[cfg(feature = "wunder")]
#[path = "outside_cases/wunder.rs"]
mod wunder;

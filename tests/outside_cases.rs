//! What servers send in practice, as public bug reports and the vendors' own clients show it, and what
//! callers rightly expect then.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_cases/bodies.rs"]
mod bodies;
#[path = "outside_cases/cookies.rs"]
mod cookies;
#[path = "outside_cases/denials.rs"]
mod denials;
#[path = "outside_cases/denied_fynd.rs"]
mod denied_fynd;
#[path = "outside_cases/denied_steps.rs"]
mod denied_steps;
#[path = "outside_cases/denied_wunder.rs"]
mod denied_wunder;
#[path = "outside_cases/fynd.rs"]
mod fynd;
#[path = "outside_cases/fynd_announcements.rs"]
mod fynd_announcements;
#[path = "outside_cases/fynd_decisions.rs"]
mod fynd_decisions;
#[path = "outside_cases/fynd_mock.rs"]
mod fynd_mock;
#[path = "outside_cases/goodcity.rs"]
mod goodcity;
#[path = "outside_cases/http.rs"]
mod http;
#[path = "outside_cases/server.rs"]
mod server;
mod support;
#[path = "outside_cases/table.rs"]
mod table;
#[path = "outside_cases/walletcrew.rs"]
mod walletcrew;
mod wire;
#[path = "outside_cases/wunder.rs"]
mod wunder;

//! What servers were seen to send, or may send by their own pages, that a client must understand.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "outside_cases/denials.rs"]
mod denials;
#[path = "outside_cases/fynd.rs"]
mod fynd;
#[path = "outside_cases/fynd_announcements.rs"]
mod fynd_announcements;
#[path = "outside_cases/fynd_mock.rs"]
mod fynd_mock;
mod support;

//! Unfinished sign-ins on many instances: taken up by their id anywhere, only the newest key is
//! sent, wrong codes and messages are limited for all instances together.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "dropped_futures/dropping.rs"]
mod dropping;
#[path = "challenges/drops.rs"]
mod drops;
#[path = "challenges/instances.rs"]
mod instances;
#[path = "challenges/keeping.rs"]
mod keeping;
#[path = "challenges/messages.rs"]
mod messages;
#[path = "challenges/newest_key.rs"]
mod newest_key;
#[path = "challenges/outages.rs"]
mod outages;
#[path = "challenges/restarts.rs"]
mod restarts;
#[path = "challenges/sharing.rs"]
mod sharing;
#[path = "challenges/stores.rs"]
mod stores;
mod support;
mod wire;
#[path = "challenges/wrong_codes.rs"]
mod wrong_codes;

//! Unfinished sign-ins on many instances: they are resumed by id on any instance, only the newest
//! key is sent, and wrong codes and messages are limited across all instances.
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
#[path = "challenges/lifetime.rs"]
mod lifetime;
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

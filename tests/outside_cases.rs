//! What real servers, and other clients of them, were seen to send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "walletcrew")]
#[path = "outside_cases/walletcrew.rs"]
mod walletcrew;
#[cfg(feature = "wunder")]
#[path = "outside_cases/wunder.rs"]
mod wunder;

//! What servers were seen to answer, in public bug reports and in the vendors' own clients and servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "goodcity")]
#[path = "outside_cases/goodcity.rs"]
mod goodcity;

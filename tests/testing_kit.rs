//! The mocks as a product: guarantees for the tests of downstream apps.
#![cfg(all(
    feature = "wunder",
    feature = "walletcrew",
    feature = "goodcity",
    feature = "fynd"
))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "testing_kit/credentials.rs"]
mod credentials;
#[path = "testing_kit/custom_mounts.rs"]
mod custom_mounts;
#[path = "testing_kit/drops.rs"]
mod drops;
#[path = "testing_kit/expectations.rs"]
mod expectations;
#[path = "testing_kit/parallel.rs"]
mod parallel;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message of a panic; it fails if there is none.
fn message(panics: impl FnOnce()) -> String {
    let panic: Box<dyn Any + Send> = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    *panic.downcast::<String>().unwrap()
}

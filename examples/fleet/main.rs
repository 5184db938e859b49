//! Simulates a fleet of back ends: the real session code of up to ten thousand instances over one store
//! and one token server, in virtual time.
//!
//! ```text
//! cargo run --release --example fleet [INSTANCES ...]
//! ```
//!
//! Four scenarios run for each number of instances, each with a step of the store that takes 1 ms, 50 ms,
//! or a random time between them. In "steady", users call for hours through a load balancer without sticky
//! sessions. "Crashes" adds crashes of instances and an outage of the store, "fail-overs" a store that
//! loses its last second every ten minutes. In "storm", every instance calls with every session right after
//! its token has expired.

// An example prints its result.
#![allow(clippy::print_stdout, clippy::expect_used)]

#[allow(dead_code)]
#[path = "../../tests/support/rewindable_store.rs"]
mod rewindable_store;
mod rng;
mod server;
mod simulation;
mod steady;
mod store;
mod storm;
mod tally;

use std::process::ExitCode;

use simulation::StoreTime;
use tally::Tally;

fn main() -> ExitCode {
    let parsed: Result<Vec<usize>, _> = std::env::args().skip(1).map(|word| word.parse()).collect();
    let sizes = match parsed {
        Ok(sizes) if sizes.is_empty() => vec![1, 10, 100, 1_000, 10_000],
        Ok(sizes) if !sizes.contains(&0) => sizes,
        _ => {
            println!("expected numbers of instances, such as `1 10 100`");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", Tally::HEADER);
    let mut is_ok = true;
    for (name, scenario) in [
        ("steady", steady::run as fn(usize, StoreTime) -> Tally),
        ("crashes", steady::run_with_crashes),
        ("fail-overs", steady::run_with_fail_overs),
        ("storm", storm::run),
    ] {
        for &instances in &sizes {
            for store_time in [StoreTime::NEAR, StoreTime::FAR, StoreTime::UNEVEN] {
                let tally = scenario(instances, store_time);
                println!("{}", tally.row(name, instances, store_time));
                is_ok &= tally.is_ok();
            }
        }
    }
    if is_ok {
        ExitCode::SUCCESS
    } else {
        println!(
            "a refresh token was presented twice, a call failed or a user was signed out, where it must not be"
        );
        ExitCode::FAILURE
    }
}

//! Simulates a fleet of back ends: the real session code of up to a thousand instances over one store
//! and one token server, in virtual time.
//!
//! ```text
//! cargo run --release --example fleet [INSTANCES ...]
//! ```
//!
//! Three scenarios run for each number of instances. In "steady", users call for hours through a load
//! balancer without sticky sessions. "With faults" adds crashes of instances and an outage of the
//! store. In "storm", every instance calls with every session right after its token has expired.

// An example prints its result.
#![allow(clippy::print_stdout, clippy::expect_used)]

mod rng;
mod server;
mod simulation;
mod steady;
mod store;
mod storm;
mod tally;

use std::process::ExitCode;

use tally::Tally;

fn main() -> ExitCode {
    let parsed: Result<Vec<usize>, _> = std::env::args().skip(1).map(|word| word.parse()).collect();
    let sizes = match parsed {
        Ok(sizes) if sizes.is_empty() => vec![1, 10, 100, 1_000],
        Ok(sizes) if !sizes.contains(&0) => sizes,
        _ => {
            println!("expected numbers of instances, such as `1 10 100`");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", Tally::HEADER);
    let mut is_ok = true;
    for (name, scenario) in [
        ("steady", steady::run as fn(usize) -> Tally),
        ("with faults", steady::run_with_faults),
        ("storm", storm::run),
    ] {
        for &instances in &sizes {
            let tally = scenario(instances);
            println!("{}", tally.row(name, instances));
            is_ok &= tally.is_ok();
        }
    }
    if is_ok {
        ExitCode::SUCCESS
    } else {
        println!(
            "without faults, a refresh token was presented twice, a call failed or a user was signed out"
        );
        ExitCode::FAILURE
    }
}

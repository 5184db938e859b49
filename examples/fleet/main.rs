//! A fleet of back ends, simulated: the real session code of up to a thousand instances over one
//! store and one token server, in virtual time.
//!
//! ```text
//! cargo run --release --example fleet [INSTANCES ...]
//! ```
//!
//! Two scenes are played for each number of instances. In the first, users call for hours through
//! a load balancer that knows nothing of sessions, while instances crash and the store is away for
//! a time. In the second, every instance calls with every session at the moment at which its token
//! ends.

// Output is what an example is for.
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
    let asked: Result<Vec<usize>, _> = std::env::args().skip(1).map(|word| word.parse()).collect();
    let sizes = match asked {
        Ok(sizes) if sizes.is_empty() => vec![1, 10, 100, 1_000],
        Ok(sizes) if !sizes.contains(&0) => sizes,
        _ => {
            println!("give numbers of instances, such as `1 10 100`");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", Tally::HEADER);
    let mut is_well = true;
    for (name, scene) in [
        ("steady", steady::play as fn(usize) -> Tally),
        ("with troubles", steady::play_with_troubles),
        ("storm", storm::play),
    ] {
        for &instances in &sizes {
            let tally = scene(instances);
            println!("{}", tally.row(name, instances));
            is_well &= tally.is_well();
        }
    }
    if is_well {
        ExitCode::SUCCESS
    } else {
        println!("a refresh token was presented twice without a trouble, or a user was signed out");
        ExitCode::FAILURE
    }
}

//! Cost of one authorised GET into a typed struct: our client with all features on, compared with
//! the alternatives.

use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use vestibule_benches::protections;
use vestibule_benches::rounds::{Comparison, compare};
use vestibule_benches::server::Server;
use vestibule_benches::subjects::{
    Guarded, Large, Middleware, Progenitor, RealByHand, Reqwest, Subject, Vestibule,
};
use vestibule_benches::table::{at_least, at_most, limit};
use vestibule_benches::valgrind::{Cost, Times, cost};

const TIMES: Times = Times(100, 600);
const CONCURRENT: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", subject, times, address] => run(subject, times.parse().expect("a number"), address),
        ["at-once", subject, times, address] => {
            run_concurrent(subject, times.parse().expect("a number"), address);
        }
        ["cost"] => print_cost(),
        ["responses"] => print_responses(),
        ["clock"] => print_by_the_clock(Server::start().expect("the server").address()),
        [] => print_all(),
        _ => panic!("run|at-once SUBJECT TIMES ADDRESS | cost | responses | clock"),
    }
}

/// The subject that valgrind runs.
fn run(subject: &str, times: u64, address: &str) {
    async fn run_times(subject: impl Subject, times: u64) {
        for _ in 0..times {
            subject.call().await;
        }
    }
    runtime().block_on(async {
        match subject {
            "vestibule" => run_times(Vestibule::new(address).await, times).await,
            "unknown" => run_times(Vestibule::with_unknown_members(address).await, times).await,
            "real" => run_times(Vestibule::with_real_profile(address).await, times).await,
            "real-by-hand" => run_times(RealByHand::new(address), times).await,
            "large" => run_times(Large::new(address).await, times).await,
            "reqwest" => run_times(Reqwest::new(address), times).await,
            "middleware" => run_times(Middleware::new(address), times).await,
            "progenitor" => run_times(Progenitor::new(address), times).await,
            other => panic!("there is no {other}"),
        }
    });
}

/// The same with 64 concurrent calls, as in the wall-clock comparison.
fn run_concurrent(subject: &str, times: usize, address: &str) {
    let runtime = runtime();
    match subject {
        "vestibule" => {
            let ours = runtime.block_on(Vestibule::new(address));
            concurrent(&runtime, &ours, times);
        }
        "reqwest" => concurrent(&runtime, &Reqwest::new(address), times),
        other => panic!("there is no {other}"),
    }
}

/// Prints the figures that the cost guard compares.
fn print_cost() {
    let server = Server::start().expect("the server");
    runtime().block_on(protections::assert_on(server.address()));
    for subject in ["vestibule", "real", "reqwest"] {
        print_cost_of(subject, TIMES, server.address());
    }
}

/// Prints the same figures of calls whose responses are large or have unknown members.
fn print_responses() {
    let server = Server::start().expect("the server");
    print_cost_of("unknown", TIMES, server.address());
    print_cost_of("large", Times(10, 60), server.address());
}

fn print_cost_of(subject: &str, times: Times, address: &str) {
    let Cost {
        instructions,
        allocations,
    } = cost(subject, times, address);
    println!("{subject}\t{instructions:.0}\t{allocations:.2}");
}

fn print_all() {
    let server = Server::start().expect("the server");
    let address = server.address();
    let of = |subject| cost(subject, TIMES, address);
    let (ours, by_hand) = (of("vestibule"), of("reqwest"));
    let (middleware, progenitor) = (of("middleware"), of("progenitor"));
    let rows = [
        ("reqwest", by_hand, 1.0),
        ("middleware", middleware, 0.95),
        ("progenitor", progenitor, 0.95),
    ];
    for (name, peer, goal) in rows {
        let name = format!("overhead/instructions:{name}");
        at_most(&name, ours.instructions, peer.instructions, goal);
    }
    let name = "overhead/allocations:reqwest";
    at_most(name, ours.allocations, by_hand.allocations, 1.0);

    let (ours, by_hand) = (of("real"), of("real-by-hand"));
    let name = "overhead/instructions-of-a-real-profile:reqwest";
    at_most(name, ours.instructions, by_hand.instructions, 1.0);
    let name = "overhead/allocations-of-a-real-profile:reqwest";
    at_most(name, ours.allocations, by_hand.allocations, 1.0);

    print_by_the_clock(address);
    // Runs last: an installed subscriber changes what spans cost.
    runtime().block_on(protections::assert_on(address));
}

fn print_by_the_clock(address: &str) {
    let runtime = runtime();
    let ours = runtime.block_on(Vestibule::new(address));
    let name = format!("overhead/calls-per-second-at-{CONCURRENT}:reqwest");
    print_calls_per_second(&name, &runtime, &ours, &Reqwest::new(address));
    let ours = runtime.block_on(Vestibule::with_real_profile(address));
    let name = format!("overhead/calls-per-second-at-{CONCURRENT}-of-a-real-profile:reqwest");
    print_calls_per_second(&name, &runtime, &ours, &RealByHand::new(address));

    let peer = Reqwest::new(address);
    let Comparison {
        ours, peer, ratio, ..
    } = by_the_clock(&runtime, &Guarded::new(address), &peer);
    let name = format!("overhead/calls-per-second-at-{CONCURRENT}-of-guarded-reqwest:reqwest");
    limit(&name, ours, peer, ratio);
}

fn print_calls_per_second(name: &str, runtime: &Runtime, ours: &impl Subject, peer: &impl Subject) {
    let Comparison {
        ours,
        peer,
        ratio,
        noise,
    } = by_the_clock(runtime, ours, peer);
    at_least(name, ours, peer, ratio, 1.0 - noise);
}

fn by_the_clock(runtime: &Runtime, ours: &impl Subject, peer: &impl Subject) -> Comparison {
    compare(
        31,
        100 * CONCURRENT,
        |times| concurrent(runtime, ours, times),
        |times| concurrent(runtime, peer, times),
    )
}

/// Makes `times` calls, 64 of them concurrently.
fn concurrent(runtime: &Runtime, subject: &impl Subject, times: usize) {
    let local = LocalSet::new();
    for _ in 0..CONCURRENT {
        let subject = subject.clone();
        local.spawn_local(async move {
            for _ in 0..times / CONCURRENT {
                subject.call().await;
            }
        });
    }
    runtime.block_on(local);
}

/// One thread, so that no other thread's work is counted as a call's.
fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
}

//! What one authorised GET into a typed struct costs: ours with everything on, beside what would be
//! used instead.

use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use vestibule_benches::protections;
use vestibule_benches::rounds::{Comparison, compare};
use vestibule_benches::server::Server;
use vestibule_benches::subjects::{Middleware, Progenitor, Reqwest, Subject, Vestibule};
use vestibule_benches::table::{at_least, at_most};
use vestibule_benches::valgrind::{Cost, Times, cost};

const TIMES: Times = Times(100, 600);
const CONCURRENT: usize = 64;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", subject, times, address] => run(subject, times.parse().expect("a number"), address),
        ["at-once", subject, times, address] => {
            run_at_once(subject, times.parse().expect("a number"), address);
        }
        ["cost"] => print_cost(),
        ["clock"] => print_by_the_clock(Server::start().expect("the server").address()),
        [] => print_all(),
        _ => panic!("run|at-once SUBJECT TIMES ADDRESS | cost | clock"),
    }
}

/// What valgrind runs.
fn run(subject: &str, times: u64, address: &str) {
    async fn repeat(subject: impl Subject, times: u64) {
        for _ in 0..times {
            subject.call().await;
        }
    }
    runtime().block_on(async {
        match subject {
            "vestibule" => repeat(Vestibule::new(address).await, times).await,
            "reqwest" => repeat(Reqwest::new(address), times).await,
            "middleware" => repeat(Middleware::new(address), times).await,
            "progenitor" => repeat(Progenitor::new(address), times).await,
            other => panic!("there is no {other}"),
        }
    });
}

/// The same with 64 at once, as by the clock.
fn run_at_once(subject: &str, times: usize, address: &str) {
    let runtime = runtime();
    match subject {
        "vestibule" => {
            let ours = runtime.block_on(Vestibule::new(address));
            at_once(&runtime, &ours, times);
        }
        "reqwest" => at_once(&runtime, &Reqwest::new(address), times),
        other => panic!("there is no {other}"),
    }
}

/// The figures that the guard compares.
fn print_cost() {
    let server = Server::start().expect("the server");
    runtime().block_on(protections::assert_on(server.address()));
    for subject in ["vestibule", "reqwest"] {
        let Cost {
            instructions,
            allocations,
        } = cost(subject, TIMES, server.address());
        println!("{subject}\t{instructions:.0}\t{allocations:.2}");
    }
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

    print_by_the_clock(address);
    // Last, because a subscriber that was there once changes what spans cost.
    runtime().block_on(protections::assert_on(address));
}

fn print_by_the_clock(address: &str) {
    let runtime = runtime();
    let ours = runtime.block_on(Vestibule::new(address));
    let peer = Reqwest::new(address);
    let Comparison {
        ours,
        peer,
        ratio,
        noise,
    } = compare(
        31,
        100 * CONCURRENT,
        |times| at_once(&runtime, &ours, times),
        |times| at_once(&runtime, &peer, times),
    );
    let name = format!("overhead/calls-per-second-at-{CONCURRENT}:reqwest");
    at_least(&name, ours, peer, ratio, 1.0 - noise);
}

/// Makes `times` calls, 64 at once.
fn at_once(runtime: &Runtime, subject: &impl Subject, times: usize) {
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

/// One thread, so that no other does work that is counted as a call's.
fn runtime() -> Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime")
}

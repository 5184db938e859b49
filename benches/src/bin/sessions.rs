//! Memory of one session among a million, and the time to resume one by its id.
//!
//! A back end resumes a session for a request and drops it afterwards; then it is only in the
//! store. The cost of a session that is held all the time is a separate row.

use std::fs;
use std::hint::black_box;
use std::time::Instant;

use tokio::runtime::{Handle, Runtime};
use vestibule::Secret;
use vestibule::session::Tokens;
use vestibule::wunder::{Client, Session};
use vestibule_benches::profile::{VALID, access_token};
use vestibule_benches::rounds::median;
use vestibule_benches::table::{at_most, figure};

const MANY: usize = 1_000_000;
const FEW: usize = 1_000;
/// Number of sessions held at the same time.
const HELD: usize = 1_000_000;
const LOOK_UPS: usize = 50_000;
const ROUNDS: usize = 15;

fn main() {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let tokens = || {
        Tokens::new(
            access_token(VALID),
            Some("6f1d2a34000040008000000000000001".into()),
        )
    };
    let plain = tokens();
    let refresh = plain
        .refresh
        .as_ref()
        .map_or(0, |token| token.expose().len());
    let bytes = (plain.access.expose().len() + refresh) as f64;

    let many = client();
    let few = client();
    let create = |client: &Client| {
        let session = runtime.block_on(client.resume_with_tokens(tokens()));
        session.expect("a session")
    };
    let few_ids: Vec<Secret> = (0..FEW).map(|_| create(&few).id().clone()).collect();
    let tasks = || runtime.block_on(async { Handle::current().metrics().num_alive_tasks() });
    let (before, tasks_before) = (resident_bytes(), tasks());
    let mut ids = Vec::new();
    for number in 0..MANY {
        let session = create(&many);
        if number % (MANY / LOOK_UPS) == 0 {
            ids.push(session.id().clone());
        }
    }
    let each = (resident_bytes() - before) as f64 / MANY as f64;
    figure(
        "sessions/bytes-on-top-of-tokens-in-the-store",
        each - bytes,
        bytes,
        600.0,
    );
    let tasks = (tasks() - tasks_before) as f64;
    figure("sessions/tasks", tasks, 0.0, 0.0);

    let other = client();
    let before = resident_bytes();
    let held: Vec<Session> = (0..HELD).map(|_| create(&other)).collect();
    let each = (resident_bytes() - before) as f64 / HELD as f64;
    figure(
        "sessions/bytes-on-top-of-tokens-held",
        each - bytes,
        bytes,
        900.0,
    );
    drop(held);

    // One id per look-up, not adjacent in memory to its session.
    let many_ids = spread(&ids);
    let few_ids = spread(&few_ids);
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(look_up(&runtime, &many, &many_ids));
        times[1].push(look_up(&runtime, &few, &few_ids));
    }
    let [many, few] = times.map(|times| median(times.into_iter()));
    at_most(
        "sessions/look-up-nanoseconds-at-1000000:1000",
        many,
        few,
        1.7,
    );
}

fn client() -> Client {
    let client = Client::builder("http://127.0.0.1:1/v1")
        .tenant("steady")
        .build();
    client.expect("a client")
}

/// One copy per look-up, in another order than the sessions were created in.
fn spread(ids: &[Secret]) -> Vec<Secret> {
    let places = (0..LOOK_UPS).map(|number| number * 7_919 % ids.len());
    places.map(|place| ids[place].clone()).collect()
}

/// Nanoseconds per look-up.
fn look_up(runtime: &Runtime, client: &Client, ids: &[Secret]) -> f64 {
    let began = Instant::now();
    runtime.block_on(async {
        for id in ids {
            let session = client.resume_session(id).await;
            black_box(session.expect("a session"));
        }
    });
    began.elapsed().as_nanos() as f64 / ids.len() as f64
}

fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = statm.split_whitespace().nth(1).expect("resident pages");
    pages.parse::<u64>().expect("a number") * 4096
}

//! Cost of decoding a response of 100 KiB into our type, which keeps undocumented members, compared
//! with a hand-written struct of the same members; and of one with unknown members, compared with a struct
//! that keeps them by serde's `flatten`.

use std::hint::black_box;

use serde::Deserialize;
use serde_json::{Map, Value};
use vestibule::fynd::api::types::UserObjectSchema;
use vestibule_benches::profile::{large_body, large_body_half_unknown};
use vestibule_benches::table::at_most;
use vestibule_benches::valgrind::{Times, cost};

const TIMES: Times = Times(2, 12);

#[derive(Deserialize)]
#[allow(dead_code)]
struct HandWritten {
    user: Option<User>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct User {
    first_name: Option<String>,
    last_name: Option<String>,
    emails: Option<Vec<Email>>,
    phone_numbers: Option<Vec<PhoneNumber>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Email {
    active: Option<bool>,
    email: Option<String>,
    primary: Option<bool>,
    verified: Option<bool>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct PhoneNumber {
    active: Option<bool>,
    country_code: Option<i64>,
    phone: Option<String>,
    primary: Option<bool>,
    verified: Option<bool>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Flattened {
    user: Option<FlattenedUser>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct FlattenedUser {
    first_name: Option<String>,
    last_name: Option<String>,
    emails: Option<Vec<FlattenedEmail>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct FlattenedEmail {
    active: Option<bool>,
    email: Option<String>,
    primary: Option<bool>,
    verified: Option<bool>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", subject, times, _] => run(subject, times.parse().expect("a number")),
        [] => {
            compare("by-hand", "vestibule", "by-hand", 1.15);
            compare("flatten-half-unknown", "half-unknown", "flatten", 1.0);
        }
        _ => panic!("run SUBJECT TIMES ''"),
    }
}

fn compare(name: &str, ours: &str, peer: &str, goal: f64) {
    let of = |subject| cost(subject, TIMES, "");
    let (ours, peer) = (of(ours), of(peer));
    let instructions = (ours.instructions, peer.instructions);
    let allocations = (ours.allocations, peer.allocations);
    for (what, (ours, peer)) in [("instructions", instructions), ("allocations", allocations)] {
        at_most(&format!("decode/{what}:{name}"), ours, peer, goal);
    }
}

fn run(subject: &str, times: u64) {
    fn read<'a, T: Deserialize<'a>>(body: &'a str, times: u64) {
        for _ in 0..times {
            let body = black_box(body.as_bytes());
            let response: T = serde_json::from_slice(body).expect("a response");
            black_box(response);
        }
    }
    match subject {
        "vestibule" => read::<UserObjectSchema>(&large_body(), times),
        "by-hand" => read::<HandWritten>(&large_body(), times),
        "half-unknown" => read::<UserObjectSchema>(&large_body_half_unknown(), times),
        "flatten" => read::<Flattened>(&large_body_half_unknown(), times),
        other => panic!("there is no {other}"),
    }
}

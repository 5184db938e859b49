//! Cost of decoding a response of 100 KiB into our type, which keeps undocumented members, compared
//! with a hand-written struct of the same members.

use std::hint::black_box;

use serde::Deserialize;
use vestibule::fynd::api::types::UserObjectSchema;
use vestibule_benches::profile::large_body;
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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", subject, times, _] => run(subject, times.parse().expect("a number")),
        [] => {
            let of = |subject| cost(subject, TIMES, "");
            let (ours, by_hand) = (of("vestibule"), of("by-hand"));
            let (instructions, allocations) = (by_hand.instructions, by_hand.allocations);
            at_most(
                "decode/instructions:by-hand",
                ours.instructions,
                instructions,
                1.15,
            );
            at_most(
                "decode/allocations:by-hand",
                ours.allocations,
                allocations,
                1.15,
            );
        }
        _ => panic!("run SUBJECT TIMES ''"),
    }
}

fn run(subject: &str, times: u64) {
    let body = large_body();
    for _ in 0..times {
        let body = black_box(body.as_bytes());
        match subject {
            "vestibule" => {
                let response: UserObjectSchema = serde_json::from_slice(body).expect("a response");
                black_box(response);
            }
            "by-hand" => {
                let response: HandWritten = serde_json::from_slice(body).expect("a response");
                black_box(response);
            }
            other => panic!("there is no {other}"),
        }
    }
}

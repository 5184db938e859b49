//! Cost of a signature, compared with the bare digests of the same bytes.

use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use vestibule::Secret;
use vestibule::{fynd, wunder};
use vestibule_benches::table::at_most;
use vestibule_benches::valgrind::{Times, cost};

const URL: &str = "https://api.fynd.com/service/application/user/authentication/v1.0/otp/mobile/verify?platform=6f1d2a34";
const TIMES: Times = Times(50, 550);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["run", subject, times, _] => run(subject, times.parse().expect("a number")),
        [] => {
            let of = |subject| cost(subject, TIMES, "").instructions;
            at_most(
                "signature/fynd-1-KiB:digests",
                of("fynd"),
                of("fynd-digests"),
                1.5,
            );
            at_most(
                "signature/wunder:digest",
                of("wunder"),
                of("wunder-digest"),
                1.2,
            );
        }
        _ => panic!("run SUBJECT TIMES ''"),
    }
}

fn run(subject: &str, times: u64) {
    let body = vec![b'x'; 1024];
    let input = fynd_input(&body);
    let (canonical, to_sign) = (input.canonical_request(), input.string_to_sign());
    let key = Secret::from("a key of the tenant, 32 digits..");
    let (timestamp, identifier) = ("1700000000000", "+43123456789");
    for _ in 0..times {
        match subject {
            "fynd" => drop(black_box(fynd::sign(&fynd_input(black_box(&body))))),
            "fynd-digests" => {
                black_box(Sha256::digest(black_box(&body)));
                black_box(Sha256::digest(black_box(&canonical)));
                let mut mac = Hmac::<Sha256>::new_from_slice(b"1234567").expect("a key");
                mac.update(black_box(to_sign.as_bytes()));
                black_box(mac.finalize().into_bytes());
            }
            "wunder" => {
                let input =
                    wunder::SignatureInput::new(&key, black_box(identifier)).timestamp(timestamp);
                drop(black_box(wunder::Sha256Hex::digest(&input)));
            }
            "wunder-digest" => {
                let digest = Sha256::new()
                    .chain_update(key.expose())
                    .chain_update(timestamp)
                    .chain_update(black_box(identifier))
                    .chain_update(key.expose())
                    .finalize();
                black_box(digest);
            }
            other => panic!("there is no {other}"),
        }
    }
}

fn fynd_input(body: &[u8]) -> fynd::SignatureInput<'_> {
    let date = "2024-03-05T06:07:08Z".parse().expect("a date");
    let input = fynd::SignatureInput::new(&Method::POST, URL, date).expect("an input");
    input.body(body)
}

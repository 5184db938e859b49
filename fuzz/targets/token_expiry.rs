//! The expiry of a token, read from a JWT that may be malformed or have any payload.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime;
use vestibule::chrono::{DateTime, TimeDelta};
use vestibule::session::Tokens;
use vestibule::{ErrorKind, goodcity};
use vestibule_fuzz::{fixed_clock, markers, memory};

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((kind, data)) = data.split_first() else {
        return Corpus::Reject;
    };
    let Some(data) = markers::put_into(data) else {
        return Corpus::Reject;
    };
    let token = match kind % 2 {
        0 => String::from_utf8_lossy(&data).into_owned(),
        _ => format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(&data)),
    };
    memory::within(512 * 1024 + 64 * token.len(), || check_input(&token));
    Corpus::Keep
});

fn check_input(token: &str) {
    let tokens = Tokens::new(token, None);
    markers::assert_none_in(&format!("{:?} {:?}", tokens.access, tokens.refresh));
    if let Some(end) = tokens.expires_at {
        assert_eq!(end.timestamp_subsec_nanos(), 0);
        assert!(token.split('.').nth(1).is_some());
    }
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    for now in [0, fixed_clock::NOW, 253_402_300_799] {
        runtime.as_ref().unwrap().block_on(use_at(now, &tokens));
    }
}

/// A token is used until shortly before its expiry, and never afterwards.
async fn use_at(now: i64, tokens: &Tokens) {
    let now = DateTime::from_timestamp(now, 0).unwrap();
    let client = goodcity::Client::builder("http://127.0.0.1:9").app_name("app");
    let client = client
        .clock(fixed_clock::FixedClock::at(now).clock())
        .build()
        .unwrap();
    let Ok(session) = client.resume_with_tokens(tokens.clone()).await else {
        return;
    };
    let used = session.access_token().await;
    match tokens.expires_at.map(|end| end - now) {
        Some(left) if left <= TimeDelta::zero() => {
            let error = used.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
            markers::assert_silent(&error);
        }
        _ => assert_eq!(*used.unwrap().token(), tokens.access),
    }
}

//! Signed profiles are issued for a downstream system, which accepts only the allowed algorithms.
#![cfg(feature = "signed-profile")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use vestibule::chrono::{DateTime, Utc};
use vestibule::wunder::{SignedProfileVerifier, SigningAlgorithm};
use vestibule::{BoxFuture, Clock, ErrorKind, Secret};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const KEY: &str =
    "a shared key of the operator, as long as the longest of the three hashes needs it";

// Generated with Python's hmac and hashlib; valid from 1700000000 to 1700000600.
const HS256: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.R_Bs3EEkoV7aRvyyVYEcyJF49Fy63opTp1y51SiqPk4";
const HS384: &str = "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.0hgjfYWJy7i1f1bFQwXAvX9zREXCKALyELWeZaSXUVnxOoX5xPWPgh3yw5dGdz8v";
const HS512: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.RrpaEN8ERm8qVtcrb1gKGYPeWmsUvc8XCLjOoDxb-SZlFMj9Ibj9EP6kMB8j5N4QuubI87FKmPzSxe0gqEGN3g";
const NONE: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.AA";
const RS256: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.yzqVoFvkWmyMaUl2_pXSxlnuhUoWSKa0x3bYe4uWAFQ";
const LYING: &str = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.thOn4VnaWXBQ2xCkAqPzE2jZtpxDIQFqRiKRFvpV5yg";
const CRIT: &str = "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsieCJdfQ.eyJzdWIiOiIxIiwibmJmIjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA2MDB9.Wfa-zE0iWbhUQOqdlzTtzf08jALE2_M2f2ADMYNaadE";
const ENDLESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.z0OoD2rMrQjwvn-DVqyqkNedA0mgt1bsDurRkdrmLDU";
const ODD_TIME: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOiJzb29uIn0.2X7sLzzJ9PyyBVpHEj0Ry_0WyNyj0KAILkiSqpiLj-E";
const HUGE_TIME: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjFlKzMwMH0.4XPIxd0WmbLpzJQ1qD4cmrTKi1aVNyLR6SiChFC7FYM";
const LIST: &str =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.WzFd.9FT1PDDav82xJEXv19JsVCmmHBsTFrIpYVKxHrj3ij4";

const ALL: [SigningAlgorithm; 3] = [
    SigningAlgorithm::Hs256,
    SigningAlgorithm::Hs384,
    SigningAlgorithm::Hs512,
];

/// When the tokens of RFC 7515 are valid.
const DURING_RFC: i64 = 1_300_819_000;

/// A clock that always shows this second.
struct At(i64);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A verifier whose clock shows this second.
fn at(second: i64, algorithms: &[SigningAlgorithm]) -> SignedProfileVerifier {
    let verifier = SignedProfileVerifier::new(KEY, algorithms.iter().copied()).unwrap();
    verifier.clock(Arc::new(At(second)))
}

/// The reason for the refusal; the error shows nothing of the token.
fn why(verifier: &SignedProfileVerifier, token: &str) -> String {
    let error = verifier.verify(&token.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    let shown = format!("{error} {error:?} {verifier:?}");
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!shown.contains(part));
    }
    assert!(!shown.contains(KEY));
    error.to_string()
}

#[test]
fn each_allowed_algorithm_verifies_only_its_own_tokens() {
    let tokens = [HS256, HS384, HS512];
    for (allowed, token) in ALL.iter().zip(tokens) {
        let verifier = at(1_700_000_300, &[*allowed]);
        let claims = verifier.verify(&token.into()).unwrap();
        assert_eq!(claims["sub"], "1");
        for other in tokens.into_iter().filter(|other| *other != token) {
            assert!(why(&verifier, other).contains("not allowed"));
        }
    }
}

#[test]
fn a_token_header_is_never_trusted() {
    let verifier = at(1_700_000_300, &ALL);
    for token in [NONE, RS256] {
        assert!(why(&verifier, token).contains("not allowed"));
    }
    assert!(why(&verifier, LYING).contains("signature"));
    assert!(why(&verifier, CRIT).contains("critical"));
}

#[test]
fn a_changed_token_and_another_key_are_refused() {
    let verifier = at(1_700_000_300, &ALL);
    let parts: Vec<&str> = HS256.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let flipped = other_than(&signature[..20]) + &signature[20..];
    for wrong in [
        format!(
            "{header}.{}.{signature}",
            ENDLESS.split('.').nth(1).unwrap()
        ),
        format!("{header}.{claims}.{flipped}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{}", &signature[..20]),
    ] {
        assert!(why(&verifier, &wrong).contains("signature"), "{wrong}");
    }
    let other = SignedProfileVerifier::new("another key ".repeat(8), ALL).unwrap();
    assert!(why(&other, HS256).contains("signature"));
    for wrong in ["", "x", "a.b", "a.b.c", "....", &format!("{HS256}.x"), LIST] {
        assert!(
            why(&verifier, wrong).contains("not a signed profile"),
            "{wrong}"
        );
    }
}

#[test]
fn a_token_is_valid_only_during_its_lifetime() {
    for (second, good) in [
        (1_699_999_939, false),
        (1_699_999_940, true),
        (1_700_000_659, true),
        (1_700_000_660, false),
    ] {
        let verified = at(second, &ALL).verify(&HS256.into());
        assert_eq!(verified.is_ok(), good, "{second}");
    }
    let verifier = at(1_700_000_300, &ALL);
    assert!(why(&verifier, ENDLESS).contains("no expiry"));
    let verifier = verifier.allow_without_expiry();
    assert_eq!(verifier.verify(&ENDLESS.into()).unwrap()["sub"], "1");
    for odd in [ODD_TIME, HUGE_TIME] {
        assert!(why(&verifier, odd).contains("a time"));
    }
}

#[test]
fn a_verifier_requires_a_key_and_an_algorithm() {
    assert_eq!(field(SignedProfileVerifier::new("", ALL)), "key");
    assert_eq!(field(SignedProfileVerifier::new(KEY, [])), "algorithms");
}

/// A key that anyone can find, or the public key of another scheme, would verify what anyone has signed.
#[test]
fn a_verifier_refuses_a_key_that_is_too_short_or_public() {
    for (algorithm, least) in [
        (SigningAlgorithm::Hs256, 32),
        (SigningAlgorithm::Hs384, 48),
        (SigningAlgorithm::Hs512, 64),
    ] {
        let key = |length| SignedProfileVerifier::new("k".repeat(length), [algorithm]);
        for short in [1, 16, least - 1] {
            let error = key(short).unwrap_err();
            assert!(error.to_string().contains(&least.to_string()), "{error}");
            assert_eq!(error.field(), Some("key"));
        }
        key(least).unwrap();
    }
    for pem in ["PUBLIC KEY", "RSA PRIVATE KEY", "CERTIFICATE"] {
        let body = "MIIB".repeat(40);
        let key = format!("\n-----BEGIN {pem}-----\n{body}\n-----END {pem}-----\n");
        let error = SignedProfileVerifier::new(key, ALL).unwrap_err();
        assert!(error.to_string().contains("PEM"), "{error}");
        assert!(!format!("{error} {error:?}").contains("MIIB"));
    }
}

/// A key of RFC 7515 and a token that it verifies.
fn example(name: &str) -> (Value, String) {
    let examples: Value = serde_json::from_str(include_str!("../data/rfc7515.json")).unwrap();
    let token = examples[name]["token"].as_str().unwrap();
    (examples[name]["key"].clone(), token.to_owned())
}

fn jwk_set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

fn of_set(keys: &[Value], algorithms: &[SigningAlgorithm]) -> SignedProfileVerifier {
    let algorithms = algorithms.iter().copied();
    let verifier = SignedProfileVerifier::with_jwk_set(&jwk_set(keys), algorithms);
    verifier.unwrap().clock(Arc::new(At(DURING_RFC)))
}

#[test]
fn a_public_key_of_the_set_verifies_the_tokens_of_the_rfc() {
    let both = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256];
    let ((rsa_key, rsa_token), (ec_key, ec_token)) = (example("rsa"), example("ec"));
    let keys = [rsa_key, ec_key];
    let verifier = of_set(&keys, &both);
    for token in [&*rsa_token, &ec_token] {
        assert_eq!(verifier.verify(&token.into()).unwrap()["iss"], "joe");
        let (kept, changed) = token.split_at(token.len() - 10);
        let letter = if changed.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{kept}{letter}{}", &changed[1..]);
        assert!(why(&verifier, &changed).contains("signature"));
        let late = of_set(&keys, &both).clock(Arc::new(At(1_400_000_000)));
        assert!(why(&late, token).contains("expired"));
    }
    let only_rsa = of_set(&keys, &both[..1]);
    assert!(why(&only_rsa, &ec_token).contains("not allowed"));
    // A shared key cannot be made of what is public.
    assert!(why(&verifier, HS256).contains("not allowed"));
}

#[test]
fn a_key_is_used_for_what_it_is_made_for_alone() {
    let rs256 = [SigningAlgorithm::Rs256];
    let (key, token) = example("rsa");
    let with = |member: &str, value: &str| {
        let mut key = key.clone();
        key[member] = json!(value);
        key
    };
    for good in [with("alg", "RS256"), with("use", "sig"), with("kid", "1")] {
        let verified = of_set(&[good], &rs256).verify(&(&*token).into());
        assert!(verified.is_ok());
    }
    for other in [with("alg", "PS256"), with("use", "enc")] {
        let verifier = SignedProfileVerifier::with_jwk_set(&jwk_set(&[other]), rs256);
        assert_eq!(field(verifier), "jwk_set");
    }
    // This token names a key that the set does not have.
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"2"}"#);
    let (_, signed) = token.split_once('.').unwrap();
    let verifier = of_set(&[with("kid", "1")], &rs256);
    assert!(why(&verifier, &format!("{header}.{signed}")).contains("not known"));
}

#[test]
fn a_verifier_refuses_a_set_without_usable_public_keys() {
    let rs256 = [SigningAlgorithm::Rs256];
    let ((rsa, _), (ec, _)) = (example("rsa"), example("ec"));
    let examples: Value = serde_json::from_str(include_str!("../data/rfc7515.json")).unwrap();
    let mut short = rsa.clone();
    short["n"] = json!(&rsa["n"].as_str().unwrap()[..300]);
    for set in [
        String::new(),
        "[]".to_owned(),
        r#"{"keys":[]}"#.to_owned(),
        rsa.to_string(),
        jwk_set(&[ec]),
        jwk_set(&[rsa.clone(), examples["shared_key"].clone()]),
        jwk_set(&[short]),
        "-----BEGIN PUBLIC KEY-----".to_owned(),
    ] {
        let verifier = SignedProfileVerifier::with_jwk_set(&set, rs256);
        assert_eq!(field(verifier), "jwk_set", "{set}");
    }
    let set = jwk_set(std::slice::from_ref(&rsa));
    for algorithms in [
        vec![],
        vec![SigningAlgorithm::Rs256, SigningAlgorithm::Hs256],
    ] {
        let verifier = SignedProfileVerifier::with_jwk_set(&set, algorithms);
        assert_eq!(field(verifier), "algorithms");
    }
    assert_eq!(field(SignedProfileVerifier::new(KEY, rs256)), "algorithms");
    let verifier = SignedProfileVerifier::new(rsa.to_string(), ALL);
    assert_eq!(field(verifier), "key");
}

#[tokio::test]
async fn the_profile_of_a_user_is_verified_downstream() {
    let (mock, client) = start().await;
    let uuid = mock.add_user(ada());
    let session = session_of(&client).await;
    let signed = session.signed_profile().await.unwrap();
    assert!(!format!("{signed:?}").contains(signed.jwt().expose()));
    let key = Wunder::SIGNED_DATA_KEY;
    let verifier = SignedProfileVerifier::new(key, [SigningAlgorithm::Hs256]).unwrap();
    let verifier = verifier.clock(mock.clock().clone());
    let claims = verifier.verify(signed.jwt()).unwrap();
    assert_eq!(claims["sub"], uuid.as_str());
    assert_eq!(claims["email"], EMAIL);
    // An access token is no signed profile.
    let access = session.access_token().await.unwrap();
    assert!(verifier.verify(access.token()).is_err());
    mock.clock().advance(Duration::from_secs(3600));
    assert!(verifier.verify(signed.jwt()).is_err());
}

#[tokio::test]
async fn a_signed_profile_is_found_in_every_response_shape() {
    for (body, found) in [
        (HS256.to_owned(), true),
        (json!(HS256).to_string(), true),
        (json!({"signed": HS256, "type": "jwt"}).to_string(), true),
        (json!({"one": HS256, "two": HS384}).to_string(), false),
        (json!({"signed": "no token"}).to_string(), false),
        (json!([HS256]).to_string(), false),
        ("a.b".to_owned(), false),
    ] {
        let server = MockServer::start().await;
        let tokens = json!({"accessToken": "token"});
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(200).set_body_json(tokens))
            .mount(&server)
            .await;
        Mock::given(path("/t/front/customers/signed"))
            .respond_with(ResponseTemplate::new(200).set_body_string(body.as_str()))
            .mount(&server)
            .await;
        let client = Client::builder(server.uri()).tenant("t").build().unwrap();
        let session = session_of(&client).await;
        match session.signed_profile().await {
            Ok(signed) => assert!(found && *signed.jwt() == Secret::from(HS256), "{body}"),
            Err(error) => assert!(
                !found && error.kind() == ErrorKind::InvalidResponse,
                "{body}"
            ),
        }
    }
}

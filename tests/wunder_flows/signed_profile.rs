//! Signed profiles are issued for a downstream system, which accepts only the allowed algorithms.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
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

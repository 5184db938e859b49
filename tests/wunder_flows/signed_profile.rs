//! Signed profiles are issued for a downstream system, which accepts only the allowed algorithms.
#![cfg(feature = "signed-profile")]

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

// RFC 7515, appendices A.2 and A.3: valid until 1300819380.
const RSA_KEY: &str = r#""kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB""#;
const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const EC_KEY: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
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

fn jwk_set(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("{{{key}}}")).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

fn of_set(keys: &[String], algorithms: &[SigningAlgorithm]) -> SignedProfileVerifier {
    let algorithms = algorithms.iter().copied();
    let verifier = SignedProfileVerifier::with_jwk_set(&jwk_set(keys), algorithms);
    verifier.unwrap().clock(Arc::new(At(DURING_RFC)))
}

#[test]
fn a_public_key_of_the_set_verifies_the_tokens_of_the_rfc() {
    let both = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256];
    let keys = [RSA_KEY.to_owned(), EC_KEY.to_owned()];
    let verifier = of_set(&keys, &both);
    for token in [RSA_TOKEN, EC_TOKEN] {
        assert_eq!(verifier.verify(&token.into()).unwrap()["iss"], "joe");
        let (kept, changed) = token.split_at(token.len() - 10);
        let letter = if changed.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{kept}{letter}{}", &changed[1..]);
        assert!(why(&verifier, &changed).contains("signature"));
        let late = of_set(&keys, &both).clock(Arc::new(At(1_400_000_000)));
        assert!(why(&late, token).contains("expired"));
    }
    let only_rsa = of_set(&keys, &both[..1]);
    assert!(why(&only_rsa, EC_TOKEN).contains("not allowed"));
    // A shared key cannot be made of what is public.
    assert!(why(&verifier, HS256).contains("not allowed"));
}

#[test]
fn a_key_is_used_for_what_it_is_made_for_alone() {
    let rs256 = [SigningAlgorithm::Rs256];
    let with = |more: &str| format!("{RSA_KEY},{more}");
    let good = [with(r#""alg":"RS256","use":"sig","kid":"1""#)];
    assert!(of_set(&good, &rs256).verify(&RSA_TOKEN.into()).is_ok());
    for other in [r#""alg":"PS256""#, r#""use":"enc""#] {
        let set = jwk_set(&[with(other)]);
        assert_eq!(field(SignedProfileVerifier::with_jwk_set(&set, rs256)), "jwk_set");
    }
    // The header of this token names a key that the set does not have.
    let named = RSA_TOKEN.replacen(
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiIsImtpZCI6IjIifQ",
        1,
    );
    assert!(why(&of_set(&good, &rs256), &named).contains("not known"));
}

#[test]
fn a_verifier_refuses_a_set_without_usable_public_keys() {
    let rs256 = [SigningAlgorithm::Rs256];
    let shared = r#""kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow""#;
    let short = r#""kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63k0","e":"AQAB""#;
    for set in [
        "",
        "[]",
        r#"{"keys":[]}"#,
        &format!("{{{RSA_KEY}}}"),
        &jwk_set(&[EC_KEY.to_owned()]),
        &jwk_set(&[RSA_KEY.to_owned(), shared.to_owned()]),
        &jwk_set(&[short.to_owned()]),
        "-----BEGIN PUBLIC KEY-----",
    ] {
        let verifier = SignedProfileVerifier::with_jwk_set(set, rs256);
        assert_eq!(field(verifier), "jwk_set", "{set}");
    }
    let set = jwk_set(&[RSA_KEY.to_owned()]);
    for algorithms in [vec![], vec![SigningAlgorithm::Rs256, SigningAlgorithm::Hs256]] {
        let verifier = SignedProfileVerifier::with_jwk_set(&set, algorithms);
        assert_eq!(field(verifier), "algorithms");
    }
    assert_eq!(field(SignedProfileVerifier::new(KEY, rs256)), "algorithms");
    let jwk = format!("{{{RSA_KEY}}}");
    assert_eq!(field(SignedProfileVerifier::new(jwk, ALL)), "key");
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

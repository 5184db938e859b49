//! The measured calls: a user's profile, read with a bearer token, and larger ones.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Body of the server's response.
pub const BODY: &str = r#"{"uuid":"6f1d2a34-0000-4000-8000-000000000001","email":"ada@example.org","phoneNumber":"+43123456789","emailIsVerified":true,"phoneIsVerified":true,"customProperties":{"externalId":"c-4711"},"termsAndConditionsAcceptanceState":"ACCEPTED","firstName":"Ada","lastName":"Lovelace"}"#;

/// A profile of 14 members, two of which the description names, as real profiles have.
pub const REAL_BODY: &str = r#"{"uuid":"6f1d2a34-0000-4000-8000-000000000001","phoneIsVerified":true,"createdAt":"2026-01-17T08:30:00Z","updatedAt":"2026-11-02T19:05:41Z","status":"ACTIVE","locale":"de-AT","birthDate":"1990-12-10","gender":"F","newsletter":false,"balance":12.5,"currency":"EUR","referralCode":"ADA-4711","address":{"street":"Ringstrasse 1","zip":"1010","city":"Wien","country":"AT"},"tags":["student","beta"]}"#;

/// Expires in a hundred years.
pub const VALID: u64 = 4_900_000_000;

/// Expired long ago.
pub const EXPIRED: u64 = 1_700_000_000;

/// A token of the usual size that expires at `end`, in seconds since 1970.
pub fn access_token(end: u64) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT","kid":"1"}"#);
    let claims = format!(
        r#"{{"iss":"https://go.example","sub":"6f1d2a34-0000-4000-8000-000000000001","exp":{end},"scope":"front"}}"#
    );
    let claims = URL_SAFE_NO_PAD.encode(claims);
    let signature = URL_SAFE_NO_PAD.encode([0xA5; 256]);
    format!("{header}.{claims}.{signature}")
}

/// The same profile with a hundred members that the description does not name.
pub fn body_with_unknown_members() -> String {
    let mut body = BODY.strip_suffix('}').unwrap_or_default().to_owned();
    for number in 0..100 {
        let _ = write!(
            body,
            r#","x{number}":{{"name":"member {number}","values":[{number},true]}}"#
        );
    }
    body + "}"
}

/// Fynd's user with as many addresses and numbers as fit into 100 KiB.
pub fn large_body() -> String {
    let mut emails = String::new();
    let mut numbers = String::new();
    let mut count = 0;
    while emails.len() + numbers.len() < 100 * 1024 {
        let comma = if count == 0 { "" } else { "," };
        let _ = write!(
            emails,
            r#"{comma}{{"active":true,"primary":false,"verified":true,"email":"ada.{count}@example.org"}}"#
        );
        let _ = write!(
            numbers,
            r#"{comma}{{"active":true,"primary":false,"verified":true,"country_code":91,"phone":"98{count:08}"}}"#
        );
        count += 1;
    }
    format!(
        r#"{{"user":{{"first_name":"Ada","last_name":"Lovelace","emails":[{emails}],"phone_numbers":[{numbers}]}}}}"#
    )
}

/// A user of Fynd of 100 KiB, half of whose members the description does not name.
pub fn large_body_half_unknown() -> String {
    let mut emails = String::new();
    let mut count = 0;
    while emails.len() < 100 * 1024 {
        let comma = if count == 0 { "" } else { "," };
        let _ = write!(
            emails,
            r#"{comma}{{"active":true,"primary":false,"verified":true,"email":"ada.{count}@example.org","created_at":"2026-01-17T08:30:00Z","source":"web","bounces":{count},"labels":["a","b"]}}"#
        );
        count += 1;
    }
    format!(r#"{{"user":{{"first_name":"Ada","last_name":"Lovelace","emails":[{emails}]}}}}"#)
}

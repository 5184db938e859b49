//! The measured call: a user's profile, read with a bearer token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Body of the server's response.
pub const BODY: &str = r#"{"uuid":"6f1d2a34-0000-4000-8000-000000000001","email":"ada@example.org","phoneNumber":"+43123456789","emailIsVerified":true,"phoneIsVerified":true,"customProperties":{"externalId":"c-4711"},"termsAndConditionsAcceptanceState":"ACCEPTED","firstName":"Ada","lastName":"Lovelace"}"#;

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

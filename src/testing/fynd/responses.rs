//! The bodies of responses. Missing members are omitted, never null.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::codes::{RESEND_SECONDS, SentCode};
use super::random_token::random_token;
use super::user::{Contact, User};
use crate::testing::{Channel, MockResponse};

pub(super) fn api_error(status: u16, code: &str, message: &str) -> MockResponse {
    let body = json!({
        "code": code,
        "message": message,
        "request_id": random_token(),
    });
    MockResponse::json(status, body)
}

pub(super) fn bad_request(code: &str, message: &str) -> MockResponse {
    api_error(400, code, message)
}

pub(super) fn code_invalid() -> MockResponse {
    bad_request("OTP_INVALID", "the code is not valid")
}

pub(super) fn link_invalid() -> MockResponse {
    bad_request("LINK_INVALID", "the code of the link is not valid")
}

pub(super) fn register_token_invalid() -> MockResponse {
    bad_request("REGISTER_TOKEN_INVALID", "the token is not valid")
}

pub(super) fn not_signed_in() -> MockResponse {
    let body = json!({
        "code": "SESSION_UNKNOWN",
        "message": "no user is signed in",
        "request_id": random_token(),
        "authenticated": false,
    });
    MockResponse::json(401, body)
}

/// Adds the members about a sent code: how to confirm and how to resend it.
pub(super) fn add_sent_code(body: &mut Value, contact: &Contact, sent: &SentCode) {
    match contact {
        Contact::Mobile(number) => {
            body["mobile"] = json!(number.mobile);
            body["country_code"] = json!(number.country_code);
            body["request_id"] = json!(sent.request_id);
            body["resend_token"] = json!(sent.resend_token);
        }
        Contact::Email(email) => {
            body["email"] = json!(email);
            body["resend_email_token"] = json!(sent.resend_token);
        }
    }
    body["resend_timer"] = json!(RESEND_SECONDS);
    body["message"] = json!("OTP sent");
}

pub(super) fn user(application_id: &str, user: &User) -> Value {
    let numbers = user.contacts.of(Channel::Sms).filter_map(|entry| {
        let Contact::Mobile(number) = &entry.contact else {
            return None;
        };
        Some(json!({
            "phone": number.mobile,
            "country_code": number.country_code.parse::<u32>().ok()?,
            "active": entry.active,
            "primary": entry.primary,
            "verified": entry.verified,
        }))
    });
    let emails = user.contacts.of(Channel::Email).map(|entry| {
        json!({
            "email": entry.contact.address(),
            "active": entry.active,
            "primary": entry.primary,
            "verified": entry.verified,
        })
    });
    let mut body = json!({
        "application_id": application_id,
        "user_id": user.id,
        "_id": user.id,
        "phone_numbers": numbers.collect::<Vec<_>>(),
        "emails": emails.collect::<Vec<_>>(),
        "active": true,
        "account_type": "user",
        "created_at": time(user.created_at),
        "updated_at": time(user.updated_at),
    });
    let optional = [
        ("first_name", &user.details.first_name),
        ("last_name", &user.details.last_name),
        ("gender", &user.details.gender),
        ("dob", &user.details.date_of_birth),
        ("profile_pic_url", &user.details.picture),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    body
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

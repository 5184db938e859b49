//! What the mock says. Absent members are left out, never null.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::state::{Number, Sending, User};
use crate::testing::Answer;

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    let body = json!({
        "code": code,
        "message": message,
        "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    });
    Answer::json(status, body)
}

pub(super) fn not_signed_in() -> Answer {
    let body = json!({
        "code": "SESSION_UNKNOWN",
        "message": "nobody is signed in",
        "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "authenticated": false,
    });
    Answer::json(401, body)
}

pub(super) fn sent(number: &Number, sending: &Sending) -> Answer {
    let body = json!({
        "success": true,
        "message": "a code was sent",
        "mobile": number.mobile,
        "country_code": number.country_code,
        "request_id": sending.request_id,
        "resend_token": sending.resend_token,
        "resend_timer": super::state::RESEND_SECONDS,
    });
    Answer::json(200, body)
}

pub(super) fn user(application_id: &str, number: &Number, user: &User) -> Value {
    let mut body = json!({
        "application_id": application_id,
        "user_id": user.id,
        "_id": user.id,
        "first_name": user.first_name,
        "phone_numbers": [{
            "phone": number.mobile,
            "country_code": number.country_code.parse::<u32>().unwrap_or_default(),
            "active": true,
            "primary": true,
            "verified": true,
        }],
        "emails": [],
        "active": true,
        "account_type": "user",
        "created_at": time(user.created_at),
        "updated_at": time(user.updated_at),
    });
    let optional = [
        ("last_name", &user.last_name),
        ("gender", &user.gender),
        ("dob", &user.date_of_birth),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    if let Some(email) = &user.email {
        body["emails"] = json!([{
            "email": email,
            "active": true,
            "primary": true,
            "verified": false,
        }]);
    }
    body
}

pub(super) fn platform_config(session_days: i64) -> Answer {
    let body = json!({
        "name": "Fynd",
        "display": "Fynd",
        "active": true,
        "register": true,
        "login": {"otp": true, "password": false},
        "required_fields": {
            "mobile": {"is_required": true, "level": "hard"},
            "email": {"is_required": false, "level": "soft"},
        },
        "delete_account_day": 7,
        "delete_account_reasons": [{
            "reason_id": "64b000000000000000000004",
            "reason_text": "I no longer shop here",
            "show_text_area": false,
        }],
        "delete_account_consent": {"consent_text": "I agree that my account goes away."},
        "session_config": {"duration": session_days, "type": "Days", "is_rolling": false},
    });
    Answer::json(200, body)
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

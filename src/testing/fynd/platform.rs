//! The configuration of the sales channel.

use serde_json::{Value, json};

use super::seed::FyndSignIn;
use super::state::{Rules, SESSION_LIFETIME};
use super::user::FyndProvider;

/// The reasons for deleting an account: id, text, and whether the user has to add a text.
const REASONS: [(&str, &str, bool); 2] = [
    ("64b000000000000000000004", "I no longer shop here", false),
    ("64b000000000000000000005", "Another reason", true),
];

/// Whether a reason requires a text of the user; `None` for an unknown reason.
pub(super) fn reason_needs_text(id: &str) -> Option<bool> {
    let mut reasons = REASONS.iter();
    reasons
        .find(|(known, ..)| *known == id)
        .map(|(.., needs_text)| *needs_text)
}

pub(super) fn config(rules: &Rules) -> Value {
    let offers = |way| !rules.disabled.contains(&way);
    let social = |provider| offers(FyndSignIn::Social(provider));
    let rule = |required: bool| {
        let level = if required { "hard" } else { "soft" };
        json!({"is_required": required, "level": level})
    };
    let required = json!({
        "mobile": rule(rules.mobile_required),
        "email": rule(rules.email_required),
    });
    let reasons = REASONS.iter().map(|(id, text, needs_text)| {
        json!({"reason_id": id, "reason_text": text, "show_text_area": needs_text})
    });
    json!({
        "_id": "64b000000000000000000003",
        "name": "Fynd",
        "display": "Fynd",
        "active": true,
        "skip_login": false,
        "skip_captcha": true,
        "forgot_password": true,
        "register": true,
        "login": {
            "otp": offers(FyndSignIn::Otp),
            "password": offers(FyndSignIn::Password),
        },
        "social": {
            "account_kit": false,
            "facebook": social(FyndProvider::Facebook),
            "google": social(FyndProvider::Google),
            "apple": social(FyndProvider::Apple),
        },
        "required_fields": required,
        "register_required_fields": required,
        "delete_account_day": 7,
        "delete_account_reasons": reasons.collect::<Vec<_>>(),
        "delete_account_consent": {"consent_text": "I agree that my account goes away."},
        "session_config": {
            "duration": SESSION_LIFETIME.num_days(),
            "type": "Days",
            "is_rolling": false,
        },
    })
}

//! The configuration of the sales channel.

use serde_json::{Value, json};

use super::seed::{FyndProvider, FyndSignIn};
use super::state::{Rules, SESSION};

/// Why somebody may leave: id, words, whether words of one's own are asked for.
const REASONS: [(&str, &str, bool); 2] = [
    ("64b000000000000000000004", "I no longer shop here", false),
    ("64b000000000000000000005", "Another reason", true),
];

/// Whether a reason is one of the offered ones, and whether it asks for words.
pub(super) fn reason(id: &str) -> Option<bool> {
    let mut reasons = REASONS.iter();
    reasons
        .find(|(known, ..)| *known == id)
        .map(|(.., in_words)| *in_words)
}

pub(super) fn config(rules: &Rules) -> Value {
    let offers = |way| !rules.off.contains(&way);
    let social = |provider| offers(FyndSignIn::Social(provider));
    let rule = |required: bool| {
        let level = if required { "hard" } else { "soft" };
        json!({"is_required": required, "level": level})
    };
    let required = json!({
        "mobile": rule(rules.mobile_required),
        "email": rule(rules.email_required),
    });
    let reasons = REASONS.iter().map(|(id, text, in_words)| {
        json!({"reason_id": id, "reason_text": text, "show_text_area": in_words})
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
            "duration": SESSION.num_days(),
            "type": "Days",
            "is_rolling": false,
        },
    })
}

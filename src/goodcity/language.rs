//! The language of a user, which the server takes from the requests of that user.

use super::api::types;

/// Longer than any language tag in use.
const MAX_LENGTH: usize = 35;

/// The language of the user of a profile, if the server names one. A text that is no language tag
/// does not get into a header.
pub(super) fn of(profile: &types::Profile) -> Option<&str> {
    let language = profile.user_profile.as_ref()?.preferred_language.as_deref();
    let is_tag = |language: &&str| {
        (2..=MAX_LENGTH).contains(&language.len())
            && language
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    language.filter(is_tag)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::of;
    use crate::goodcity::api::types::Profile;

    #[test]
    fn only_a_language_tag_is_a_language() {
        for (profile, language) in [
            (json!({}), None),
            (json!({"user_profile": null}), None),
            (json!({"user_profile": {}}), None),
            (json!({"user_profile": {"preferred_language": null}}), None),
            (json!({"user_profile": {"preferred_language": ""}}), None),
            (
                json!({"user_profile": {"preferred_language": "en\r\nx: y"}}),
                None,
            ),
            (
                json!({"user_profile": {"preferred_language": "e".repeat(36)}}),
                None,
            ),
            (
                json!({"user_profile": {"preferred_language": "en"}}),
                Some("en"),
            ),
            (
                json!({"user_profile": {"preferred_language": "zh-tw"}}),
                Some("zh-tw"),
            ),
        ] {
            let read: Profile = serde_json::from_value(profile.clone()).unwrap();
            assert_eq!(of(&read), language, "{profile}");
        }
    }
}

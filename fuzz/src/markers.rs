//! Marker secrets that are put into inputs and must never appear in anything that may be logged.

use vestibule::{Error, fynd, goodcity, walletcrew, wunder};

/// A token and an address. A code or request id may be shown if it is short and plain. The token is
/// plain but too long, the address is short but not plain, as real ones are.
const MARKERS: [(u8, &str); 2] = [
    (
        0x01,
        "eyJhbGciOiJIUzI1NiJ9.bWFya2VkLXNlY3JldC10aGF0LW5vYm9keS1tYXktc2Vl.bWFya2VkLXNpZ25hdHVyZQ",
    ),
    (0x02, "+43-marked@secret.example"),
];

/// Any of these in a text is a leak; fragments also find a truncated marker.
const FRAGMENTS: [&str; 3] = [
    "bWFya2VkLXNlY3JldC10",
    "bWFya2VkLXNpZ25hdHVy",
    "marked@secret",
];

/// The input with each of its bytes 1 and 2 replaced by a marker. `None` for an input that already
/// contains a fragment of a marker: the fuzzer sees what is compared.
pub fn put_into(data: &[u8]) -> Option<Vec<u8>> {
    if found(&String::from_utf8_lossy(data)).is_some() {
        return None;
    }
    let mut marked = Vec::with_capacity(data.len());
    for byte in data {
        match MARKERS.iter().find(|(place, _)| place == byte) {
            Some((_, fingerprint)) => marked.extend_from_slice(fingerprint.as_bytes()),
            None => marked.push(*byte),
        }
    }
    Some(marked)
}

fn found(text: &str) -> Option<&'static str> {
    FRAGMENTS.into_iter().find(|trace| text.contains(trace))
}

/// Panics if a text shows a marker.
pub fn assert_none_in(text: &str) {
    assert!(found(text).is_none(), "a secret is shown: {text}");
}

/// Panics if an error, one of its sources or the system's own error in it shows a marker or more
/// than one line.
pub fn assert_silent(error: &Error) {
    let line = error.to_string();
    assert!(!line.contains(char::is_control), "not one line: {line:?}");
    let mut shown = format!("{line} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        shown.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    let api_errors = [
        error
            .api_error::<wunder::ApiError>()
            .map(|it| format!("{it:?}")),
        error
            .api_error::<walletcrew::ApiError>()
            .map(|it| format!("{it:?}")),
        error
            .api_error::<goodcity::ApiError>()
            .map(|it| format!("{it:?}")),
        error
            .api_error::<fynd::ApiError>()
            .map(|it| format!("{it:?}")),
    ];
    for api_error in api_errors.into_iter().flatten() {
        assert!(
            !api_error.contains(char::is_control),
            "not one line: {api_error:?}"
        );
        shown.push_str(&api_error);
    }
    assert_none_in(&shown);
}

//! From bytes to text that is valid JSON as far as its strings are concerned.

use std::borrow::Cow;

use bytes::Bytes;

const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A body without the byte order mark of UTF-8, which no reader needs.
pub(crate) fn without_mark(mut body: Bytes) -> Bytes {
    if body.starts_with(UTF_8_MARK) {
        return body.split_off(UTF_8_MARK.len());
    }
    body
}

/// The body as it is, if it is UTF-8 and its charset does not contradict that.
pub(super) fn utf_8<'a>(body: &'a [u8], content_type: Option<&str>) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok()?;
    let is_other = || content_type.is_some_and(charset::is_multibyte) && !text.is_ascii();
    (!is_other()).then_some(text)
}

/// The text of a body, with valid strings and without white space and byte order marks around it:
/// UTF-8 if it is valid, else by byte order mark or charset. What cannot be decoded is U+FFFD.
pub(crate) fn valid_text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let by_charset = || charset::decoded(body, content_type);
    let text = match utf_8(body, content_type) {
        Some(text) if !text.contains('\0') => Cow::Borrowed(text),
        _ => by_charset().unwrap_or_else(|| String::from_utf8_lossy(body)),
    };
    let is_around = |it: char| it.is_whitespace() || it == '\u{feff}';
    match text {
        Cow::Borrowed(text) => repaired_strings(text.trim_matches(is_around)),
        Cow::Owned(text) => {
            let text = text.trim_matches(is_around);
            Cow::Owned(repaired_strings(text).into_owned())
        }
    }
}

#[cfg(feature = "charset")]
mod charset {
    use std::borrow::Cow;

    use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

    /// The text of a body that is not UTF-8, if it tells its encoding.
    pub(super) fn decoded<'a>(body: &'a [u8], content_type: Option<&str>) -> Option<Cow<'a, str>> {
        let encoding = utf_16(body).or_else(|| named(content_type?));
        Some(encoding?.decode(body).0)
    }

    /// Whether a content type names another encoding than UTF-8 whose characters have several bytes.
    /// UTF-8 under the name of a single-byte encoding is a common mistake.
    pub(super) fn is_multibyte(content_type: &str) -> bool {
        let encoding = named(content_type);
        encoding.is_some_and(|encoding| encoding != UTF_8 && !encoding.is_single_byte())
    }

    /// UTF-16 by its mark, or by a zero byte in the first character, which is ASCII in JSON.
    fn utf_16(body: &[u8]) -> Option<&'static Encoding> {
        match body {
            [0xFE, 0xFF, ..] => Some(UTF_16BE),
            [0xFF, 0xFE, ..] => Some(UTF_16LE),
            [0, first, ..] if *first != 0 => Some(UTF_16BE),
            [first, 0, ..] if *first != 0 => Some(UTF_16LE),
            _ => None,
        }
    }

    /// The encoding that a content type names.
    fn named(content_type: &str) -> Option<&'static Encoding> {
        let mut parameters = content_type.split(';').skip(1);
        let label = parameters.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let is_charset = name.trim().eq_ignore_ascii_case("charset");
            is_charset.then(|| value.trim().trim_matches(['"', '\'']))
        })?;
        Encoding::for_label(label.as_bytes())
    }
}

#[cfg(not(feature = "charset"))]
mod charset {
    use std::borrow::Cow;

    /// No other encoding than UTF-8 is known.
    pub(super) fn decoded<'a>(_: &'a [u8], _: Option<&str>) -> Option<Cow<'a, str>> {
        None
    }

    pub(super) fn is_multibyte(_: &str) -> bool {
        false
    }
}

/// Replaces what no JSON string may have: halves of surrogate pairs by U+FFFD, and plain control
/// characters by their escapes.
pub(super) fn repaired_strings(text: &str) -> Cow<'_, str> {
    let mut repaired = String::new();
    // Up to here the text is copied to `repaired`.
    let mut copied = 0;
    let mut in_string = false;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let mut length = 1;
        let mut replacement = None;
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => match surrogate(&bytes[at..]) {
                Some(Surrogate::Pair) => length = 12,
                Some(Surrogate::Half) => (length, replacement) = (6, Some("\\ufffd".to_owned())),
                None => length = 2,
            },
            0..0x20 if in_string => replacement = Some(format!("\\u{byte:04x}")),
            _ => {}
        }
        if let Some(replacement) = replacement {
            repaired += &text[copied..at];
            repaired += &replacement;
            copied = at + length;
        }
        at += length;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    repaired += &text[copied..];
    Cow::Owned(repaired)
}

enum Surrogate {
    Pair,
    Half,
}

/// The surrogate that an escape at the start of `bytes` is.
fn surrogate(bytes: &[u8]) -> Option<Surrogate> {
    let unit = |bytes: &[u8]| {
        let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    match unit(bytes)? {
        0xD800..0xDC00 => match bytes.get(6..).and_then(unit) {
            Some(0xDC00..0xE000) => Some(Surrogate::Pair),
            _ => Some(Surrogate::Half),
        },
        0xDC00..0xE000 => Some(Surrogate::Half),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_become_the_replacement_character() {
        for (text, repaired) in [
            (r#""a \ud83d""#, r#""a \ufffd""#),
            (r#""\uDC00\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud83d\n""#, r#""\ufffd\n""#),
            (r#""\"\ud83d""#, r#""\"\ufffd""#),
            ("\"a\tb\"\n", "\"a\\u0009b\"\n"),
            (r#""\ud83""#, r#""\ud83""#),
        ] {
            assert_eq!(repaired_strings(text), repaired, "{text}");
        }
    }

    #[test]
    fn a_text_that_ends_in_an_escape_is_returned() {
        for text in ["\"\\", "\"\\u", "\"\\ud83d\\", "\"ä\\", "\"\\ä"] {
            let _ = repaired_strings(text);
        }
    }

    #[test]
    #[cfg(feature = "charset")]
    fn bytes_are_read_by_mark_charset_or_as_utf_8() {
        let latin = Some("application/json; charset=\"ISO-8859-1\"");
        for (bytes, content_type, text) in [
            (&b"Jos\xE9"[..], latin, "José"),
            (b"Jos\xC3\xA9", latin, "José"),
            (b"Jos\xE9", None, "Jos\u{fffd}"),
            (
                b"Jos\xE9",
                Some("application/json; charset=unheard"),
                "Jos\u{fffd}",
            ),
            (
                b"\x93a\x94",
                Some("text/json;charset=windows-1252"),
                "\u{201c}a\u{201d}",
            ),
            (b"\xFF\xFE{\0}\0", None, "{}"),
            (b"\xFE\xFF\0{\0}", None, "{}"),
            (b"{\0}\0", None, "{}"),
            (b"\0{\0}", Some("application/json; charset=utf-16"), "{}"),
            (b"\xA7\xDA", Some("application/json; charset=Big5"), "我"),
        ] {
            assert_eq!(valid_text(bytes, content_type), text, "{bytes:?}");
        }
    }
}

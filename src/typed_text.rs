//! Text that a person typed: Unicode digits, separators and invisible characters.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{Dash, DefaultIgnorableCodePoint, GeneralCategory, WhiteSpace};
use icu_properties::{CodePointMapData, CodePointSetData};

use crate::secret::Secret;

/// The text in NFKC, with every decimal digit as its ASCII digit and without invisible characters:
/// zero-width characters, the byte order mark, soft hyphens and marks of direction.
pub(crate) fn normalized(text: &str) -> impl Iterator<Item = char> + '_ {
    ComposingNormalizerBorrowed::new_nfkc()
        .normalize_iter(text.chars())
        .filter(|letter| !is_invisible(*letter))
        .map(|letter| ascii_digit(letter).unwrap_or(letter))
}

/// Whether a character only groups the digits of a typed code or number: a space or a dash.
pub(crate) fn is_separator(letter: char) -> bool {
    CodePointSetData::new::<WhiteSpace>().contains(letter)
        || CodePointSetData::new::<Dash>().contains(letter)
}

/// A code that a person typed, normalized. Separators are dropped if all the rest is digits: a code
/// with letters may contain a dash itself, and only white space around it is dropped. Leading zeros
/// stay.
pub(crate) fn typed_code(code: &Secret) -> Secret {
    let code = code.expose();
    // Sized at once, so that no smaller buffer with a part of the code is left in memory.
    let mut typed = String::with_capacity(code.len());
    typed.extend(normalized(code));
    let is_grouped = |letter: char| letter.is_ascii_digit() || is_separator(letter);
    if typed.chars().all(is_grouped) {
        typed.retain(|letter| !is_separator(letter));
    } else {
        typed.truncate(typed.trim_end().len());
        let before = typed.len() - typed.trim_start().len();
        typed.drain(..before);
    }
    Secret::from(typed)
}

/// The digits of a typed code that consists of nothing but digits and separators.
pub(crate) fn typed_digits(code: &Secret) -> Option<Secret> {
    let typed = typed_code(code);
    let has_digits_only = typed.expose().bytes().all(|byte| byte.is_ascii_digit());
    (has_digits_only && !typed.is_empty()).then_some(typed)
}

/// Whether a character is not seen: category `Cf`, and what is ignored by default.
pub(crate) fn is_invisible(letter: char) -> bool {
    category(letter) == GeneralCategory::Format
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

/// The ASCII digit of a decimal digit of any script.
///
/// Unicode encodes the decimal digits of a script in one ascending run from zero to nine, and runs
/// that touch each other are whole runs; so the distance from the first digit of the run gives the
/// value.
fn ascii_digit(letter: char) -> Option<char> {
    if letter.is_ascii() || category(letter) != GeneralCategory::DecimalNumber {
        return None;
    }
    let before = (0..u32::from(letter)).rev();
    let digits = before.map_while(char::from_u32);
    let digits = digits.take_while(|other| category(*other) == GeneralCategory::DecimalNumber);
    char::from_digit((digits.count() % 10) as u32, 10)
}

fn category(letter: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_separator, normalized, typed_code, typed_digits};
    use crate::secret::Secret;

    fn typed(code: &str) -> String {
        typed_code(&Secret::from(code)).expose().to_owned()
    }

    #[test]
    fn digits_of_every_script_become_ascii() {
        let scripts = [
            "0123456789",
            "０１２３４５６７８９",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "๐๑๒๓๔๕๖๗๘๙",
            "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
            "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
            "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙",
        ];
        for script in scripts {
            assert_eq!(typed(script), "0123456789", "{script}");
        }
    }

    #[test]
    fn spaces_dashes_and_invisible_characters_are_dropped() {
        let written = [
            "012 345",
            "\t012\u{a0}345\r\n",
            "012\u{3000}345",
            "012-345",
            "0-1-2-3-4-5",
            "012\u{2010}345",
            "012\u{2011}345",
            "012\u{2013}345",
            "012\u{2014}345",
            "012\u{2212}345",
            "\u{feff}012345",
            "012\u{ad}345",
            "012\u{200b}345",
            "012\u{200d}345",
            "012\u{2060}345",
            "\u{200f}\u{202a}012345\u{202c}",
            "\u{2066}012345\u{2069}",
        ];
        for code in written {
            assert_eq!(typed(code), "012345", "{code:?}");
        }
    }

    #[test]
    fn letters_keep_their_case_and_other_signs_stay() {
        assert_eq!(typed("ａＢ９"), "aB9");
        assert_eq!(typed("12.34"), "12.34");
        assert_eq!(typed("ж1"), "ж1");
    }

    #[test]
    fn a_code_with_letters_keeps_its_inner_separators() {
        assert_eq!(typed("aB-9"), "aB-9");
        assert_eq!(typed("ABCD-1234"), "ABCD-1234");
        assert_eq!(typed("AB CD"), "AB CD");
        assert_eq!(typed(" \tABCD-1234\u{a0}\n"), "ABCD-1234");
        let uuid = "7b0e5f3a-1111-4222-8333-944455566677";
        assert_eq!(typed(uuid), uuid);
    }

    #[test]
    fn digits_are_told_from_other_codes() {
        let digits =
            |code: &str| typed_digits(&Secret::from(code)).map(|it| it.expose().to_owned());
        assert_eq!(digits("٠42-0 "), Some("0420".to_owned()));
        for other in ["", "-", " ", "ABCD-1234", "12.34", "1e5"] {
            assert_eq!(digits(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn a_normalized_code_stays_as_it_is(text in any::<String>()) {
            let once = typed(&text);
            // Other text can be composed further after something between was dropped.
            if once.is_ascii() {
                prop_assert_eq!(typed(&once), once);
            }
        }

        #[test]
        fn a_digit_is_never_lost_or_changed(code in "[0-9A-Za-z]{1,64}") {
            prop_assert_eq!(typed(&code), code);
        }

        #[test]
        fn no_separator_is_left_between_digits(text in "[0-9٠-٩ \u{2010}-\u{2015}\u{a0}-]{0,40}") {
            prop_assert!(!typed(&text).contains(is_separator));
        }

        #[test]
        fn no_mark_is_left(text in any::<String>()) {
            let has_mark = normalized(&text).any(|letter| letter == '\u{feff}');
            prop_assert!(!has_mark);
        }
    }
}

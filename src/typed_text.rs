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

/// A code that a person typed, as it is sent: normalized, without separators. Leading zeros stay.
pub(crate) fn typed_code(code: &Secret) -> Secret {
    let code = code.expose();
    // Sized at once, so that no smaller buffer with a part of the code is left in memory.
    let mut typed = String::with_capacity(code.len());
    typed.extend(normalized(code).filter(|letter| !is_separator(*letter)));
    Secret::from(typed)
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

    use super::{is_separator, normalized, typed_code};
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
        assert_eq!(typed("aB-9"), "aB9");
        assert_eq!(typed("ａＢ９"), "aB9");
        assert_eq!(typed("12.34"), "12.34");
        assert_eq!(typed("ж1"), "ж1");
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
        fn no_separator_is_left(text in any::<String>()) {
            prop_assert!(!typed(&text).contains(is_separator));
            let has_mark = normalized(&text).any(|letter| letter == '\u{feff}');
            prop_assert!(!has_mark);
        }
    }
}

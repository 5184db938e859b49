//! Phone numbers in E.164.

mod calling_codes;
mod country_code;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

pub use self::country_code::CountryCode;
use crate::error::Error;
use crate::typed_text::{is_separator, normalized};

/// How many digits a number has, with its country calling code: the longest by E.164, the shortest
/// that is in use.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// How many digits a national number has in the plans of `+1` and `+7`.
const CLOSED_PLAN_DIGITS: usize = 10;

/// A phone number in E.164: a country calling code and a national number, 7 to 15 digits in all.
///
/// It is read as people write numbers: with spaces, dashes, dots, slashes and brackets, and with the
/// digits of any script. All spellings of a number are equal.
///
/// A zero that is only dialled within a country is dropped (`+43 0660 …`, `+44 (0)20 …`); where a
/// leading zero is part of the number it is kept (Italy: `+39 06 …`). Numbers of `+1` and `+7` have
/// ten digits; before them, the 1 of North America and the 8 of Russia and Kazakhstan are dropped.
/// Other prefixes that are dialled within a country (Hungary's 06) are not known. Two leading zeros are the prefix of an
/// international call, and invalid after a country calling code. Whether a number is assigned, and
/// reaches a phone, is not checked either.
///
/// It serialises as the E.164 string. `Debug` shows no digit, and there is no `Display`: a phone
/// number is personal data.
///
/// ```
/// use vestibule::{CountryCode, Phone};
///
/// # fn main() -> Result<(), vestibule::Error> {
/// let phone = Phone::parse("+91 90000 00001")?;
/// assert_eq!(phone.to_e164(), "+919000000001");
/// assert_eq!(phone.country_code().to_string(), "+91");
/// assert_eq!(phone.national_number(), "9000000001");
///
/// // The same, from a form with two fields:
/// let india: CountryCode = "+91".parse()?;
/// assert_eq!(Phone::new(india, "90000-00001")?, phone);
/// assert_eq!(format!("{phone:?}"), "Phone([redacted])");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone {
    /// A plus, the calling code, the national number.
    e164: String,
    country_code: CountryCode,
}

impl Phone {
    /// A number from its country calling code and the number in that country, with or without the
    /// zero that is dialled there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone` for anything but
    /// digits and separators, a plus, two leading zeros, and a number that is too short or too long.
    pub fn new(country_code: CountryCode, national_number: &str) -> Result<Self, Error> {
        let digits = digits(normalized(national_number)).ok_or_else(|| {
            let right = "must be the digits of the number, without the country calling code";
            Error::invalid("phone", right)
        })?;
        Self::of(country_code, &digits)
    }

    /// A number with its country calling code, after a `+` or `00`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone` for a number
    /// without `+` or `00`, an unassigned country calling code, anything but digits and separators,
    /// and a number that is too short or too long.
    pub fn parse(number: &str) -> Result<Self, Error> {
        let invalid = || {
            let right = "must be a number with its country calling code, such as `+43 660 1234567`";
            Error::invalid("phone", right)
        };
        let mut letters = normalized(number).peekable();
        while letters.next_if(|letter| is_grouping(*letter)).is_some() {}
        let has_plus = letters.next_if_eq(&'+').is_some();
        let digits = digits(letters).ok_or_else(invalid)?;
        let international = if has_plus {
            digits.as_str()
        } else {
            digits.strip_prefix("00").ok_or_else(invalid)?
        };
        let (country_code, national) = CountryCode::split(international).ok_or_else(|| {
            let right = "must start with an assigned country calling code, such as `+43`";
            Error::invalid("phone", right)
        })?;
        Self::of(country_code, national)
    }

    fn of(country_code: CountryCode, national: &str) -> Result<Self, Error> {
        // In every plan: the number was typed with its country calling code once more.
        if national.starts_with("00") {
            let right = "must not start with two zeros after the country calling code";
            return Err(Error::invalid("phone", right));
        }
        let national = match national.strip_prefix('0') {
            Some(rest) if country_code.zero_is_a_prefix() => rest,
            _ => national,
        };
        let national = match country_code.number() {
            1 => north_american(national)?,
            7 => russian_or_kazakh(national)?,
            _ => national,
        };
        let e164 = format!("{country_code}{national}");
        if !DIGITS.contains(&(e164.len() - 1)) {
            let right = "must have 7 to 15 digits with the country calling code";
            return Err(Error::invalid("phone", right));
        }
        Ok(Self { e164, country_code })
    }

    /// The country calling code.
    pub fn country_code(&self) -> CountryCode {
        self.country_code
    }

    /// The digits after the country calling code: the "national (significant) number" of E.164.
    pub fn national_number(&self) -> &str {
        self.e164
            .get(self.country_code.to_string().len()..)
            .unwrap_or_default()
    }

    /// The number as `+` and digits, such as `+919000000001`. Not for logs.
    pub fn to_e164(&self) -> String {
        self.e164.clone()
    }

    pub(crate) fn e164(&self) -> &str {
        &self.e164
    }
}

impl From<&Phone> for Phone {
    fn from(phone: &Phone) -> Self {
        phone.clone()
    }
}

impl FromStr for Phone {
    type Err = Error;

    /// As [`Phone::parse`].
    fn from_str(number: &str) -> Result<Self, Error> {
        Self::parse(number)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone([redacted])")
    }
}

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.e164)
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of the format shows what it found instead of a string: perhaps the number.
        let number = String::deserialize(deserializer)
            .map_err(|_| de::Error::custom("a phone number must be a string"))?;
        Self::parse(&number).map_err(de::Error::custom)
    }
}

/// A number of the closed plan of `+1`, without the 1 that is dialled before it. No area code starts
/// with 0 or 1.
fn north_american(national: &str) -> Result<&str, Error> {
    let number = without_trunk_prefix(national, '1');
    if number.len() == CLOSED_PLAN_DIGITS && !number.starts_with(['0', '1']) {
        return Ok(number);
    }
    let right = "must have ten digits after `+1`, and start with 2 to 9";
    Err(Error::invalid("phone", right))
}

/// A number of the closed plan of `+7`, without the 8 that is dialled before it.
fn russian_or_kazakh(national: &str) -> Result<&str, Error> {
    let number = without_trunk_prefix(national, '8');
    if number.len() == CLOSED_PLAN_DIGITS {
        return Ok(number);
    }
    Err(Error::invalid("phone", "must have ten digits after `+7`"))
}

/// The number of a closed plan: the prefix is one only before all ten digits.
fn without_trunk_prefix(national: &str, prefix: char) -> &str {
    let rest = national.strip_prefix(prefix);
    rest.filter(|rest| rest.len() == CLOSED_PLAN_DIGITS)
        .unwrap_or(national)
}

/// Whether a character only groups the digits of a number.
fn is_grouping(letter: char) -> bool {
    is_separator(letter) || matches!(letter, '.' | '/' | '(' | ')' | '[' | ']')
}

/// The digits of a normalized number; `None` if it contains anything but digits and separators.
fn digits(number: impl Iterator<Item = char>) -> Option<String> {
    number
        .filter(|letter| !is_grouping(*letter))
        .map(|letter| letter.is_ascii_digit().then_some(letter))
        .collect()
}

#[cfg(test)]
mod tests;

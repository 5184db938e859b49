//! Country calling codes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::calling_codes::{ASSIGNED, ZERO_IS_A_PREFIX};
use crate::error::Error;
use crate::typed_text::{is_separator, normalized};

/// An assigned country calling code of ITU-T E.164, such as `+91`: of a country, of several
/// countries, or of an international service.
///
/// It is read from `+91`, `91` and `0091`; it displays, and serialises, as `+91`.
///
/// ```
/// # fn main() -> Result<(), vestibule::Error> {
/// let austria: vestibule::CountryCode = "0043".parse()?;
/// assert_eq!(austria.to_string(), "+43");
/// assert_eq!(austria.number(), 43);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode(u16);

impl CountryCode {
    /// The code as a number, without plus.
    pub fn number(self) -> u16 {
        self.0
    }

    /// Splits the digits of an international number into the code and the rest.
    pub(super) fn split(digits: &str) -> Option<(Self, &str)> {
        (1..=3).find_map(|length| {
            let (code, rest) = digits.split_at_checked(length)?;
            Some((Self::assigned(code)?, rest))
        })
    }

    /// Whether a zero before a number of this code is dialled only within the country.
    pub(super) fn zero_is_a_prefix(self) -> bool {
        ZERO_IS_A_PREFIX.binary_search(&self.0).is_ok()
    }

    fn assigned(digits: &str) -> Option<Self> {
        // `parse` would accept a plus.
        let well_formed = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        let code = digits.parse().ok().filter(|_| well_formed)?;
        ASSIGNED.binary_search(&code).is_ok().then_some(Self(code))
    }
}

impl FromStr for CountryCode {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `country_code` for anything
    /// but an assigned code.
    fn from_str(code: &str) -> Result<Self, Error> {
        let code: String = normalized(code).filter(|c| !is_separator(*c)).collect();
        let digits = code.strip_prefix('+').or_else(|| code.strip_prefix("00"));
        Self::assigned(digits.unwrap_or(&code)).ok_or_else(|| {
            let right = "must be an assigned country calling code, such as `+43`";
            Error::invalid("country_code", right)
        })
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl Serialize for CountryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of the format shows what it found instead of a string: perhaps a number.
        let code = String::deserialize(deserializer)
            .map_err(|_| de::Error::custom("a country calling code must be a string"))?;
        code.parse().map_err(de::Error::custom)
    }
}

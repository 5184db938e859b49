//! The check of mobile numbers.

use crate::error::{Error, System};
use crate::phone::Phone;

/// The rule for Hong Kong mobile numbers, which the server accepts only as `+852` and eight digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MobileRule {
    /// The first of the eight digits is 4 to 9: the rule of servers since 2019.
    #[default]
    Current,
    /// The first of the eight digits is 5, 6 or 9: the documented, older rule.
    Documented,
}

impl MobileRule {
    pub(super) fn check(self, phone: &Phone) -> Result<(), Error> {
        let local = phone.e164().strip_prefix("+852").unwrap_or_default();
        let (first, right): (&[char], _) = match self {
            Self::Current => (
                &['4', '5', '6', '7', '8', '9'],
                "must be `+852`, a digit from 4 to 9 and 7 further digits, such as `+85251234567`",
            ),
            Self::Documented => (
                &['5', '6', '9'],
                "must be `+852`, one of 5, 6 and 9 and 7 further digits, such as `+85251234567`",
            ),
        };
        if local.len() == 8 && local.starts_with(|digit| first.contains(&digit)) {
            return Ok(());
        }
        Err(Error::invalid("phone", right).of(System::GoodCity))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::MobileRule::{Current, Documented};
    use crate::phone::Phone;

    #[test]
    fn the_two_rules_differ_in_the_first_digit_only() {
        // A zero before a number of Hong Kong is a digit: the plan has no trunk prefix.
        for first in 0..=9 {
            let phone = Phone::parse(&format!("+852{first}1234567")).unwrap();
            assert_eq!(Current.check(&phone).is_ok(), first >= 4, "{first}");
            let documented = [5, 6, 9].contains(&first);
            assert_eq!(Documented.check(&phone).is_ok(), documented, "{first}");
        }
    }

    #[test]
    fn all_spellings_of_a_number_are_valid() {
        for spelling in [
            "+852 5123 4567",
            " +85251234567",
            "+85251234567\n",
            "+852５1234567",
            "0085251234567",
        ] {
            let phone = Phone::parse(spelling).unwrap();
            assert!(
                Current.check(&phone).is_ok() && Documented.check(&phone).is_ok(),
                "{spelling:?}"
            );
        }
    }

    #[test]
    fn other_numbers_are_invalid() {
        for number in [
            "+8525123456",
            "+852512345678",
            "+12125550199",
            "+43660000001",
        ] {
            let phone = Phone::parse(number).unwrap();
            for rule in [Current, Documented] {
                let field = rule
                    .check(&phone)
                    .err()
                    .and_then(|error| error.field().map(str::to_owned));
                assert_eq!(field.as_deref(), Some("phone"), "{number:?}");
            }
        }
    }
}

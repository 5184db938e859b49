//! The check of mobile numbers.

use crate::error::{Error, System};

/// The rule for Hong Kong mobile numbers, which the server accepts only as `+852` and eight digits,
/// without spaces.
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
    pub(super) fn check(self, mobile: &str) -> Result<(), Error> {
        let local = mobile.strip_prefix("+852").unwrap_or_default();
        let (first, right): (&[u8], _) = match self {
            Self::Current => (
                b"456789",
                "must be `+852`, a digit from 4 to 9 and 7 further digits, such as `+85251234567`",
            ),
            Self::Documented => (
                b"569",
                "must be `+852`, one of 5, 6 and 9 and 7 further digits, such as `+85251234567`",
            ),
        };
        let well_formed = local.len() == 8
            && local.bytes().all(|byte| byte.is_ascii_digit())
            && first.contains(&local.as_bytes()[0]);
        if well_formed {
            return Ok(());
        }
        Err(Error::invalid("mobile", right).of(System::GoodCity))
    }
}

#[cfg(test)]
mod tests {
    use super::MobileRule::{Current, Documented};

    #[test]
    fn the_two_rules_differ_in_the_first_digit_only() {
        for first in 0..=9 {
            let mobile = format!("+852{first}1234567");
            assert_eq!(Current.check(&mobile).is_ok(), first >= 4, "{mobile}");
            let documented = [5, 6, 9].contains(&first);
            assert_eq!(Documented.check(&mobile).is_ok(), documented, "{mobile}");
        }
    }

    #[test]
    fn malformed_numbers_are_invalid() {
        let wrong = [
            "",
            "+852",
            "51234567",
            "85251234567",
            "+8525123456",
            "+852512345678",
            "+852 5123 4567",
            " +85251234567",
            "+85251234567\n",
            "+852５1234567",
            "+11112345678",
        ];
        for mobile in wrong {
            for rule in [Current, Documented] {
                let field = rule
                    .check(mobile)
                    .err()
                    .and_then(|error| error.field().map(str::to_owned));
                assert_eq!(field.as_deref(), Some("mobile"), "{mobile:?}");
            }
        }
    }
}

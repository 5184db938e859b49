//! E-mail addresses.

use std::fmt;
use std::str::FromStr;

use email_address::{EmailAddress, Options};
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Host;

use self::sealed::{InvalidEmail, Sealed};
use crate::error::{Error, System};
use crate::typed_text::is_invisible;

/// The greatest length of an address in bytes (RFC 5321, 4.5.3.1.3).
const MAX_LENGTH: usize = 254;

/// An e-mail address, such as `ada@example.org`.
///
/// It is validated by RFC 5322 and RFC 6531, so that plus tags and international addresses
/// (`用户@例え.jp`) are valid. An address with a display name, a host in brackets (`ada@[::1]`), white
/// space, control characters or invisible characters is invalid, and so is one of more than 254
/// bytes. The joiners U+200C and U+200D, which some scripts are spelled with, are valid. The text is
/// kept unchanged. Whether it has a mailbox is not checked.
///
/// It serialises as the address. `Debug` does not show it, and there is no `Display`: an address is
/// personal data.
///
/// ```
/// # fn main() -> Result<(), vestibule::Error> {
/// let email = vestibule::Email::parse("ada+news@example.org")?;
/// assert_eq!(email.as_str(), "ada+news@example.org");
/// assert_eq!(format!("{email:?}"), "Email([redacted])");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// What the flows take as an e-mail address: a `&str`, a `String`, or an [`Email`]. Text is
/// validated before anything is sent; what is invalid fails with
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`.
pub trait IntoEmail: Sealed {}

/// What a setter was given: checked when the request is sent.
pub(crate) type GivenEmail = Result<Email, InvalidEmail>;

pub(crate) mod sealed {
    use super::Email;

    /// The text is not an e-mail address.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct InvalidEmail;

    pub trait Sealed {
        fn into_email(self) -> Result<Email, InvalidEmail>;
    }
}

impl Email {
    /// Validates an address.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `email`.
    pub fn parse(address: &str) -> Result<Self, Error> {
        Ok(address.into_email()?)
    }

    /// The address as it was given. Not for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The validated address of a flow of `system`.
    pub(crate) fn of(system: System, address: impl IntoEmail) -> Result<Self, Error> {
        let address = address.into_email();
        address.map_err(|invalid| Error::from(invalid).of(system))
    }

    /// One text for all spellings of a mailbox: servers ignore case, a letter with a mark may be one
    /// character or two, and a domain has a form in ASCII. Only the lower case of some letters is one
    /// character.
    pub(crate) fn destination(&self) -> String {
        let nfc = ComposingNormalizerBorrowed::new_nfc();
        let lowercase = nfc.normalize(&self.0).to_lowercase();
        let lowercase = nfc.normalize(&lowercase);
        let ascii = lowercase.rsplit_once('@').and_then(|(name, domain)| {
            let domain = Host::parse(domain).ok()?;
            Some(format!("{name}@{domain}"))
        });
        ascii.unwrap_or_else(|| lowercase.into_owned())
    }
}

impl From<InvalidEmail> for Error {
    fn from(_: InvalidEmail) -> Self {
        let right = "must be an e-mail address such as `ada@example.org`";
        Self::invalid("email", right)
    }
}

impl IntoEmail for &str {}
impl Sealed for &str {
    fn into_email(self) -> Result<Email, InvalidEmail> {
        self.to_owned().into_email()
    }
}

impl IntoEmail for String {}
impl Sealed for String {
    fn into_email(self) -> Result<Email, InvalidEmail> {
        let options = Options::default()
            .without_display_text()
            .without_domain_literal();
        // RFC 5322 allows anything within quotes, and many quoted spellings of one mailbox.
        let is_plain = |letter: char| {
            letter != '"'
                && !letter.is_whitespace()
                && !letter.is_control()
                && (!is_invisible(letter) || is_joiner(letter))
        };
        let is_valid = self.len() <= MAX_LENGTH
            && self.chars().all(is_plain)
            && EmailAddress::parse_with_options(&self, options).is_ok();
        if is_valid {
            Ok(Email(self))
        } else {
            Err(InvalidEmail)
        }
    }
}

/// Whether a character is one of the two that Persian and Indic scripts are spelled with.
fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

impl IntoEmail for &String {}
impl Sealed for &String {
    fn into_email(self) -> Result<Email, InvalidEmail> {
        self.clone().into_email()
    }
}

impl IntoEmail for Email {}
impl Sealed for Email {
    fn into_email(self) -> Result<Email, InvalidEmail> {
        Ok(self)
    }
}

impl IntoEmail for &Email {}
impl Sealed for &Email {
    fn into_email(self) -> Result<Email, InvalidEmail> {
        Ok(self.clone())
    }
}

impl IntoEmail for GivenEmail {}
impl Sealed for GivenEmail {
    fn into_email(self) -> Self {
        self
    }
}

impl FromStr for Email {
    type Err = Error;

    /// As [`Email::parse`].
    fn from_str(address: &str) -> Result<Self, Error> {
        Self::parse(address)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The error of the format shows what it found instead of a string.
        let address = String::deserialize(deserializer)
            .map_err(|_| de::Error::custom("an e-mail address must be a string"))?;
        let address = address.into_email();
        address.map_err(|invalid| de::Error::custom(Error::from(invalid)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::Email;

    #[test]
    fn valid_addresses_are_kept_unchanged() {
        let valid = [
            "ada@example.org",
            "Ada.Lovelace+news@mail.example.org",
            "o'brien@example.ie",
            "a/b@example.org",
            "user@localhost",
            "用户@例え.jp",
            "ada@xn--r8jz45g.jp",
            "josé@example.es",
            "डाटा@डाटामेल.भारत",
            "संपर्क@डाटामेल.भारत",
            "δοκιμή@παράδειγμα.δοκιμή",
            "jose\u{301}@example.es",
            "نامه\u{200c}ای@example.ir",
            "ශ\u{dca}\u{200d}රී@example.lk",
        ];
        for address in valid {
            let email = Email::parse(address).expect(address);
            assert_eq!(email.as_str(), address);
        }
    }

    #[test]
    fn other_text_is_invalid() {
        let long = format!("{}@{}.example.org", "a".repeat(60), "b.".repeat(100));
        let wrong = [
            "",
            "@",
            ".",
            "..",
            "ada",
            "ada@",
            "@example.org",
            "ada@@example.org",
            "../..",
            "ada@example.org ",
            " ada@example.org",
            "ada @example.org",
            "ada@example.org\n",
            "ada@exa\0mple.org",
            "Ada <ada@example.org>",
            " <ada@example.org>",
            "<ada@example.org>",
            "ada@[127.0.0.1]",
            "ada@example..org",
            "ada@.example.org",
            "ada@-example.org",
            "ada..l@example.org",
            ".ada@example.org",
            "ada@example.org,bob@example.org",
            "\"a b\"@x.org",
            "\"ada\"@example.org",
            "\"\\ada\"@example.org",
            "\u{feff}ada@example.org",
            "ada\u{200b}@example.org",
            "a\u{ad}da@example.org",
            "ada\u{2060}@example.org",
            "ada@exam\u{200b}ple.org",
            "ada@example.org\u{200e}",
            "\u{202e}ada@example.org",
            "\u{2066}ada@example.org\u{2069}",
            "ada\u{fe0f}@example.org",
            "ada\u{3164}@example.org",
            "ada\u{e0041}@example.org",
            &long,
        ];
        for address in wrong {
            let error = Email::parse(address).expect_err(address);
            assert_eq!(error.field(), Some("email"), "{address:?}");
            assert!(!error.to_string().contains("bob"));
        }
    }

    #[test]
    fn all_spellings_of_a_mailbox_are_one_destination() {
        let spellings = [
            ("Ada@Example.ORG", "ada@example.org"),
            ("jose\u{301}@example.es", "jos\u{e9}@example.es"),
            ("JOSE\u{301}@example.es", "jos\u{e9}@example.es"),
            ("JOS\u{c9}@example.es", "jos\u{e9}@example.es"),
            // There is no capital of this letter in one character.
            ("J\u{30c}@example.org", "\u{1f0}@example.org"),
            ("\u{1f0}@example.org", "\u{1f0}@example.org"),
            ("ada@例え.jp", "ada@xn--r8jz45g.jp"),
            ("Ada@XN--R8JZ45G.jp", "ada@xn--r8jz45g.jp"),
            ("ada@localhost", "ada@localhost"),
        ];
        for (spelling, destination) in spellings {
            let email = Email::parse(spelling).expect(spelling);
            assert_eq!(email.destination(), destination, "{spelling:?}");
            assert_eq!(email.as_str(), spelling);
        }
    }

    #[test]
    fn debug_and_errors_of_json_show_no_address() {
        let email = Email::parse("ada@example.org").unwrap();
        assert!(!format!("{email:?}").contains("ada"));
        let json = serde_json::to_value(&email).unwrap();
        assert_eq!(json, "ada@example.org");
        assert_eq!(serde_json::from_value::<Email>(json).unwrap(), email);
        let error = serde_json::from_str::<Email>("\"ada at home\"").unwrap_err();
        assert!(error.to_string().contains("`email`") && !error.to_string().contains("home"));
        let error = serde_json::from_str::<Email>("4366012").unwrap_err();
        assert!(
            error.to_string().contains("must be a string") && !error.to_string().contains("660")
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Email::parse(&text);
        }

        #[test]
        fn an_address_survives_json(name in "[a-z0-9+_-]{1,20}", host in "[a-z0-9]{1,20}\\.(org|jp)") {
            let email = Email::parse(&format!("{name}@{host}")).unwrap();
            let json = serde_json::to_string(&email).unwrap();
            prop_assert_eq!(serde_json::from_str::<Email>(&json).unwrap(), email);
        }
    }
}

//! The destination of a code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phone or a mailbox. `Debug` shows the channel only.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A phone, in two parts, because some systems need them separately.
    Phone {
        /// The country calling code, digits only.
        country_code: String,
        /// The number without the country calling code.
        number: String,
    },
    /// An e-mail address.
    Email(String),
}

/// The channel by which a code is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// SMS to a phone.
    Phone,
    /// E-mail.
    Email,
}

impl Destination {
    /// A phone: the country calling code (`43` or `+43`) and the number without it. It is validated
    /// when a code is sent.
    pub fn phone(country_code: impl Into<String>, number: impl Into<String>) -> Self {
        let country_code = country_code.into();
        Self::Phone {
            number: number.into(),
            country_code: match country_code.strip_prefix('+') {
                Some(digits) => digits.to_owned(),
                None => country_code,
            },
        }
    }

    /// A mailbox.
    pub fn email(address: impl Into<String>) -> Self {
        Self::Email(address.into())
    }

    /// The channel by which a code is sent there.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Phone { .. } => Channel::Phone,
            Self::Email(_) => Channel::Email,
        }
    }

    /// The destination as one string: E.164 (`+43660000001`) or the address. Not for logs.
    pub fn to_text(&self) -> String {
        match self {
            Self::Phone {
                country_code,
                number,
            } => format!("+{country_code}{number}"),
            Self::Email(address) => address.clone(),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Destination::{:?}", self.channel())
    }
}

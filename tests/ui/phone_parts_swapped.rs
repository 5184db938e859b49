//! A country calling code is no text, so that it cannot be swapped with the number.

use vestibule::{CountryCode, Error, Phone};

fn swapped(country_code: CountryCode) -> Result<Phone, Error> {
    Phone::new("90000 00001", country_code)
}

fn main() {}

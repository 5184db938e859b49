#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::calling_codes::{ASSIGNED, ZERO_IS_A_PREFIX};
use super::{CountryCode, Phone};

fn e164(number: &str) -> Option<String> {
    Phone::parse(number).ok().map(|phone| phone.to_e164())
}

fn field(error: &crate::Error) -> Option<&str> {
    error.field()
}

#[test]
fn no_calling_code_is_the_start_of_another() {
    assert!(ASSIGNED.is_sorted() && ZERO_IS_A_PREFIX.is_sorted());
    for code in ASSIGNED {
        let code = code.to_string();
        for length in 1..code.len() {
            let start: u16 = code[..length].parse().unwrap();
            assert!(!ASSIGNED.contains(&start), "{start} is the start of {code}");
        }
    }
    assert!(ZERO_IS_A_PREFIX.iter().all(|code| ASSIGNED.contains(code)));
}

#[test]
fn the_calling_code_is_split_off() {
    let numbers = [
        ("+919000000001", "+91", "9000000001"),
        ("+12025550123", "+1", "2025550123"),
        ("+74951234567", "+7", "4951234567"),
        ("+85261234567", "+852", "61234567"),
        ("+37126000000", "+371", "26000000"),
        ("+6834000", "+683", "4000"),
    ];
    for (number, code, national) in numbers {
        let phone = Phone::parse(number).unwrap();
        assert_eq!(phone.country_code().to_string(), code);
        assert_eq!(phone.national_number(), national);
        assert_eq!(phone.to_e164(), number);
    }
}

#[test]
fn all_spellings_of_a_number_are_equal() {
    let spellings = [
        "+43 660 1234567",
        "0043 660 1234567",
        "00 43 660 1234567",
        "＋４３ ６６０ １２３４５６７",
        "+٤٣ ٦٦٠ ١٢٣٤٥٦٧",
        "+43-660-1234567",
        "+43\u{2011}660\u{2013}1234567",
        "+43.660.1234567",
        "+43 (660) 1234567",
        "(+43) 660/1234567",
        "+43 [660] 1234567",
        "+43 0660 1234567",
        "+43 (0) 660 1234567",
        "\u{202a}+436601234567\u{202c}",
        "\u{feff} +43\u{a0}660\u{200b}1234567\n",
    ];
    for number in spellings {
        assert_eq!(e164(number).as_deref(), Some("+436601234567"), "{number:?}");
    }
    let austria: CountryCode = "43".parse().unwrap();
    for national in [
        "6601234567",
        "0660 1234567",
        "(0660) 12-34-567",
        "６６０1234567",
    ] {
        let phone = Phone::new(austria, national).unwrap();
        assert_eq!(phone.to_e164(), "+436601234567", "{national:?}");
    }
}

#[test]
fn a_zero_is_kept_where_it_is_part_of_the_number() {
    let kept = [
        "+390669812345",
        "+3780549886377",
        "+2250123456789",
        "+2290195123456",
        "+242061234567",
        "+4702000",
    ];
    for number in kept {
        assert_eq!(e164(number).as_deref(), Some(number));
    }
    assert_eq!(e164("+44 020 7946 0000").as_deref(), Some("+442079460000"));
    assert_eq!(e164("+91 09000000001").as_deref(), Some("+919000000001"));
}

#[test]
fn other_text_is_invalid_and_says_what_would_be_right() {
    let wrong = [
        "",
        "+",
        "00",
        "+0",
        "660 1234567",
        "0660 1234567",
        "436601234567",
        "+43 660 123456x",
        "+43 660 1234567 ext. 2",
        "++436601234567",
        "+43+6601234567",
        "+436",
        "+43123",
        "+4366012345678901",
        "+2101234567",
        "+9991234567",
        "+0436601234567",
        "+43 00660 1234567",
        "tel:+436601234567",
    ];
    for number in wrong {
        let error = Phone::parse(number).unwrap_err();
        assert_eq!(field(&error), Some("phone"), "{number:?}");
        assert!(
            !number.contains("660") || !error.to_string().contains("66012"),
            "{error}"
        );
    }
    let austria: CountryCode = "+43".parse().unwrap();
    for national in ["", "+436601234567", "abc", "1", "660123456789012"] {
        let error = Phone::new(austria, national).unwrap_err();
        assert_eq!(field(&error), Some("phone"), "{national:?}");
    }
}

#[test]
fn a_national_number_has_no_international_prefix() {
    let twice = [
        ("1", "001 202 555 0123"),
        ("34", "0034 612 345 678"),
        ("39", "0039 06 6981 2345"),
        ("43", "0043 660 1234567"),
        ("45", "0045 32 12 34 56"),
        ("225", "00225 0123456789"),
    ];
    for (code, national) in twice {
        let code: CountryCode = code.parse().unwrap();
        let error = Phone::new(code, national).unwrap_err();
        assert_eq!(field(&error), Some("phone"), "{national:?}");
        assert!(error.to_string().contains("two zeros"), "{error}");
        assert_eq!(e164(&format!("{code} {national}")), None, "{national:?}");
    }
}

#[test]
fn numbers_of_closed_plans_have_ten_digits() {
    let spellings = [
        ("1", "202 555 0123", "+12025550123"),
        ("1", "1 202 555 0123", "+12025550123"),
        ("1", "1 (202) 555-0123", "+12025550123"),
        ("7", "495 123 45 67", "+74951234567"),
        ("7", "8 (495) 123-45-67", "+74951234567"),
        ("7", "800 555 35 35", "+78005553535"),
        ("7", "8 800 555 35 35", "+78005553535"),
    ];
    for (code, national, right) in spellings {
        let code: CountryCode = code.parse().unwrap();
        let phone = Phone::new(code, national).unwrap();
        assert_eq!(phone.to_e164(), right, "{national:?}");
        assert_eq!(e164(&format!("{code} {national}")).as_deref(), Some(right));
    }
    let wrong = [
        ("1", "555 0123"),
        ("1", "202 555 012"),
        ("1", "1 202 555 012"),
        ("1", "2 202 555 0123"),
        ("1", "102 555 0123"),
        ("1", "1 102 555 0123"),
        ("1", "002 555 0123"),
        ("1", "0202 555 0123"),
        ("1", "1 1 202 555 0123"),
        ("1", "555 0123 / 555 0124"),
        ("1", "202 555 0123 0124"),
        ("7", "495 123 45 6"),
        ("7", "495 123 45 67 8"),
        ("7", "7 495 123 45 67"),
        ("7", "123 45 67 / 123 45 68"),
    ];
    for (code, national) in wrong {
        let code: CountryCode = code.parse().unwrap();
        let error = Phone::new(code, national).unwrap_err();
        assert_eq!(field(&error), Some("phone"), "{national:?}");
        assert_eq!(e164(&format!("{code} {national}")), None, "{national:?}");
    }
}

#[test]
fn country_codes_are_read_with_plus_zeros_or_neither() {
    for code in ["+91", "91", "0091", "00 91", " +９１ ", "٩١"] {
        assert_eq!(
            code.parse::<CountryCode>().unwrap().number(),
            91,
            "{code:?}"
        );
    }
    for code in [
        "", "+", "0", "00", "091", "+0091", "++91", "999", "210", "9", "IN", "9100",
    ] {
        let error = code.parse::<CountryCode>().unwrap_err();
        assert_eq!(field(&error), Some("country_code"), "{code:?}");
    }
}

#[test]
fn debug_shows_no_digit() {
    let phone = Phone::parse("+436601234567").unwrap();
    assert!(!format!("{phone:?}").contains(|letter: char| letter.is_ascii_digit()));
}

#[test]
fn json_is_the_e164_string() {
    let phone = Phone::parse("+43 660 1234567").unwrap();
    let json = serde_json::to_value(&phone).unwrap();
    assert_eq!(json, "+436601234567");
    assert_eq!(serde_json::from_value::<Phone>(json).unwrap(), phone);
    let error = serde_json::from_str::<Phone>("\"+43 1\"").unwrap_err();
    assert!(error.to_string().contains("7 to 15 digits"));
    let code: CountryCode = serde_json::from_str("\"91\"").unwrap();
    assert_eq!(serde_json::to_value(code).unwrap(), "+91");
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Phone::parse(&text);
        let _ = text.parse::<CountryCode>();
        let _ = Phone::new("39".parse().unwrap(), &text);
    }

    #[test]
    fn nearly_a_number_does_not_panic(text in "[+0]{0,3}[0-9٠-٩０-９() .\u{200b}-]{0,20}") {
        if let Ok(phone) = Phone::parse(&text) {
            prop_assert!(phone.to_e164().len() <= 16);
        }
    }

    #[test]
    fn a_number_survives_its_e164(code in prop::sample::select(&ASSIGNED), national in "[0-9]{6,12}") {
        let code: CountryCode = code.to_string().parse().unwrap();
        if let Ok(phone) = Phone::new(code, &national) {
            prop_assert_eq!(phone.country_code(), code);
            prop_assert!(national.ends_with(phone.national_number()));
            prop_assert_eq!(Phone::parse(phone.e164()).unwrap(), phone);
        }
    }
}

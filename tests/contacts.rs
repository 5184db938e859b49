//! Phone numbers, e-mail addresses and typed codes, as a back end uses them.
#![cfg(all(feature = "wunder", feature = "goodcity", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use vestibule::testing::{GoodCity, Wunder, WunderUser};
use vestibule::wunder::SignIn;
use vestibule::{Channel, Contact, CountryCode, Email, ErrorKind, Phone, goodcity, wunder};

const PHONE: &str = "+43660000001";
const EMAIL: &str = "ada@example.org";

fn client(mock: &Wunder) -> wunder::Client {
    let client = wunder::Client::builder(mock.base_url()).tenant("demo");
    client.signing_key(Wunder::SIGNING_KEY).build().unwrap()
}

#[test]
fn debug_shows_neither_number_nor_address() {
    let phone = Phone::parse(PHONE).unwrap();
    let email = Email::parse(EMAIL).unwrap();
    let contacts = [Contact::from(&phone), Contact::from(&email)];
    let shown = format!("{phone:?} {email:?} {contacts:?} {:?}", Some(&phone));
    assert!(!shown.contains("660") && !shown.contains("ada"), "{shown}");
    let channels = contacts.each_ref().map(Contact::channel);
    assert_eq!(channels, [Channel::Phone, Channel::Email]);
}

#[test]
fn contacts_survive_json() {
    for contact in [
        Contact::phone(PHONE).unwrap(),
        Contact::email(EMAIL).unwrap(),
    ] {
        let json = serde_json::to_string(&contact).unwrap();
        assert_eq!(serde_json::from_str::<Contact>(&json).unwrap(), contact);
    }
    assert!(serde_json::from_str::<Contact>(r#"{"phone":"+43"}"#).is_err());
    assert!(serde_json::from_str::<Contact>(r#"{"email":"ada"}"#).is_err());
}

/// The error of a document, read as text and as a value: some formats know what a value is only then.
fn errors_of<T: serde::de::DeserializeOwned>(json: &str) -> [String; 2] {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let errors = [
        serde_json::from_str::<T>(json).err(),
        serde_json::from_value::<T>(value).err(),
    ];
    errors.map(|error| error.expect(json).to_string())
}

#[test]
fn errors_of_json_show_no_number_or_address() {
    let mut errors = Vec::new();
    for json in [
        r#""bob@example.net""#,
        r#""+43677000001""#,
        "43677000001",
        "-43677000001",
        "4367700.5",
        r#"{"bob@example.net":"email"}"#,
        r#"{"+43677000001":1}"#,
        r#"{"phone":43677000001}"#,
        r#"{"email":43677000001}"#,
        r#"{"phone":"bob@example.net"}"#,
        r#"{"email":"+43677000001"}"#,
        r#"{"phone":"+43677000001","email":"bob@example.net"}"#,
        r#"["+43677000001"]"#,
    ] {
        errors.extend(errors_of::<Contact>(json));
    }
    for json in ["43677000001", "-43677000001", "4367700.5", r#"["+43677"]"#] {
        errors.extend(errors_of::<Phone>(json));
        errors.extend(errors_of::<Email>(json));
        errors.extend(errors_of::<CountryCode>(json));
    }
    errors.extend(errors_of::<Phone>(r#""bob@example.net""#));
    errors.extend(errors_of::<Email>(r#""+43677000001""#));
    for error in errors {
        assert!(!error.contains("677") && !error.contains("bob"), "{error}");
        assert!(error.contains("must be"), "{error}");
    }
}

#[test]
fn errors_name_the_field_and_not_the_value() {
    let errors = [
        (Phone::parse("+43 66x0").unwrap_err(), "phone", "66x0"),
        (Email::parse("ada at home").unwrap_err(), "email", "home"),
        (
            "+999".parse::<CountryCode>().unwrap_err(),
            "country_code",
            "999",
        ),
    ];
    for (error, field, value) in errors {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some(field));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(value), "{shown}");
    }
}

#[tokio::test]
async fn a_number_reaches_the_server_as_e164_however_it_was_typed() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    for typed in ["0043 (0) 660 000 001", "＋43 660-000.001", "+٤٣٦٦٠٠٠٠٠٠١"] {
        let phone: Phone = typed.parse().unwrap();
        let sign_in = client.sign_in_with_phone_code(&phone).branch_id("2");
        let pending = sign_in.send().await.unwrap();
        let code = mock.outbox().last_code(PHONE).unwrap();
        assert_eq!(pending.contact().to_text(), PHONE);
        let confirmed = pending.confirm(code).await.unwrap();
        assert!(matches!(confirmed, SignIn::SignedIn(_)));
    }
}

#[tokio::test]
async fn a_code_is_read_however_it_was_typed() {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567").unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let clock = mock.clock().clone();
    let client = goodcity::Client::builder(mock.base_url()).app_name("app");
    let client = client.clock(clock).build().unwrap();
    let phone = Phone::parse("+852 6123 4567").unwrap();
    for typed in [
        "0042",
        " 0 0 4 2 ",
        "00-42",
        "００４２",
        "٠٠٤٢",
        "\u{feff}00\u{ad}42\u{200e}",
    ] {
        mock.set_next_pin("0042");
        mock.clock().advance(std::time::Duration::from_secs(61));
        let pending = client.sign_in_with_pin(&phone).await.unwrap();
        let signed_in = pending.confirm(typed).await;
        assert!(signed_in.is_ok(), "{typed:?}");
    }
}

#[tokio::test]
async fn an_address_is_accepted_as_text_and_as_an_email() {
    let mock = Wunder::start().await;
    let client = client(&mock);
    for address in ["ada+news@example.org", "用户@例え.jp"] {
        mock.add_user(WunderUser::new().email(address).password("the password"));
        let email = Email::parse(address).unwrap();
        let by_text = client.sign_in_with_password(address, "the password").await;
        let by_email = client.sign_in_with_password(&email, "the password").await;
        assert!(by_text.is_ok() && by_email.is_ok(), "{address}");
        let _ = client.reset_password_by_code(email).await.unwrap();
    }
    let before = mock.journal().len();
    for path in [".", "..", "../..", ""] {
        let error = client.reset_password_by_code(path).await.unwrap_err();
        assert_eq!(error.field(), Some("email"), "{path:?}");
        let error = client.resend_email_verification(path).await.unwrap_err();
        assert_eq!(error.field(), Some("email"), "{path:?}");
    }
    assert_eq!(mock.journal().len(), before);
}

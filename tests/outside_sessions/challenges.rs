//! Codes that are counted, messages that are limited, and store keys that tell nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use vestibule::store::{IndexKey, IndexKeys, Sealed, Sealing, SealingKey, SessionStore, StoreKey};
use vestibule::testing::{Fynd, FyndUser, GoodCity, GoodCityUser, Wunder, WunderUser};
use vestibule::wunder::SignatureInput;
use vestibule::{Email, ErrorKind, Phone, Secret, Settings, fynd, goodcity, wunder};

use crate::step_store::StepStore;
use crate::wire::{Then, Wire};

const MOBILE: &str = "+85261234567";
const MAILBOX: &str = "ada@example.com";

fn goodcity_at(url: String, store: impl SessionStore) -> goodcity::ClientBuilder {
    goodcity::Client::builder(url).app_name("app").store(store)
}

async fn start_goodcity() -> GoodCity {
    let mock = GoodCity::start().await;
    let phone = Phone::parse(MOBILE).unwrap();
    mock.add_user(GoodCityUser::new(phone).first_name("Ada").last_name("Wong"));
    mock
}

fn on_fynd(mock: &Fynd) -> fynd::Client {
    fynd::Client::builder("64b000000000000000000001")
        .application_token("application-token")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .build()
        .unwrap()
}

/// How many of twelve pins are sent to a server whose response to each is this one.
async fn pins_sent(status: &'static str, headers: &'static str, body: &'static str) -> usize {
    let checked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&checked);
    let wire = Wire::scripted(move |request| {
        let (head, body) = if request.target.ends_with("/verify") {
            counter.fetch_add(1, Ordering::SeqCst);
            (format!("HTTP/1.1 {status}\r\n{headers}"), body)
        } else {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
            (head.to_owned(), r#"{"otp_auth_key":"key"}"#)
        };
        let response = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        (response.into_bytes(), Then::Continue)
    });
    let client = goodcity_at(wire.base_url.clone(), StepStore::default());
    let client = client.build().unwrap();
    let phone = Phone::parse(MOBILE).unwrap();
    let mut pending = client.sign_in_with_pin(&phone).await.unwrap();
    for _ in 0..12 {
        pending = pending.confirm("0000").await.unwrap_err().state;
    }
    checked.load(Ordering::SeqCst)
}

/// A gateway's page says nothing about what the server behind it did with a code, whatever the page
/// says about a retry: each code counts, and after five nothing is sent. The system's own words give
/// the try back.
#[tokio::test]
async fn a_gateway_gives_no_try_back() {
    const PAGE: &str = "<html><body>busy</body></html>";
    const OWN: &str = r#"{"error":"busy","type":"ServiceUnavailable","status":503}"#;
    for (status, headers) in [
        (
            "503 Service Unavailable",
            "content-type: text/html\r\nretry-after: 1\r\n",
        ),
        (
            "429 Too Many Requests",
            "content-type: text/html\r\nretry-after: 1\r\n",
        ),
        ("429 Too Many Requests", ""),
    ] {
        assert_eq!(
            pins_sent(status, headers, PAGE).await,
            5,
            "{status} {headers}"
        );
    }
    for (status, headers) in [
        (
            "503 Service Unavailable",
            "content-type: application/json\r\nretry-after: 1\r\n",
        ),
        (
            "429 Too Many Requests",
            "content-type: application/json\r\n",
        ),
    ] {
        assert_eq!(
            pins_sent(status, headers, OWN).await,
            12,
            "{status} {headers}"
        );
    }
}

/// A message to the mobile brings another code for the mobile, and none for the mailbox: the wrong codes
/// of the mailbox still count.
#[tokio::test]
async fn a_resend_to_one_contact_does_not_count_the_codes_of_the_other_again() {
    let mock = Fynd::start().await;
    let client = on_fynd(&mock);
    let form = client.sign_up("Asha").email("asha@example.com");
    let form = form.phone(Phone::parse("+919000000001").unwrap());
    let fynd::SignIn::CodesRequired(mut codes) = form.send().await.unwrap() else {
        panic!("both contacts are confirmed by codes");
    };
    let id = codes.id().clone();
    let code = |to: &str| mock.outbox().last_code(to).unwrap();
    let right = code("asha@example.com");
    let wrong = if right.starts_with('9') {
        "000000"
    } else {
        "999999"
    };
    for _ in 0..5 {
        let failed = codes.confirm_email(wrong).await.unwrap_err();
        assert_eq!(failed.error.kind(), ErrorKind::Rejected);
        codes = failed.state;
    }
    mock.clock().advance(Duration::from_secs(61));
    codes.resend_phone().await.unwrap();
    let sent = mock.count("verify_email_otp");
    let mut refused = codes.confirm_email(right.as_str()).await.unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::StepRequired);
    let fynd::Challenge::PendingCodes(resumed) = client.resume_challenge(&id).await.unwrap() else {
        panic!("codes remain");
    };
    let again = resumed.confirm_email(right.as_str()).await.unwrap_err();
    assert_eq!(again.error.kind(), ErrorKind::StepRequired);
    assert_eq!(
        mock.count("verify_email_otp"),
        sent,
        "a sixth code was sent"
    );
    // The code of the mobile has a counter of its own, and so has the next code of the mailbox.
    refused.state.resend_email().await.unwrap();
    let next = match refused
        .state
        .confirm_phone(code("+919000000001"))
        .await
        .unwrap()
    {
        fynd::SignIn::CodesRequired(codes) => codes,
        other => panic!("{other:?}: the e-mail is not confirmed"),
    };
    let signed_in = next.confirm_email(code("asha@example.com")).await.unwrap();
    assert!(signed_in.signed_in().is_some());
}

/// The store keys that a sign-in by `phone` writes, with the challenge's random one.
async fn keys_of(
    mock: &GoodCity,
    keys: Option<IndexKeys>,
    sealing: Option<Sealing>,
) -> BTreeSet<StoreKey> {
    let store = StepStore::default();
    let builder = match sealing {
        Some(sealing) => goodcity_at(mock.base_url(), Sealed::new(store.clone(), sealing)),
        None => goodcity_at(mock.base_url(), store.clone()),
    };
    let builder = match keys {
        Some(keys) => builder.index_keys(keys),
        None => builder,
    };
    let client = builder.clock(mock.clock().clone()).build().unwrap();
    let phone = Phone::parse(MOBILE).unwrap();
    let _pending = client.sign_in_with_pin(&phone).await.unwrap();
    store.keys()
}

/// Without a key, anybody can compute the store key of a phone number. With the sealing keys or an index
/// key, that takes the key.
#[tokio::test]
async fn a_store_key_does_not_tell_the_phone() {
    let mock = start_goodcity().await;
    let sealing = |byte| Some(Sealing::keys(SealingKey::new(1, [byte; 32]), []));
    let index = |byte| Some(IndexKeys::new(IndexKey::new([byte; 32]), []));
    let plain = keys_of(&mock, None, None).await;
    let same = keys_of(&mock, None, None).await;
    let guessable: BTreeSet<_> = plain.intersection(&same).collect();
    assert_eq!(guessable.len(), 1, "the destination has a plain digest");
    for (one, other, stranger) in [
        (
            keys_of(&mock, None, sealing(1)).await,
            keys_of(&mock, None, sealing(1)).await,
            keys_of(&mock, None, sealing(2)).await,
        ),
        (
            keys_of(&mock, index(1), None).await,
            keys_of(&mock, index(1), sealing(3)).await,
            keys_of(&mock, index(2), None).await,
        ),
    ] {
        assert_eq!(
            one.intersection(&other).count(),
            1,
            "instances find each other's record"
        );
        assert_eq!(one.intersection(&stranger).count(), 0);
        assert_eq!(one.intersection(&plain).count(), 0);
    }
    let debug = format!("{:?}", index(7));
    assert!(!debug.contains('7'), "{debug}");
}

/// While keys are rotated, instances write under different ones: the wait for the next message and the
/// wrong codes are those of all.
#[tokio::test]
async fn a_rotation_of_keys_keeps_timers_and_tries() {
    let mock = start_goodcity().await;
    let store = StepStore::default();
    let key = |id: u8| SealingKey::new(id.into(), [id; 32]);
    let client = |sealing| {
        let builder = goodcity_at(mock.base_url(), Sealed::new(store.clone(), sealing));
        builder.clock(mock.clock().clone()).build().unwrap()
    };
    let before = client(Sealing::keys(key(1), []));
    let prepared = client(Sealing::keys(key(1), [key(2)]));
    let rotated = client(Sealing::keys(key(2), [key(1)]));
    let phone = Phone::parse(MOBILE).unwrap();
    let pin = || mock.outbox().last_code(MOBILE).unwrap();

    let pending = before.sign_in_with_pin(&phone).await.unwrap();
    let id = pending.id().clone();
    for client in [&before, &prepared, &rotated] {
        let error = client.sign_in_with_pin(&phone).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    }
    let wrong = |nth: usize| format!("{:04}", (pin().parse::<usize>().unwrap() + nth) % 10_000);
    for nth in 1..=5 {
        let client = if nth % 2 == 0 { &prepared } else { &rotated };
        let pending = client.resume_challenge(&id).await.unwrap();
        let error = pending.confirm(wrong(nth)).await.unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    }
    let pending = rotated.resume_challenge(&id).await.unwrap();
    let error = pending.confirm(pin()).await.unwrap_err().error;
    assert_eq!(error.kind(), ErrorKind::StepRequired, "{error}");

    mock.clock().advance(Duration::from_secs(61));
    let newest = rotated.sign_in_with_pin(&phone).await.unwrap();
    let error = prepared.sign_in_with_pin(&phone).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    let older = prepared.resume_challenge(&id).await.unwrap();
    let error = older.confirm(pin()).await.unwrap_err().error;
    assert_eq!(
        error.kind(),
        ErrorKind::StepRequired,
        "a newer challenge: {error}"
    );
    let _ = newest.confirm(pin()).await.unwrap();
}

/// A link to a phone or mailbox is a message as well: one per wait, across all instances.
#[tokio::test]
async fn links_are_limited_per_destination() {
    let mock = Fynd::start().await;
    let user = FyndUser::new("Asha")
        .email(MAILBOX)
        .password("the password");
    mock.add_user(user.phone(Phone::parse("+919000000001").unwrap()));
    let store = StepStore::default();
    let client = || {
        let builder = fynd::Client::builder("64b000000000000000000001");
        let builder = builder
            .application_token("application-token")
            .store(store.clone());
        let builder = builder
            .base_url(mock.base_url())
            .clock(mock.clock().clone());
        builder.build().unwrap()
    };
    let (one, other) = (client(), client());
    let email = || Email::parse(MAILBOX).unwrap();
    let messages = || mock.outbox().messages().len();
    one.reset_password_by_link(email()).await.unwrap();
    let error = other.reset_password_by_link(email()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert!(error.retry_after().is_some());
    assert_eq!(messages(), 1);
    // Another phone or mailbox may get one.
    let phone = Phone::parse("+919000000001").unwrap();
    other.reset_password_by_link(phone).await.unwrap();
    // Nothing was sent to a contact that the server does not know.
    let unknown = || Email::parse("unknown@example.com").unwrap();
    for _ in 0..2 {
        let error = one.reset_password_by_link(unknown()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    }
    mock.clock().advance(Duration::from_secs(31));
    other.reset_password_by_link(email()).await.unwrap();
    assert_eq!(messages(), 3);

    let signed_in = one
        .sign_in_with_password(MAILBOX, "the password")
        .await
        .unwrap();
    let session = signed_in.signed_in().unwrap();
    session
        .add_contact(Email::parse("asha@example.org").unwrap())
        .await
        .unwrap();
    let own = session.contacts().await.unwrap();
    let own = own.into_iter().find(|own| !own.verified).unwrap();
    let error = session.request_verification_link(&own).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    mock.clock().advance(Duration::from_secs(31));
    assert!(session.request_verification_link(&own).await.unwrap());

    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().email(MAILBOX).password("the password"));
    let client = wunder::Client::builder(mock.base_url()).tenant("demo");
    let client = client
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let client = client.resend_wait(Duration::from_secs(30)).build().unwrap();
    client.resend_email_verification(MAILBOX).await.unwrap();
    let error = client.resend_email_verification(MAILBOX).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert_eq!(mock.count("resend_email_verification"), 1);

    // A registration sends one as well.
    let new = || client.sign_up().email("new@example.com");
    let new = || new().password("a long password").branch_id("2");
    new().send().await.unwrap();
    let error = new().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    let error = client.resend_email_verification("new@example.com").await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(mock.count("create_customer"), 1);
}

/// A wait is bounded also where another instance, or an older setting, has stored a longer one.
#[tokio::test]
async fn a_stored_wait_is_bounded_by_the_settings() {
    let mock = start_goodcity().await;
    let store = StepStore::default();
    let day = Duration::from_secs(24 * 3600);
    let client = |settings| {
        let builder = goodcity_at(mock.base_url(), store.clone()).settings(settings);
        builder.clock(mock.clock().clone()).build().unwrap()
    };
    let long = client(Settings::new().resend_wait(day).max_server_wait(day));
    let short = client(Settings::new().max_server_wait(Duration::from_secs(90)));
    let phone = Phone::parse(MOBILE).unwrap();
    let pending = long.sign_in_with_pin(&phone).await.unwrap();
    assert!(pending.resend_timer().remaining() > Duration::from_secs(3600));
    let resumed = short.resume_challenge(pending.id()).await.unwrap();
    assert!(resumed.resend_timer().remaining() <= Duration::from_secs(90));
    let error = short.sign_in_with_pin(&phone).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error}");
    assert!(error.retry_after().unwrap() <= Duration::from_secs(90));
}

/// Phone, mailbox and user id are personal data.
#[tokio::test]
async fn debug_shows_no_personal_data() {
    let key = Secret::from("the signing key");
    let input = SignatureInput::new(&key, "+43123456789").timestamp("1700000000000");
    let debug = format!("{input:?}");
    assert!(debug.contains("1700000000000"), "{debug}");
    assert!(
        !debug.contains("43123456789") && !debug.contains("signing key"),
        "{debug}"
    );

    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().email(MAILBOX).password("the password"));
    let client = wunder::Client::builder(mock.base_url())
        .tenant("demo")
        .build()
        .unwrap();
    let signed_in = client
        .sign_in_with_password(MAILBOX, "the password")
        .await
        .unwrap();
    let wunder::SignIn::SignedIn(session) = signed_in else {
        panic!("no second factor is set");
    };
    let user = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
    let acting = session.impersonate(user).unwrap();
    let request = acting.request(http::Method::GET, "/front/rentals");
    for debug in [
        format!("{acting:?}"),
        format!("{acting:#?}"),
        format!("{request:?}"),
    ] {
        assert!(!debug.to_lowercase().contains("3f2504e0"), "{debug}");
    }
}

//! Headers and statuses: waits, dates, media types, codings, redirects.

use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta, Utc};
use http::Method;
use serde_json::json;
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{QrPicture, SignIn};
use vestibule::{AnyJson, Backoff, Error, ErrorKind, Response, Settings, fynd, goodcity, wunder};
use wiremock::matchers::{any, header_regex, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::sleeper::Sleeper;

const PHONE: &str = "+85251234567";

/// A server that responds so to every request, and a client of it whose sleeps end at once.
struct Fixture {
    server: MockServer,
    client: goodcity::Client,
    sleeper: Sleeper,
}

impl Fixture {
    async fn start(response: ResponseTemplate, settings: Settings) -> Self {
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let sleeper = Sleeper::default();
        let client = goodcity::Client::builder(server.uri())
            .app_name("app")
            .settings(settings)
            .clock(sleeper.clone());
        let client = client.build().unwrap();
        Self {
            server,
            client,
            sleeper,
        }
    }

    /// Reads something, which may be repeated.
    async fn get(&self) -> Result<AnyJson, Error> {
        let request = self.client.request(Method::GET, "/rooms");
        request.send().await.map(Response::into_inner)
    }

    async fn requests(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }
}

fn patient() -> Settings {
    Settings::new().deadline(Duration::from_secs(100_000))
}

/// A refusal for a while, at a time that the server says.
fn refused(status: u16, retry_after: &[&str]) -> ResponseTemplate {
    let response = ResponseTemplate::new(status);
    let response = response.insert_header("date", "Sun, 06 Nov 1994 08:49:00 GMT");
    retry_after.iter().fold(response, |response, value| {
        response.append_header("retry-after", *value)
    })
}

/// `Retry-After` in every form that servers write.
#[tokio::test]
async fn a_wait_is_read_in_every_form_and_one_that_cannot_be_read_is_five_seconds() {
    let cases: [(&[&str], u64); 30] = [
        (&["Sun, 06 Nov 1994 08:49:37 GMT"], 37),
        (&["Sunday, 06-Nov-94 08:49:37 GMT"], 37),
        (&["Sun Nov  6 08:49:37 1994"], 37),
        (&["Tue, 06 Nov 1994 08:49:37 GMT"], 37),
        (&["Tuesday, 06-Nov-94 08:49:37 GMT"], 37),
        (&["sun, 06 nov 1994 08:49:37 gmt"], 37),
        (&["Sun, 06 Nov 1994 08:49:37 UTC"], 37),
        (&["Sun, 06 Nov 1994 08:48:00 GMT"], 0),
        (&["Mon, 07 Nov 1994 08:49:37 GMT"], 3_600),
        (&["7"], 7),
        (&["007"], 7),
        (&[" 7 "], 7),
        (&["0"], 0),
        (&["1.5"], 2),
        (&["2.0"], 2),
        (&["0.001"], 1),
        (&["3600"], 3_600),
        (&["86400"], 3_600),
        (&["99999999999999999999999"], 3_600),
        (&["3", "9", "6"], 9),
        (&["3, 9"], 9),
        (&["3", "soon"], 5),
        (&["soon"], 5),
        (&[""], 5),
        (&["-30"], 5),
        (&["30s"], 5),
        (&["1e3"], 5),
        (&["0x10"], 5),
        (&["00:00:30"], 5),
        (&["30 seconds"], 5),
    ];
    for (retry_after, seconds) in cases {
        for status in [429, 503] {
            let fixture = Fixture::start(refused(status, retry_after), patient()).await;
            let error = fixture.get().await.unwrap_err();
            let wait = Duration::from_secs(seconds);
            assert_eq!(error.retry_after(), Some(wait), "{status} {retry_after:?}");
            let sleeps = fixture.sleeper.sleeps();
            let is_kept = sleeps.iter().all(|sleep| *sleep >= wait);
            assert!(is_kept && sleeps.len() == 2, "{retry_after:?}: {sleeps:?}");
        }
    }
    let fixture = Fixture::start(refused(503, &[]), patient()).await;
    assert_eq!(fixture.get().await.unwrap_err().retry_after(), None);
}

/// A server may ask for a wait of years.
#[tokio::test]
async fn the_longest_wait_is_a_setting() {
    let settings = patient().max_server_wait(Duration::from_secs(20));
    let fixture = Fixture::start(refused(503, &["3600"]), settings).await;
    let error = fixture.get().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(20)));
    assert_eq!(fixture.requests().await, 3);
}

/// A timer in a response may run for years.
#[tokio::test]
async fn a_resend_timer_of_years_runs_for_an_hour() {
    let server = MockServer::start().await;
    let sent = json!({
        "success": true, "request_id": "r", "resend_token": "t", "resend_timer": 1_000_000_000
    });
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(sent))
        .mount(&server)
        .await;
    let hour = Duration::from_secs(3_600);
    let client = on_fynd(&server).build().unwrap();
    let pending = client.sign_in_with_phone_code(&PHONE.parse().unwrap());
    let pending = pending.send().await.unwrap();
    let remaining = pending.resend_timer().remaining();
    assert!(remaining <= hour && remaining > hour / 2, "{remaining:?}");
    // The timer belongs to the phone: starting over says the same.
    let error = client.sign_in_with_phone_code(&PHONE.parse().unwrap());
    let error = error.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.retry_after().unwrap() <= hour, "{error}");
}

/// A rate limit on a call that sends a message to the user.
#[tokio::test]
async fn a_message_is_not_requested_again_after_429_or_503() {
    for status in [429, 503] {
        for retry_after in [&[][..], &["1"], &["soon"]] {
            let fixture = Fixture::start(refused(status, retry_after), patient()).await;
            let sent = fixture
                .client
                .sign_in_with_pin(&PHONE.parse().unwrap())
                .await;
            let error = sent.unwrap_err();
            assert_eq!(
                (fixture.requests().await, error.attempts()),
                (1, 1),
                "{error}"
            );
            assert_eq!(fixture.sleeper.sleeps(), Vec::<Duration>::new());
            // Without a `Retry-After` it may be the timer of the phone.
            let is_told = error.retry_after().is_some();
            assert!(is_told || retry_after.is_empty(), "{error}");
        }
    }
}

fn on_fynd(server: &MockServer) -> fynd::ClientBuilder {
    let client = fynd::Client::builder("000000000000000000000001");
    let client = client.application_token("application-token");
    client.base_url(server.uri())
}

/// How far the time of the last signature is from now, in minutes.
async fn minutes_off(server: &MockServer) -> i64 {
    let requests = server.received_requests().await.unwrap();
    let signed = requests.last().unwrap().headers["x-fp-date"].to_str();
    let signed = NaiveDateTime::parse_from_str(signed.unwrap(), "%Y%m%dT%H%M%SZ");
    let off: TimeDelta = signed.unwrap().and_utc() - Utc::now();
    (off.num_seconds() + 30).div_euclid(60)
}

/// A gateway whose clock is wrong, and that answers before the server does.
#[tokio::test]
async fn a_date_is_believed_from_two_successes_and_from_no_error() {
    let server = MockServer::start().await;
    let client = on_fynd(&server).retry(Backoff::none()).build().unwrap();
    let dated = async |status: u16, hours: i64| {
        server.reset().await;
        let date = Utc::now() + TimeDelta::hours(hours);
        // One of the older forms of a date, with a wrong weekday.
        let date = date.format("Someday, %d-%b-%y %H:%M:%S GMT").to_string();
        let response = ResponseTemplate::new(status).insert_header("date", date);
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let request = client.request(Method::GET, "/rooms");
        let _ = request.send::<Option<AnyJson>>().await;
        minutes_off(&server).await
    };
    for status in [502, 502, 500, 429, 404, 403, 401, 302, 502] {
        assert_eq!(dated(status, -6).await, 0, "{status}");
    }
    assert_eq!(dated(200, -6).await, 0);
    assert_eq!(dated(204, 3).await, 0, "the two successes disagree");
    assert_eq!(dated(200, 3).await, 0);
    assert_eq!(dated(502, -6).await, 180, "two successes agree");
    assert_eq!(dated(502, -6).await, 180);
    assert_eq!(dated(502, -6).await, 180);
}

/// Servers that check `Accept` and answer 406.
#[tokio::test]
async fn a_picture_is_accepted_where_the_description_says_so() {
    let mock = Wunder::start().await;
    let user = WunderUser::new().email("ada@example.org");
    mock.add_user(user.password("correct horse").branch("2"));
    let png = b"\x89PNG\r\n\x1a\nrest".as_slice();
    let picture = Mock::given(path_regex("/2fa-qr-code$")).and(header_regex("accept", "image/"));
    let picture = picture.respond_with(ResponseTemplate::new(200).set_body_raw(png, "image/png"));
    mock.mount(picture.with_priority(1)).await;
    let other = Mock::given(path_regex("/2fa-qr-code$"));
    let other = other.respond_with(ResponseTemplate::new(406));
    mock.mount(other.with_priority(2)).await;
    let client = wunder::Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    let signed_in = client.sign_in_with_password("ada@example.org", "correct horse");
    let SignIn::SignedIn(session) = signed_in.await.unwrap() else {
        panic!("no second factor was expected");
    };
    let enrolment = session.request_mfa_enrolment().await.unwrap();
    let QrPicture::Bytes(bytes) = enrolment.qr_picture().await.unwrap() else {
        panic!("the response was bytes");
    };
    assert_eq!(bytes, png);
}

/// A server that compresses although the client did not ask for it.
#[tokio::test]
async fn a_coding_that_was_not_asked_for_is_named() {
    // Which coding the bytes are in does not matter.
    let compressed = b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\xabV".as_slice();
    let mut cases = vec![
        "br",
        "zstd",
        "compress",
        "BR",
        "identity, br",
        "br, identity",
    ];
    if cfg!(not(feature = "gzip")) {
        cases.extend(["gzip", "x-gzip", "deflate, gzip"]);
    }
    for coding in cases {
        for status in [200, 503] {
            let response = ResponseTemplate::new(status)
                .insert_header("content-encoding", coding)
                .set_body_raw(compressed, "application/json");
            let fixture = Fixture::start(response, patient()).await;
            let error = fixture.get().await.unwrap_err();
            let (kind, requests) = match status {
                200 => (ErrorKind::InvalidResponse, 1),
                _ => (ErrorKind::Unavailable, 3),
            };
            assert_eq!((error.kind(), fixture.requests().await), (kind, requests));
            let names = coding.to_lowercase();
            let mut names = names.rsplit(", ");
            let name = names.find(|name| *name != "identity").unwrap();
            let text = error.to_string();
            assert!(
                text.contains(&format!("compressed by {name} unasked")),
                "{text}"
            );
        }
    }
    // Words that are no coding, before a body that is not compressed.
    for label in ["identity", "utf-8", "none", "secret-7F3"] {
        let response = ResponseTemplate::new(200)
            .insert_header("content-encoding", label)
            .set_body_json(json!({"mode": "code"}));
        let fixture = Fixture::start(response, patient()).await;
        assert_eq!(fixture.get().await.unwrap()["mode"], "code", "{label}");
        let response = ResponseTemplate::new(200)
            .insert_header("content-encoding", label)
            .set_body_raw("{", "application/json");
        let fixture = Fixture::start(response, patient()).await;
        let error = fixture.get().await.unwrap_err();
        assert!(!error.to_string().contains(label), "{error}");
    }
    let fixture = Fixture::start(ResponseTemplate::new(503), patient()).await;
    fixture.get().await.unwrap_err();
    let requests = fixture.server.received_requests().await.unwrap();
    let expected = if cfg!(feature = "gzip") {
        "gzip"
    } else {
        "identity"
    };
    assert_eq!(requests[0].headers["accept-encoding"], expected);
}

/// A charset that the client does not read.
#[tokio::test]
async fn a_charset_is_named_in_the_error_of_a_response_that_is_not_understood() {
    for (content_type, named) in [
        (
            "application/json; charset=ISO-8859-1",
            "3 bytes of application/json in iso-8859-1",
        ),
        (
            "text/html;Charset=\"windows-1252\"",
            "3 bytes of text/html in windows-1252",
        ),
        (
            "text/plain; charset=secret-7F3",
            "3 bytes of text/plain in an unknown charset",
        ),
        (
            "application/json; charset=utf-8",
            "(3 bytes of application/json)",
        ),
    ] {
        let response = ResponseTemplate::new(200).set_body_raw("{\"a", content_type);
        let fixture = Fixture::start(response, patient()).await;
        let error = fixture.get().await.unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}

/// A base URL without `www`, or of a gateway that has moved.
#[tokio::test]
async fn a_redirect_to_another_host_is_a_misconfiguration_that_names_the_host() {
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "https://www.example.com/api/secret-path?token=secret-token",
            "//www.example.com/secret-path",
            "https://user:secret-password@www.example.com:8443/",
        ] {
            let response = ResponseTemplate::new(status).insert_header("location", location);
            let fixture = Fixture::start(response, patient()).await;
            let error = fixture.get().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
            assert_eq!((error.error_type(), error.attempts()), ("redirect", 1));
            let text = format!("{error} {error:?}");
            assert!(text.contains("redirects to www.example.com"), "{text}");
            assert!(
                text.contains("`base_url`") && !text.contains("secret"),
                "{text}"
            );
            assert_eq!(fixture.requests().await, 1);
        }
    }
}

/// A page with a byte order mark before it, from a gateway.
#[tokio::test]
async fn a_page_is_no_success_and_ends_no_session() {
    let page = "\u{feff}\r\n<!DOCTYPE html><title>Sign in</title>";
    for status in [200, 401] {
        let response = ResponseTemplate::new(status).set_body_raw(page, "text/html");
        let fixture = Fixture::start(response, patient()).await;
        let tokens = vestibule::session::Tokens::new("a token", None);
        let session = fixture.client.resume_with_tokens(tokens).await.unwrap();
        let error = session.profile().await.unwrap_err();
        let kind = match status {
            200 => ErrorKind::InvalidResponse,
            _ => ErrorKind::Unauthenticated,
        };
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(session.shared().ended(), None);
    }
}

//! Cookies as servers set them, byte for byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use vestibule::fynd::{Client, ClientBuilder, Session};
use vestibule::{AnyJson, CookieIssue, ErrorKind, Event, Observer, Settings};

use super::wire::{Received, Then, Wire};

/// The path of the requests whose responses set cookies.
const SET: &str = "/service/cart/set";

/// The issues of cookies that a client reported, with their number.
#[derive(Clone, Default)]
struct Issues(Arc<Mutex<Vec<(CookieIssue, usize)>>>);

impl Observer for Issues {
    fn observe(&self, event: &Event<'_>) {
        if let Event::CookiesIgnored { issue, count, .. } = event {
            self.0.lock().unwrap().push((*issue, *count));
        }
    }
}

/// A server that sets these cookies in its responses to [`SET`], and a user of it.
struct Fixture {
    wire: Wire,
    session: Session,
    issues: Issues,
}

impl Fixture {
    async fn start(cookies: &[&[u8]]) -> Self {
        let mut head = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n".to_vec();
        for cookie in cookies {
            head.extend([b"set-cookie: ", *cookie, b"\r\n"].concat());
        }
        let set = [&head, b"\r\n{}".as_slice()].concat();
        let wire = Wire::scripted(move |request| match request.target.as_str() {
            SET => (set.clone(), Then::Continue),
            _ => (success(), Then::Continue),
        });
        let issues = Issues::default();
        let session = with_session(&wire, |client| client.observer(issues.clone())).await;
        Self {
            wire,
            session,
            issues,
        }
    }

    /// The `Cookie` header of a request to this path after the cookies were set.
    async fn sent_to(&self, path: &str) -> String {
        get(&self.session, SET).await;
        get(&self.session, path).await;
        self.wire.last(path).header("cookie").to_owned()
    }

    async fn sent(&self) -> String {
        self.sent_to("/look").await
    }

    fn issues(&self) -> Vec<(CookieIssue, usize)> {
        self.issues.0.lock().unwrap().clone()
    }
}

fn success() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()
}

fn builder(base_url: &str) -> ClientBuilder {
    let client = Client::builder("000000000000000000000001");
    let client = client.application_token("application-token");
    client.base_url(base_url)
}

/// A user whose session is the cookie `sid=1`.
async fn with_session(
    wire: &Wire,
    configure: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Session {
    let client = configure(builder(&wire.base_url)).build().unwrap();
    client.resume_with_cookies([("sid", "1")]).await.unwrap()
}

async fn get(session: &Session, path: &str) {
    let request = session.request(Method::GET, path);
    request.send::<Option<AnyJson>>().await.unwrap();
}

/// What is sent after one response that sets these cookies.
async fn sent_after(cookies: &[&str]) -> String {
    let cookies: Vec<_> = cookies.iter().map(|cookie| cookie.as_bytes()).collect();
    let fixture = Fixture::start(&cookies).await;
    assert_eq!(fixture.issues(), []);
    fixture.sent().await
}

/// Dates in the ways that servers write them.
#[tokio::test]
async fn a_cookie_that_the_server_removes_is_not_sent_again() {
    for date in [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 UTC",
        "Thu, 01-Jan-1970 00:00:00 GMT",
        "Thu, 1 Jan 1970 0:00:00 GMT",
        "thu, 01 jan 1970 00:00:00 gmt",
        "Thursday, 01-Jan-70 00:00:00 GMT",
        "Thu Jan  1 00:00:00 1970",
        "Thu Jan 01 1970 01:00:00 GMT+0100 (CET)",
        "Fri, 02 Jan 1970 00:00:00 +0200",
        "Mon, 01 Jan 1970 00:00:00 GMT",
    ] {
        for value in ["", "deleted"] {
            let removed = format!("sid={value}; Path=/; Expires={date}");
            assert_eq!(sent_after(&[&removed]).await, "", "{date}");
        }
        let kept = format!("sid=2; Path=/; Expires={date}; Max-Age=60");
        assert_eq!(sent_after(&[&kept]).await, "sid=2", "{date}");
    }
    for removed in [
        "sid=; Path=/; Max-Age=0",
        "sid=2; path=/; MAX-AGE=-1; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ] {
        assert_eq!(sent_after(&[removed]).await, "", "{removed}");
    }
    let later = "sid=2; Path=/; Expires=Friday, 01-Jan-60 00:00:00 GMT";
    assert_eq!(sent_after(&[later]).await, "sid=2");
}

/// A sign-in whose response clears the cookie.
#[tokio::test]
async fn an_empty_or_removed_cookie_is_no_session() {
    for cookie in [
        "f.session=; Path=/",
        "f.session=",
        "f.session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 UTC",
        "f.session=s%3Ax; Path=/; Expires=thu, 1-jan-70 0:0:0 gmt",
        "f.session=s%3Ax; Path=/; Max-Age=0",
    ] {
        let wire = Wire::scripted(move |request| {
            let (cookie, body) = match request.target.ends_with("/login/otp") {
                true => (
                    "",
                    r#"{"success":true,"request_id":"r","resend_token":"t"}"#,
                ),
                false => (
                    cookie,
                    r#"{"success":true,"user_exists":true,"user":{"_id":"u","id":"u"}}"#,
                ),
            };
            let length = body.len();
            let cookie = match cookie {
                "" => String::new(),
                cookie => format!("set-cookie: {cookie}\r\n"),
            };
            let response =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{cookie}\r\n{body}");
            (response.into_bytes(), Then::Continue)
        });
        let client = builder(&wire.base_url).build().unwrap();
        let pending = client.sign_in_with_phone_code(&"+919000000001".parse().unwrap());
        let pending = pending.send().await.unwrap();
        let error = pending.confirm("1234").await.unwrap_err().error;
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidResponse,
            "{cookie}: {error}"
        );
    }
    let client = builder("https://api.example.com").build().unwrap();
    let error = client
        .resume_with_cookies([("sid", ""), ("cart", "")])
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.field(), Some("cookies"), "{error}");
}

/// Sizes at the limits of browsers.
#[tokio::test]
async fn a_cookie_has_at_most_4096_bytes_and_its_attributes_may_be_longer() {
    let value = "v".repeat(4_093);
    let at_limit = format!(
        "sid={value}; Path=/; Secure; HttpOnly; Comment={}",
        "c".repeat(3_000)
    );
    let fixture = Fixture::start(&[at_limit.as_bytes()]).await;
    assert_eq!(fixture.sent().await, format!("sid={value}"));
    assert_eq!(
        fixture.issues(),
        [(CookieIssue::Attribute, 1)],
        "the comment"
    );

    let larger = format!("sid={value}v; Path=/");
    let fixture = Fixture::start(&[larger.as_bytes(), larger.as_bytes(), b"a=b; Path=/"]).await;
    assert_eq!(fixture.sent().await, "sid=1; a=b");
    assert_eq!(fixture.issues(), [(CookieIssue::TooLarge, 2)]);

    // A path that is too long is none, so the default one holds.
    let long = format!("a=b; Path=/{}", "p".repeat(1_024));
    let fixture = Fixture::start(&[long.as_bytes()]).await;
    assert_eq!(fixture.sent_to("/service/cart/look").await, "a=b; sid=1");
}

/// Paths as servers set them, and without one.
#[tokio::test]
async fn a_cookie_is_sent_to_its_path_and_longer_paths_come_first() {
    for (path, reached, missed) in [
        ("; Path=/", "/look", ""),
        ("; Path=/a", "/a", "/ab"),
        ("; Path=/a", "/a/b", "/b"),
        ("; Path=/a/", "/a/b", "/a"),
        ("; Path=//", "", "/look"),
        ("; Path=/A", "", "/a"),
        ("", "/service/cart/look", "/service/look"),
        ("; Path=", "/service/cart", "/service/cartoon"),
        ("; Path=cart", "/service/cart/look/more", "/look"),
        ("; Path=/look; Path=x", "/service/cart/look", "/look"),
    ] {
        let cookie = format!("a=b{path}");
        for (at, is_sent) in [(reached, true), (missed, false)] {
            if !at.is_empty() {
                let fixture = Fixture::start(&[cookie.as_bytes()]).await;
                let sent = fixture.sent_to(at).await;
                assert_eq!(sent.contains("a=b"), is_sent, "{cookie} at {at}: {sent}");
            }
        }
    }
    let cookies: [&[u8]; 6] = [
        b"a=root; Path=/",
        b"b=root; Path=/",
        b"a=deep; Path=/look/more",
        b"a=look; Path=/look",
        b"b=again; Path=/",
        b"c=deep; Path=/look/less/",
    ];
    let fixture = Fixture::start(&cookies).await;
    let sent = fixture.sent_to("/look/more/here").await;
    assert_eq!(sent, "a=deep; a=look; sid=1; a=root; b=again");
}

/// Bytes that are not ASCII, and characters that some parsers drop.
#[tokio::test]
async fn a_value_is_sent_back_byte_for_byte() {
    let value = "\"s%3A\u{fc}ber a,b=c\\\"";
    let utf8 = format!("a={value}; Path=/");
    let latin1 = b"b=\xfcber; Path=/".as_slice();
    let fixture = Fixture::start(&[utf8.as_bytes(), latin1]).await;
    get(&fixture.session, SET).await;
    get(&fixture.session, "/look").await;
    // The header as a whole is not UTF-8, so the server shows each byte as one character.
    let bytes = |text: &[u8]| text.iter().copied().map(char::from).collect::<String>();
    let expected = [b"sid=1; a=", value.as_bytes(), b"; b=\xfcber"].concat();
    assert_eq!(
        fixture.wire.last("/look").header("cookie"),
        bytes(&expected)
    );
}

/// `Secure` from a server behind a proxy that ends TLS.
#[tokio::test]
async fn a_secure_cookie_is_sent_to_loopback_and_where_plain_http_is_allowed() {
    let fixture = Fixture::start(&[b"sid=2; Path=/; Secure; HttpOnly; SameSite=None"]).await;
    assert_eq!(fixture.sent().await, "sid=2");
    let fixture = Fixture::start(&[b"__Host-sid=2; Path=/; Secure"]).await;
    assert_eq!(fixture.sent().await, "sid=1; __Host-sid=2");

    // The server is loopback, but the client knows it by a name that is not.
    let wire = Wire::scripted(|request| match request.target.as_str() {
        SET => {
            let set = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nset-cookie: sid=2; Path=/; Secure\r\n\r\n{}";
            (set.into(), Then::Continue)
        }
        _ => (success(), Then::Continue),
    });
    let address = wire.base_url.strip_prefix("http://").unwrap();
    let http = Settings::new().http_client_builder().unwrap();
    let http = http
        .no_proxy()
        .resolve("backend.internal", address.parse().unwrap());
    let port = address.rsplit(':').next().unwrap();
    let client = builder(&format!("http://backend.internal:{port}"))
        .allow_plain_http(true)
        .http_client(http.build().unwrap());
    let client = client.build().unwrap();
    let session = client.resume_with_cookies([("sid", "1")]).await.unwrap();
    get(&session, SET).await;
    get(&session, "/look").await;
    assert_eq!(wire.last("/look").header("cookie"), "sid=2");
}

/// Domains that are not the server's, and prefixes without what they require.
#[tokio::test]
async fn what_is_not_kept_is_reported_without_name_and_value() {
    let cookies: [&[u8]; 12] = [
        b"a=b; Domain=example.com; Path=/",
        b"a=b; Domain=0.0.1; Path=/",
        b"a=b; Domain=com; Path=/",
        b"a=b; Domain=\xff; Path=/",
        b"c=d; Domain=127.0.0.1; Path=/",
        b"e=f; Domain=; Path=/",
        b"__Secure-a=b; Path=/",
        b"__host-a=b; Secure; Path=/x",
        b"no-value",
        b"=no-name",
        b"g=h; Path=/; Expires=soon",
        b"",
    ];
    let fixture = Fixture::start(&cookies).await;
    assert_eq!(fixture.sent().await, "sid=1; c=d; e=f; g=h");
    let issues = [
        (CookieIssue::Malformed, 3),
        (CookieIssue::Domain, 4),
        (CookieIssue::Prefix, 2),
        (CookieIssue::Attribute, 1),
    ];
    assert_eq!(fixture.issues(), issues);

    let many: Vec<_> = (0..70)
        .map(|number| format!("c{number}=1; Path=/"))
        .collect();
    let many: Vec<_> = many.iter().map(|cookie| cookie.as_bytes()).collect();
    let fixture = Fixture::start(&many).await;
    let sent = fixture.sent().await;
    assert_eq!(sent.split("; ").count(), 64);
    assert!(sent.starts_with("sid=1; c0=1; "), "{sent}");
    assert_eq!(fixture.issues(), [(CookieIssue::JarFull, 7)]);
}

/// A response that rotates the session's cookie and then breaks off, stalls, or is too large.
#[tokio::test]
async fn a_cookie_counts_as_soon_as_the_headers_of_a_success_are_there() {
    let rotating = |status: &str, length: usize, body: usize| {
        let body = "x".repeat(body);
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nset-cookie: sid=2; Path=/\r\n\r\n{body}"
        )
    };
    for (response, then) in [
        (rotating("200 OK", 100, 10), Then::Close),
        (rotating("200 OK", 100, 0), Then::Close),
        (rotating("201 Created", 100, 10), Then::Stall),
        (rotating("200 OK", 3_000, 3_000), Then::Continue),
    ] {
        let is_whole = matches!(then, Then::Continue);
        let wire = first_response(response, then);
        let settings = Settings::new()
            .attempt_timeout(Duration::from_secs(1))
            .max_response_bytes(2_000);
        let session = with_session(&wire, |client| client.settings(settings)).await;
        let request = session.request(Method::GET, "/rotate");
        let result = request.send::<Option<AnyJson>>().await;
        // Too much is too much again, so that is no reason to repeat the request.
        assert_eq!(result.is_err(), is_whole, "{then:?}");
        get(&session, "/look").await;
        let cookies: Vec<_> = wire
            .all("/")
            .iter()
            .map(|it| it.header("cookie").to_owned())
            .collect();
        assert_eq!(cookies[0], "sid=1");
        assert!(
            cookies[1..].iter().all(|cookie| cookie == "sid=2"),
            "{cookies:?}"
        );
    }
}

/// Errors, redirects and gateways' pages that set cookies.
#[tokio::test]
async fn a_response_that_is_no_success_changes_no_cookie() {
    for (status, body, then) in [
        ("401 Unauthorized", r#"{"message":"no"}"#, Then::Close),
        ("500 Internal Server Error", "{}", Then::Continue),
        ("503 Service Unavailable", "<html>", Then::Continue),
        ("404 Not Found", "", Then::Continue),
        ("302 Found", "", Then::Continue),
        (
            "200 OK",
            "<html>Checking your browser</html>",
            Then::Continue,
        ),
        ("500 Internal Server Error", "broken off", Then::Close),
    ] {
        let length = body.len() + usize::from(body == "broken off");
        let response = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nset-cookie: sid=2; Path=/\r\n\
             set-cookie: other=1; Path=/\r\n\r\n{body}"
        );
        let wire = first_response(response, then);
        let session = with_session(&wire, |client| client).await;
        let request = session.request(Method::POST, "/rotate");
        request.send::<Option<AnyJson>>().await.unwrap_err();
        let request = session.request(Method::GET, "/look");
        if request.send::<Option<AnyJson>>().await.is_ok() {
            assert_eq!(wire.last("/look").header("cookie"), "sid=1", "{status}");
        } else {
            assert!(status.starts_with("401"), "{status}: the session has ended");
        }
    }
}

/// A server whose first response is this, and whose others are successes.
fn first_response(response: String, then: Then) -> Wire {
    let first = Mutex::new(Some(response));
    Wire::scripted(move |_: &Received| match first.lock().unwrap().take() {
        Some(response) => (response.into_bytes(), then),
        None => (success(), Then::Continue),
    })
}

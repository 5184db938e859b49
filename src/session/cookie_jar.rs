//! The cookies of one signed-in user, kept and sent as RFC 6265 says, section 5.3 and 5.4. A jar
//! belongs to one session and is never shared.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::set_cookie::{self, SetCookie};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::{
    AfterRejection, Attempt, Authorization, CredentialGeneration, Deadline, Operation, Rejection,
    SessionCredential, SetCookies,
};
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;
use crate::telemetry::{CookieIssue, Event, Telemetry};

/// The number of cookies of a jar, so that no server can make it grow without limit.
const MAX_COOKIES: usize = 64;

/// Upper bound for all names and values: servers refuse much larger headers.
const MAX_JAR_BYTES: usize = 32 * 1024;

/// Cookies of one host, merged by name, domain and path.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CookieJar {
    host: String,
    /// In the order in which they are sent: longer paths first, then earlier creation.
    cookies: Vec<StoredCookie>,
}

/// A cookie of the jar. Name, value and path may be any bytes: they are stored as text of which each
/// character is one byte (Latin-1).
///
/// `Secure` is not stored. A base URL is https, or loopback, or one of which the operator says by
/// `allow_plain_http` that TLS ends elsewhere, so such a cookie is always sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct StoredCookie {
    name: String,
    value: Secret,
    domain: String,
    path: String,
    expires: Option<DateTime<Utc>>,
    /// Whether the caller passed it, without the domain and path that the server set it for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_imported: bool,
}

impl StoredCookie {
    fn is(&self, name: &str, domain: &str, path: &str) -> bool {
        self.name == name && self.domain == domain && self.path == path
    }

    fn bytes(&self) -> usize {
        let value = self.value.expose();
        self.name.chars().count() + value.chars().count()
    }
}

/// What the cookies of a response did to a jar.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    pub(crate) has_changed: bool,
    /// How often each issue was found.
    issues: [usize; CookieIssue::ALL.len()],
}

impl Merged {
    fn found(&mut self, issue: CookieIssue) {
        let mut counts = CookieIssue::ALL.iter().zip(&mut self.issues);
        if let Some((_, count)) = counts.find(|(known, _)| **known == issue) {
            *count += 1;
        }
    }

    pub(crate) fn issues(&self) -> impl Iterator<Item = (CookieIssue, usize)> {
        let counts = CookieIssue::ALL.into_iter().zip(self.issues);
        counts.filter(|(_, count)| *count > 0)
    }

    /// Reports cookies that were not kept.
    pub(super) fn report(&self, system: System, operation: &str, telemetry: &Telemetry) {
        for (issue, count) in self.issues() {
            telemetry.emit(&Event::CookiesIgnored {
                system,
                operation,
                issue,
                count,
            });
        }
    }
}

impl fmt::Debug for CookieJar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieJar({} cookies)", self.cookies.len())
    }
}

impl CookieJar {
    pub(crate) fn new(base: &Url) -> Self {
        Self {
            host: base.host_str().unwrap_or_default().to_ascii_lowercase(),
            cookies: Vec::new(),
        }
    }

    /// A jar of cookies that the caller passed by name and value, for all paths of `base`.
    pub(crate) fn from_values(base: &Url, cookies: Vec<(String, Secret)>) -> Result<Self, Error> {
        let mut jar = Self::new(base);
        for (name, value) in cookies {
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let plain = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                return Err(Error::invalid(
                    "cookies",
                    "must have names that HTTP allows",
                ));
            }
            if !value.expose().bytes().all(plain) {
                return Err(Error::invalid(
                    "cookies",
                    "must have values that HTTP allows",
                ));
            }
            jar.cookies.push(StoredCookie {
                name,
                value,
                domain: jar.host.clone(),
                path: "/".to_owned(),
                expires: None,
                is_imported: true,
            });
        }
        if jar.is_empty() || jar.cookies.len() > MAX_COOKIES || jar.bytes() > MAX_JAR_BYTES {
            return Err(Error::invalid(
                "cookies",
                "must be at least one with a value, and at most 64 of 32 KiB together",
            ));
        }
        Ok(jar)
    }

    /// The names and values of all cookies.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let cookies = self.cookies.iter();
        cookies.map(|cookie| (cookie.name.as_str(), &cookie.value))
    }

    /// The names and values of the cookies that have not expired.
    pub(crate) fn into_values(self, now: DateTime<Utc>) -> Vec<(String, Secret)> {
        let cookies = self.cookies.into_iter();
        let live = cookies.filter(|cookie| cookie.expires.is_none_or(|end| end > now));
        live.map(|cookie| (cookie.name, cookie.value)).collect()
    }

    /// Whether no cookie has a value: an empty one stands for no session.
    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.iter().all(|cookie| cookie.value.is_empty())
    }

    /// This jar with the cookies set that were set from `before` to `after`, and those removed that
    /// were removed.
    pub(crate) fn with_changes(mut self, before: &Self, after: &Self) -> Self {
        for cookie in &before.cookies {
            if after.position_of(cookie).is_none()
                && let Some(at) = self.position_of(cookie)
            {
                self.cookies.remove(at);
            }
        }
        for cookie in &after.cookies {
            if !before.cookies.contains(cookie) {
                // Both jars keep to the limits, and the cookies are mostly the same.
                let _ = self.insert(cookie.clone());
            }
        }
        self
    }

    fn bytes(&self) -> usize {
        self.cookies.iter().map(StoredCookie::bytes).sum()
    }

    fn position_of(&self, cookie: &StoredCookie) -> Option<usize> {
        self.position(&cookie.name, &cookie.domain, &cookie.path)
    }

    /// An empty jar of the same host.
    pub(crate) fn cleared(&self) -> Self {
        Self {
            host: self.host.clone(),
            cookies: Vec::new(),
        }
    }

    /// Replaces the cookie of the same name, domain and path, or adds the cookie if the jar is not
    /// full; returns whether the jar changed.
    fn insert(&mut self, cookie: StoredCookie) -> Result<bool, CookieIssue> {
        let at = self.position_of(&cookie);
        let replaced = at.map(|at| &self.cookies[at]);
        if replaced == Some(&cookie) {
            return Ok(false);
        }
        let bytes = self.bytes() - replaced.map_or(0, StoredCookie::bytes) + cookie.bytes();
        let is_full = at.is_none() && self.cookies.len() >= MAX_COOKIES;
        if is_full || bytes > MAX_JAR_BYTES {
            return Err(CookieIssue::JarFull);
        }
        match at {
            // It keeps its place, which is that of its creation.
            Some(at) => self.cookies[at] = cookie,
            None => {
                let mut known = self.cookies.iter();
                let at = known.position(|known| known.path.len() < cookie.path.len());
                self.cookies
                    .insert(at.unwrap_or(self.cookies.len()), cookie);
            }
        }
        Ok(true)
    }

    fn position(&self, name: &str, domain: &str, path: &str) -> Option<usize> {
        self.cookies
            .iter()
            .position(|known| known.is(name, domain, path))
    }

    /// Merges the cookies that a server set in its response to a request of `url`.
    pub(crate) fn merge(&mut self, headers: &HeaderMap, url: &Url, now: DateTime<Utc>) -> Merged {
        let mut merged = Merged::default();
        // Expired cookies would count towards the bounds.
        let before = self.cookies.len();
        self.cookies
            .retain(|cookie| cookie.expires.is_none_or(|end| end > now));
        merged.has_changed = self.cookies.len() != before;
        for header in headers.get_all(header::SET_COOKIE) {
            let applied = set_cookie::parse(header.as_bytes()).and_then(|cookie| {
                if cookie.has_ignored_attribute {
                    merged.found(CookieIssue::Attribute);
                }
                self.apply(&cookie, url, now)
            });
            match applied {
                Ok(has_changed) => merged.has_changed |= has_changed,
                Err(issue) => merged.found(issue),
            }
        }
        merged
    }

    fn apply(
        &mut self,
        cookie: &SetCookie<'_>,
        url: &Url,
        now: DateTime<Utc>,
    ) -> Result<bool, CookieIssue> {
        let domain = self.domain(cookie)?;
        let path = cookie.path.unwrap_or(default_path(url.path()).as_bytes());
        let (name, path) = (latin1(cookie.name), latin1(path));
        let expires = cookie.lifetime.end(now);
        // One for all paths succeeds the imported ones of its name, which may have had its domain.
        let is_for_all = path == "/";
        let is_succeeded = |known: &StoredCookie| {
            is_for_all && known.is_imported && known.name == name && known.domain != domain
        };
        if expires.is_some_and(|end| end <= now) {
            let before = self.cookies.len();
            self.cookies
                .retain(|known| !is_succeeded(known) && !known.is(&name, &domain, &path));
            return Ok(self.cookies.len() != before);
        }
        let succeeds = self.cookies.iter().any(is_succeeded);
        let mut next = succeeds.then(|| self.clone());
        if let Some(next) = &mut next {
            next.cookies.retain(|known| !is_succeeded(known));
        }
        let new = StoredCookie {
            name: name.clone(),
            value: Secret::from(latin1(cookie.value)),
            domain: domain.clone(),
            path,
            expires,
            is_imported: false,
        };
        let Some(mut next) = next else {
            return self.insert(new);
        };
        // A successor for which there is no room leaves the imported ones.
        let has_changed = next.insert(new)?;
        *self = next;
        Ok(has_changed)
    }

    /// The domain of a cookie: the host, or a domain that the host is in.
    ///
    /// A domain of one label, such as `com`, belongs to no single site, and an address is in no domain.
    /// A dot at the end only says that the name is complete.
    fn domain(&self, cookie: &SetCookie<'_>) -> Result<String, CookieIssue> {
        let Some(domain) = cookie.domain else {
            return Ok(self.host.clone());
        };
        let domain = std::str::from_utf8(domain).ok();
        let domain = domain.and_then(|domain| Host::parse(complete(domain)).ok());
        let domain = domain.map(|domain| domain.to_string());
        let domain = domain.ok_or(CookieIssue::Domain)?;
        let host = complete(&self.host);
        if domain == host {
            return Ok(self.host.clone());
        }
        let is_name = matches!(Host::parse(host), Ok(Host::Domain(_)));
        let is_within = host
            .strip_suffix(&domain)
            .is_some_and(|rest| rest.ends_with('.'));
        if is_name && is_within && domain.contains('.') {
            return Ok(domain);
        }
        Err(CookieIssue::Domain)
    }

    /// Sets the `Cookie` header to the cookies that match the attempt's URL.
    pub(crate) fn attach(&self, attempt: &mut Attempt, now: DateTime<Utc>) -> Result<(), Error> {
        let mut text = Vec::new();
        for cookie in &self.cookies {
            let is_live = cookie.expires.is_none_or(|end| end > now);
            if is_live && path_matches(attempt.url.path(), &cookie.path) {
                if !text.is_empty() {
                    text.extend(b"; ");
                }
                text.extend(bytes(&cookie.name));
                text.push(b'=');
                text.extend(bytes(cookie.value.expose()));
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        attempt.set_secret_header(header::COOKIE, text)
    }
}

/// The text of which each character is one byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes of such a text.
fn bytes(latin1: &str) -> impl Iterator<Item = u8> {
    latin1
        .chars()
        .filter_map(|letter| u8::try_from(letter).ok())
}

/// A host without the dot that may follow the top-level domain.
fn complete(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The path of a cookie that names none: the folder of the request's path. RFC 6265, section 5.1.4.
fn default_path(request: &str) -> &str {
    match request.rfind('/') {
        None | Some(0) => "/",
        Some(end) => request.get(..end).unwrap_or("/"),
    }
}

/// RFC 6265, section 5.1.4.
fn path_matches(request: &str, cookie: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// The cookies of one call of an unfinished sign-in.
pub(crate) struct JarCredential {
    time: SkewedClock,
    jar: Mutex<CookieJar>,
}

impl fmt::Debug for JarCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JarCredential")
    }
}

impl JarCredential {
    pub(crate) fn new(jar: CookieJar, time: SkewedClock) -> Self {
        Self {
            time,
            jar: Mutex::new(jar),
        }
    }

    /// The cookies collected so far.
    pub(crate) fn jar(&self) -> CookieJar {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CookieJar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionCredential for JarCredential {
    fn covers(&self, _operation: &Operation) -> bool {
        true
    }

    fn attach(&self, attempt: &mut Attempt, _allow_stale: bool) -> Result<Authorization, Error> {
        self.lock().attach(attempt, self.time.now())?;
        Ok(Authorization::Nothing)
    }

    fn refresh(
        &self,
        _generation: CredentialGeneration,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        let message = "the sign-in is not finished";
        let error = Error::new(ErrorKind::Unauthenticated, message).of(System::Fynd);
        Box::pin(std::future::ready(Err(error)))
    }

    fn keep_cookies<'a>(&'a self, cookies: SetCookies<'a>) -> Option<BoxFuture<'a, ()>> {
        let SetCookies { headers, url, .. } = cookies;
        let merged = self.lock().merge(headers, url, self.time.now());
        merged.report(System::Fynd, cookies.operation, cookies.telemetry);
        None
    }

    fn settle_rejection(
        &self,
        _rejection: Rejection,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<AfterRejection, Error>> {
        Box::pin(std::future::ready(Ok(AfterRejection::Fail)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;

    fn jar_of(host: &str) -> (CookieJar, Url) {
        let url = Url::parse(&format!("https://{host}/cart/look")).unwrap();
        (CookieJar::new(&url), url)
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn set<'a>(cookies: impl IntoIterator<Item = &'a [u8]>) -> HeaderMap {
        let cookies = cookies.into_iter();
        let headers = cookies.map(|it| (header::SET_COOKIE, HeaderValue::from_bytes(it).unwrap()));
        headers.collect()
    }

    #[test]
    fn a_full_jar_replaces_an_expired_cookie_by_a_new_one() {
        let (mut jar, url) = jar_of("api.example.com");
        let short_lived = (0..MAX_COOKIES).map(|number| format!("c{number}=1; Max-Age=60"));
        let short_lived: Vec<_> = short_lived.collect();
        let short_lived = set(short_lived.iter().map(String::as_bytes));
        assert!(jar.merge(&short_lived, &url, now()).has_changed);
        let new = set([b"session=1".as_slice()]);
        let merged = jar.merge(&new, &url, now());
        assert!(!merged.has_changed);
        assert_eq!(
            merged.issues().collect::<Vec<_>>(),
            [(CookieIssue::JarFull, 1)]
        );
        let later = now() + chrono::TimeDelta::seconds(61);
        assert!(jar.merge(&new, &url, later).has_changed);
        assert_eq!(jar.cookies.len(), 1);
    }

    #[test]
    fn a_cookie_for_all_paths_succeeds_the_imported_one_of_its_name() {
        let url = Url::parse("https://api.example.com/v1.0/look").unwrap();
        let sent_after = |cookies: &[&str]| {
            let imported = ["sid", "cart"].map(|name| (name.to_owned(), Secret::from("1")));
            let mut jar = CookieJar::from_values(&url, imported.to_vec()).unwrap();
            let before = jar.clone();
            for cookie in cookies {
                jar.merge(&set([cookie.as_bytes()]), &url, now());
            }
            // What another instance writes over its own copy.
            let merged = before.clone().with_changes(&before, &jar);
            let values = |jar: CookieJar| {
                let values = jar.into_values(now()).into_iter();
                let values = values.map(|(name, value)| format!("{name}={}", value.expose()));
                values.collect::<Vec<_>>().join("; ")
            };
            assert_eq!(values(merged), values(jar.clone()));
            values(jar)
        };
        let domain = "Domain=example.com; Path=/";
        let set = format!("sid=2; {domain}");
        assert_eq!(sent_after(&[&set]), "cart=1; sid=2");
        let again = format!("sid=3; {domain}");
        assert_eq!(sent_after(&[&set, &again]), "cart=1; sid=3");
        let removed = format!("sid=; Max-Age=0; {domain}");
        assert_eq!(sent_after(&[&removed]), "cart=1");
        assert_eq!(sent_after(&[&set, &removed]), "cart=1");
        assert_eq!(sent_after(&["sid=2; Path=/"]), "sid=2; cart=1");
        // One for some paths only leaves the others what they have.
        assert_eq!(sent_after(&["sid=2; Path=/v1.0"]), "sid=2; sid=1; cart=1");
        // Both are the server's own.
        let own = "sid=4; Path=/";
        assert_eq!(sent_after(&[own, &set]), "sid=4; cart=1; sid=2");
    }

    #[test]
    fn imported_cookies_are_bounded() {
        let url = Url::parse("https://api.example.com").unwrap();
        let big = vec![("sid".to_owned(), Secret::from("x".repeat(MAX_JAR_BYTES)))];
        let error = CookieJar::from_values(&url, big).err().unwrap();
        assert_eq!(error.field(), Some("cookies"));
    }

    #[test]
    fn a_jar_is_bounded_in_bytes_and_a_replaced_cookie_does_not_count() {
        let (mut jar, url) = jar_of("api.example.com");
        let mut merge = |name: &str, length: usize| {
            let cookie = format!("{name}={}", "x".repeat(length));
            let merged = jar.merge(&set([cookie.as_bytes()]), &url, now());
            (merged.has_changed, jar.cookies.len())
        };
        for number in 0..8 {
            assert_eq!(merge(&format!("c{number}"), 4_000), (true, number + 1));
        }
        assert_eq!(merge("c8", 4_000), (false, 8));
        assert_eq!(merge("c7", 10), (true, 8));
        assert_eq!(merge("c8", 3_000), (true, 9));
    }

    #[test]
    fn a_domain_is_the_host_or_one_that_the_host_is_in() {
        for (host, domain, is_kept) in [
            ("api.example.com", "example.com", true),
            ("api.example.com", ".example.com", true),
            ("api.example.com", "EXAMPLE.com", true),
            ("api.example.com", "api.example.com", true),
            ("api.example.com", "example.com.", true),
            ("api.example.com.", "example.com", true),
            ("api.example.com.", "api.example.com.", true),
            ("api.m\u{fc}nchen.example", "m\u{fc}nchen.example", true),
            ("api.example.com", "xn--example.com", false),
            ("api.example.com", "ample.com", false),
            ("api.example.com", "other.example.com", false),
            ("api.example.com", "v1.api.example.com", false),
            ("api.example.com", "..example.com", false),
            ("api.example.com", "com", false),
            ("api.example.com", ".com", false),
            ("api.example.com", "com.", false),
            ("api.example.com", "a b", false),
            ("localhost", "localhost", true),
            ("api.localhost", "localhost", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "0.0.1", false),
            ("127.0.0.1", "1", false),
            ("[::1]", "[::1]", true),
            ("[::1]", "1]", false),
        ] {
            let (mut jar, url) = jar_of(host);
            let cookie = format!("a=b; Domain={domain}");
            let merged = jar.merge(&set([cookie.as_bytes()]), &url, now());
            assert_eq!(merged.has_changed, is_kept, "{domain} of {host}");
            let issues: Vec<_> = merged.issues().collect();
            let expected = (!is_kept).then_some((CookieIssue::Domain, 1));
            assert_eq!(issues, expected.into_iter().collect::<Vec<_>>(), "{domain}");
        }
    }

    #[test]
    fn the_default_path_is_the_folder_of_the_request() {
        for (request, path) in [
            ("/", "/"),
            ("", "/"),
            ("/look", "/"),
            ("/cart/look", "/cart"),
            ("/cart/", "/cart"),
            ("/cart//look", "/cart/"),
        ] {
            assert_eq!(default_path(request), path, "{request}");
        }
    }

    #[test]
    fn a_stored_jar_keeps_every_byte() {
        let (mut jar, url) = jar_of("api.example.com");
        let value: Vec<u8> = (0x20..=0xff)
            .filter(|byte| !b";\x7f ".contains(byte))
            .collect();
        let cookie = [b"n\xfc=", value.as_slice(), b"; Path=/cart/\xff"].concat();
        jar.merge(&set([cookie.as_slice()]), &url, now());
        let stored = serde_json::to_string(&jar).unwrap();
        let restored: CookieJar = serde_json::from_str(&stored).unwrap();
        assert!(restored == jar);
        let kept = &restored.cookies[0];
        assert_eq!(bytes(kept.value.expose()).collect::<Vec<_>>(), value);
        assert_eq!(bytes(&kept.name).collect::<Vec<_>>(), b"n\xfc");
        assert_eq!(bytes(&kept.path).collect::<Vec<_>>(), b"/cart/\xff");
    }
}

//! The cookies of one signed-in user. A jar belongs to one session and is never shared.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use cookie::{Cookie, Expiration};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::{
    Attempt, Authorization, CredentialGeneration, Deadline, Operation, SessionCredential,
};
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// More than any server should set; a jar must not grow without bound.
const MAX_COOKIES: usize = 64;
const MAX_COOKIE_BYTES: usize = 4096;

/// Names and values together: servers refuse headers that are much larger.
const MAX_JAR_BYTES: usize = 32 * 1024;

/// Cookies of one host, merged by name, domain and path.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CookieJar {
    host: String,
    cookies: Vec<Stored>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Stored {
    name: String,
    value: Secret,
    domain: String,
    path: String,
    secure: bool,
    expires: Option<DateTime<Utc>>,
}

impl Stored {
    fn bytes(&self) -> usize {
        self.name.len() + self.value.expose().len()
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

    /// A jar of cookies that were got elsewhere, by name and value, for the whole of `base`.
    pub(crate) fn of_values(base: &Url, cookies: Vec<(String, Secret)>) -> Result<Self, Error> {
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
            jar.cookies.push(Stored {
                name,
                value,
                domain: jar.host.clone(),
                path: "/".to_owned(),
                secure: false,
                expires: None,
            });
        }
        if jar.cookies.is_empty() || jar.cookies.len() > MAX_COOKIES {
            return Err(Error::invalid(
                "cookies",
                "must be at least one and at most 64",
            ));
        }
        Ok(jar)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }

    /// This jar with what has changed from `before` to `after`: cookies that were set or removed.
    pub(crate) fn with_changes(mut self, before: &Self, after: &Self) -> Self {
        for cookie in &before.cookies {
            if after.place_of_same(cookie).is_none()
                && let Some(at) = self.place_of_same(cookie)
            {
                self.cookies.remove(at);
            }
        }
        for cookie in &after.cookies {
            if !before.cookies.contains(cookie) {
                self.put(cookie.clone());
            }
        }
        self
    }

    fn place_of_same(&self, cookie: &Stored) -> Option<usize> {
        self.place_of(&cookie.name, &cookie.domain, &cookie.path)
    }

    /// A jar of the same host without a cookie.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            host: self.host.clone(),
            cookies: Vec::new(),
        }
    }

    /// Puts a cookie in the place of the one that it replaces, or beside the others if there is
    /// room; answers whether that changed anything.
    fn put(&mut self, cookie: Stored) -> bool {
        let at = self.place_of_same(&cookie);
        let replaced = at.map(|at| &self.cookies[at]);
        let bytes: usize = self.cookies.iter().map(Stored::bytes).sum();
        let bytes = bytes - replaced.map_or(0, Stored::bytes) + cookie.bytes();
        let is_full = at.is_none() && self.cookies.len() >= MAX_COOKIES;
        if is_full || bytes > MAX_JAR_BYTES || replaced == Some(&cookie) {
            return false;
        }
        match at {
            Some(at) => self.cookies[at] = cookie,
            None => self.cookies.push(cookie),
        }
        true
    }

    fn place_of(&self, name: &str, domain: &str, path: &str) -> Option<usize> {
        self.cookies
            .iter()
            .position(|known| known.name == name && known.domain == domain && known.path == path)
    }

    /// Takes in what a server set; answers whether that changed anything.
    pub(crate) fn merge(&mut self, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
        // What is over would take the place of what comes.
        let before = self.cookies.len();
        self.cookies
            .retain(|cookie| cookie.expires.is_none_or(|end| end > now));
        let mut changed = self.cookies.len() != before;
        for value in headers.get_all(header::SET_COOKIE) {
            let Ok(text) = value.to_str() else { continue };
            if text.len() > MAX_COOKIE_BYTES {
                continue;
            }
            let Ok(cookie) = Cookie::parse(text) else {
                continue;
            };
            changed |= self.take(&cookie, now);
        }
        changed
    }

    fn take(&mut self, cookie: &Cookie<'_>, now: DateTime<Utc>) -> bool {
        let domain = cookie
            .domain()
            .map_or_else(|| self.host.clone(), |domain| domain.to_ascii_lowercase());
        if self.host != domain && !self.host.ends_with(&format!(".{domain}")) {
            return false;
        }
        let path = cookie
            .path()
            .filter(|path| path.starts_with('/'))
            .unwrap_or("/");
        let expires = expiry(cookie, now);
        let at = self.place_of(cookie.name(), &domain, path);
        if expires.is_some_and(|end| end <= now) {
            return at.map(|at| self.cookies.remove(at)).is_some();
        }
        self.put(Stored {
            name: cookie.name().to_owned(),
            value: Secret::from(cookie.value()),
            domain,
            path: path.to_owned(),
            secure: cookie.secure().unwrap_or(false),
            expires,
        })
    }

    /// Puts the cookies that belong to the attempt's URL into its header.
    pub(crate) fn attach(&self, attempt: &mut Attempt, now: DateTime<Utc>) -> Result<(), Error> {
        let mut text = String::new();
        for cookie in &self.cookies {
            let live = cookie.expires.is_none_or(|end| end > now);
            let allowed = !cookie.secure || attempt.url.scheme() == "https";
            if live && allowed && path_matches(attempt.url.path(), &cookie.path) {
                if !text.is_empty() {
                    text.push_str("; ");
                }
                text.push_str(&cookie.name);
                text.push('=');
                text.push_str(cookie.value.expose());
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        attempt.set_secret_header(header::COOKIE, &text)
    }
}

fn expiry(cookie: &Cookie<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(age) = cookie.max_age() {
        return DateTime::from_timestamp(now.timestamp().saturating_add(age.whole_seconds()), 0);
    }
    match cookie.expires()? {
        Expiration::DateTime(end) => DateTime::from_timestamp(end.unix_timestamp(), 0),
        Expiration::Session => None,
    }
}

/// RFC 6265, section 5.1.4.
fn path_matches(request: &str, cookie: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// The jar of a sign-in that is not finished, for one call.
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

    /// What was collected so far.
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

    fn attach(&self, attempt: &mut Attempt, _even_stale: bool) -> Result<Authorization, Error> {
        self.lock().attach(attempt, self.time.now())?;
        Ok(Authorization::Nothing)
    }

    fn refresh(
        &self,
        _stamp: CredentialGeneration,
        _deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        let message = "the sign-in is not finished";
        let error = Error::new(ErrorKind::SignInAgain, message).of(System::Fynd);
        Box::pin(std::future::ready(Err(error)))
    }

    fn observe<'a>(&'a self, headers: &'a HeaderMap) -> Option<BoxFuture<'a, ()>> {
        self.lock().merge(headers, self.time.now());
        None
    }

    fn end(&self, _stamp: CredentialGeneration, _why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_full_jar_gives_the_place_of_a_cookie_that_is_over_to_a_new_one() {
        let set = |texts: &[String]| {
            let values = texts
                .iter()
                .map(|text| (header::SET_COOKIE, HeaderValue::from_str(text).unwrap()));
            values.collect::<HeaderMap>()
        };
        let mut jar = CookieJar::new(&Url::parse("https://api.example.com").unwrap());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let short_lived: Vec<_> = (0..MAX_COOKIES)
            .map(|number| format!("c{number}=1; Max-Age=60"))
            .collect();
        assert!(jar.merge(&set(&short_lived), now));
        let new = set(&["session=1".to_owned()]);
        assert!(!jar.merge(&new, now));
        assert!(jar.merge(&new, now + chrono::TimeDelta::seconds(61)));
        assert_eq!(jar.cookies.len(), 1);
    }

    #[test]
    fn a_jar_is_bounded_in_bytes_too_and_a_cookie_is_replaced_in_its_place() {
        let set = |name: &str, length: usize| {
            let value = format!("{name}={}", "x".repeat(length));
            let value = HeaderValue::from_str(&value).unwrap();
            HeaderMap::from_iter([(header::SET_COOKIE, value)])
        };
        let mut jar = CookieJar::new(&Url::parse("https://api.example.com").unwrap());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for number in 0..8 {
            assert!(jar.merge(&set(&format!("c{number}"), 4_000), now));
        }
        assert!(!jar.merge(&set("c8", 4_000), now));
        assert!(jar.merge(&set("c7", 10), now));
        assert!(jar.merge(&set("c8", 3_000), now));
        assert_eq!(jar.cookies.len(), 9);
    }
}

//! The cookies of one signed-in user. A jar belongs to one session and is never shared.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use cookie::{Cookie, Expiration};
use http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::BoxFuture;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::{
    Attempt, Authorization, CredentialGeneration, Deadline, Operation, SessionCredential,
};
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// Bounds of a jar, so that no server can make it grow without limit.
const MAX_COOKIES: usize = 64;
const MAX_COOKIE_BYTES: usize = 4096;

/// Upper bound for all names and values: servers refuse much larger headers.
const MAX_JAR_BYTES: usize = 32 * 1024;

/// Cookies of one host, merged by name, domain and path.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CookieJar {
    host: String,
    cookies: Vec<StoredCookie>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct StoredCookie {
    name: String,
    value: Secret,
    domain: String,
    path: String,
    secure: bool,
    expires: Option<DateTime<Utc>>,
}

impl StoredCookie {
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
                self.insert(cookie.clone());
            }
        }
        self
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
    fn insert(&mut self, cookie: StoredCookie) -> bool {
        let at = self.position_of(&cookie);
        let replaced = at.map(|at| &self.cookies[at]);
        let bytes: usize = self.cookies.iter().map(StoredCookie::bytes).sum();
        let bytes = bytes - replaced.map_or(0, StoredCookie::bytes) + cookie.bytes();
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

    fn position(&self, name: &str, domain: &str, path: &str) -> Option<usize> {
        self.cookies
            .iter()
            .position(|known| known.name == name && known.domain == domain && known.path == path)
    }

    /// Merges the cookies that a server set; returns whether the jar changed.
    pub(crate) fn merge(&mut self, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
        // Expired cookies would count towards the bounds.
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
            changed |= self.apply(&cookie, now);
        }
        changed
    }

    fn apply(&mut self, cookie: &Cookie<'_>, now: DateTime<Utc>) -> bool {
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
        let at = self.position(cookie.name(), &domain, path);
        if expires.is_some_and(|end| end <= now) {
            return at.map(|at| self.cookies.remove(at)).is_some();
        }
        self.insert(StoredCookie {
            name: cookie.name().to_owned(),
            value: Secret::from(cookie.value()),
            domain,
            path: path.to_owned(),
            secure: cookie.secure().unwrap_or(false),
            expires,
        })
    }

    /// Sets the `Cookie` header to the cookies that match the attempt's URL.
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

    fn observe<'a>(&'a self, headers: &'a HeaderMap) -> Option<BoxFuture<'a, ()>> {
        self.lock().merge(headers, self.time.now());
        None
    }

    fn end(&self, _generation: CredentialGeneration, _reason: EndReason) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_full_jar_replaces_an_expired_cookie_by_a_new_one() {
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
    fn a_jar_is_bounded_in_bytes_and_a_replaced_cookie_does_not_count() {
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

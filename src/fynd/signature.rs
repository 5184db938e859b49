//! The signature of requests: an HMAC over the request with a public key, in effect a checksum.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::secret::Secret;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};
use url::Url;

use crate::error::{Error, System};

/// The key of the official clients. It is public, so it is not a secret.
pub(super) const PUBLIC_KEY: &str = "1234567";
/// The release of the official clients whose signature scheme this is.
pub(super) const SDK_VERSION: &str = "3.31.0";

pub(super) const SDK_VERSION_HEADER: &str = "x-fp-sdk-version";
pub(super) const DATE_HEADER: &str = "x-fp-date";
pub(super) const SIGNATURE_HEADER: &str = "x-fp-signature";

/// The characters that are percent-encoded in a segment of the canonical path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Headers that are never signed.
const UNSIGNED: &[&str] = &[
    SIGNATURE_HEADER,
    "authorization",
    "connection",
    "x-amzn-trace-id",
    "user-agent",
    "expect",
    "presigned-expires",
    "range",
];

/// The input of the signature in `x-fp-signature`. `Debug` shows none of it, because URL and body
/// contain data of the user.
///
/// ```
/// use vestibule::fynd::{SignatureInput, sign};
///
/// let date = "2024-03-05T06:07:08Z".parse().expect("a date");
/// let url = "https://api.fynd.com/service/application/user/authentication/v1.0/session";
/// let input = SignatureInput::new(&http::Method::GET, url, date)?;
/// assert_eq!(
///     sign(&input),
///     "v1.1:57e6a92468e505f27adfe027c72a4c93f35e7a1cd97a7487680b2df567377d40",
/// );
/// # Ok::<(), vestibule::Error>(())
/// ```
#[derive(Clone)]
pub struct SignatureInput<'a> {
    method: &'a Method,
    url: Cow<'a, Url>,
    /// The path as it was written: parsing a URL resolves dot segments in another way.
    path: Cow<'a, str>,
    /// The signed headers, by name in lower case.
    headers: BTreeMap<String, String>,
    body: &'a [u8],
    key: &'a str,
}

impl fmt::Debug for SignatureInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::SignatureInput")
    }
}

impl<'a> SignatureInput<'a> {
    /// Creates the input for a request without body to an absolute `url`, including its query, sent
    /// at `date` with the default SDK version and the public key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `url` if it is not
    /// absolute.
    pub fn new(method: &'a Method, url: &str, date: DateTime<Utc>) -> Result<Self, Error> {
        let parsed = Url::parse(url).ok().filter(Url::has_host).ok_or_else(|| {
            let right = "must be absolute, such as `https://api.fynd.com/path?name=value`";
            Error::invalid("url", right).of(System::Fynd)
        })?;
        let path = Cow::Owned(written_path(url).to_owned());
        let input = Self::of(method, Cow::Owned(parsed), path, PUBLIC_KEY);
        Ok(input
            .with_header(DATE_HEADER, &date_text(date))
            .with_header(SDK_VERSION_HEADER, SDK_VERSION))
    }

    /// The input for a request that is about to be sent; its headers contain date and version.
    pub(super) fn of_sent(
        method: &'a Method,
        url: &'a Url,
        headers: &HeaderMap,
        body: &'a [u8],
        key: &'a str,
    ) -> Self {
        let path = Cow::Borrowed(url.path());
        let input = Self::of(method, Cow::Borrowed(url), path, key).body(body);
        headers.iter().fold(input, |input, (name, value)| {
            input.with_header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
        })
    }

    fn of(method: &'a Method, url: Cow<'a, Url>, path: Cow<'a, str>, key: &'a str) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Self {
            method,
            url,
            path,
            headers: BTreeMap::from([("host".to_owned(), host)]),
            body: &[],
            key,
        }
    }

    /// Sets the body, byte for byte as it is sent.
    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Sets the `x-fp-sdk-version` that is sent.
    pub fn sdk_version(self, version: &str) -> Self {
        self.with_header(SDK_VERSION_HEADER, version)
    }

    /// Sets the key; the public one by default.
    pub fn key(mut self, key: &'a Secret) -> Self {
        self.key = key.expose();
        self
    }

    /// Sets a header as it is sent, replacing an earlier one of the same name. Headers that the
    /// signature does not cover are ignored, so all headers of a request can be passed.
    pub fn header(self, name: HeaderName, value: &str) -> Self {
        self.with_header(name.as_str(), value)
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let signed = name.contains("x-fp-") || name.contains("host");
        if signed && !UNSIGNED.contains(&name.as_str()) {
            let value: Vec<_> = value.split_whitespace().collect();
            self.headers.insert(name, value.join(" "));
        }
        self
    }

    /// The canonical request: method, path, query, headers, their names and the digest of the body.
    /// It contains the query in plain text.
    pub fn canonical_request(&self) -> String {
        let mut lines: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        lines.sort();
        let names: Vec<_> = self.headers.keys().map(String::as_str).collect();
        let body = match *self.method {
            Method::GET => &[],
            _ => self.body,
        };
        [
            self.method.as_str(),
            &canonical_path(&self.path),
            &canonical_query(&self.url),
            &lines.join("\n"),
            "",
            &names.join(";"),
            &crate::hex::encode(&Sha256::digest(body)),
        ]
        .join("\n")
    }

    /// The text that is signed: the date and the digest of the canonical request.
    pub fn string_to_sign(&self) -> String {
        let date = self.headers.get(DATE_HEADER).map_or("", String::as_str);
        let digest = Sha256::digest(self.canonical_request());
        format!("{date}\n{}", crate::hex::encode(&digest))
    }
}

/// Computes the value of `x-fp-signature` for a request.
///
/// The signature is not a secret and does not authenticate the caller. It depends only on the
/// input: equal requests of the same second have equal signatures.
pub fn sign(input: &SignatureInput<'_>) -> String {
    // HMAC accepts keys of any length, so this cannot fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(input.key.as_bytes()) else {
        return String::new();
    };
    mac.update(input.string_to_sign().as_bytes());
    format!("v1.1:{}", crate::hex::encode(&mac.finalize().into_bytes()))
}

/// Formats a time for `x-fp-date`.
pub(super) fn date_text(date: DateTime<Utc>) -> String {
    date.format("%Y%m%dT%H%M%SZ").to_string()
}

/// The path of an absolute URL, with its dot segments.
fn written_path(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = after_scheme.find(['?', '#']).unwrap_or(after_scheme.len());
    let before_query = &after_scheme[..end];
    before_query
        .find('/')
        .map_or("/", |start| &before_query[start..])
}

fn canonical_path(path: &str) -> String {
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        let plain: Cow<'_, [u8]> = percent_decode_str(segment).into();
        match &*plain {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            plain => segments.push(percent_encode(plain, SEGMENT).to_string()),
        }
    }
    format!("/{}", segments.join("/"))
}

fn canonical_query(url: &Url) -> String {
    let mut pairs: Vec<_> = url
        .query_pairs()
        .filter(|(name, _)| name != SIGNATURE_HEADER)
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

//! The base URL of a client.

use std::sync::{PoisonError, RwLock};

use url::{Host, Url};

use super::operation::Operation;
use crate::error::Error;

/// A checked base URL, kept parsed.
#[derive(Debug)]
pub(crate) struct BaseUrl {
    url: Url,
    /// The URLs of operations without path parameters, by their path. Building one takes ten times
    /// as long as cloning it.
    known: RwLock<Vec<(String, Url)>>,
}

impl BaseUrl {
    /// Parses and checks a base URL: it must have a host, no query, fragment or user, and use https
    /// unless the host is loopback or plain http is allowed.
    pub(crate) fn parse(text: &str, allow_plain_http: bool) -> Result<Self, Error> {
        let right = "must be an absolute URL such as `https://api.example.com`";
        let url = Url::parse(text).map_err(|_| Error::invalid("base_url", right))?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(Error::invalid("base_url", right)),
        };
        if url.host().is_none() {
            return Err(Error::invalid("base_url", right));
        }
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(Error::invalid(
                "base_url",
                "must not have a user, a query or a fragment",
            ));
        }
        if plain && !allow_plain_http && !is_loopback(&url) {
            return Err(Error::invalid(
                "base_url",
                "must use https unless the host is loopback or plain http is allowed",
            ));
        }
        Ok(Self {
            url,
            known: RwLock::default(),
        })
    }

    /// Appends a setting of the client to the base path.
    ///
    /// `template` comes from the document, such as `/{tenant}`; the caller has validated the value.
    pub(crate) fn with_start_of_path(mut self, template: &str, name: &str, value: &str) -> Self {
        let start = template.replace(&format!("{{{name}}}"), value);
        let path = format!("{}{start}", self.url.path().trim_end_matches('/'));
        self.url.set_path(&path);
        self
    }

    /// The URL of a percent-encoded path of an operation.
    pub(crate) fn of(&self, operation: &Operation, path: &str) -> Url {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, url)) = known.iter().find(|(known, _)| known == path) {
                return url.clone();
            }
        }
        let url = self.below(path);
        // Only paths without parameters end their template, so the cache is no larger than the list
        // of operations.
        if operation.path.ends_with(path) {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if known.iter().all(|(known, _)| known != path) {
                known.push((path.to_owned(), url.clone()));
            }
        }
        url
    }

    /// The URL of a percent-encoded path below this one.
    fn below(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }

    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    pub(crate) fn is_plain_http(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The host, for telemetry.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

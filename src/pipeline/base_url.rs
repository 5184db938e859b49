//! Where a client's requests go.

use std::sync::{PoisonError, RwLock};

use url::{Host, Url};

use super::operation::Operation;
use crate::error::Error;

/// A checked base URL, kept parsed.
#[derive(Debug)]
pub(crate) struct BaseUrl {
    url: Url,
    /// The URLs of operations without parameters in their path, by that path. To build one takes
    /// ten times as long as to copy it.
    known: RwLock<Vec<(String, Url)>>,
}

impl BaseUrl {
    /// Checks a base URL: scheme and host, https off loopback, no query, fragment or user.
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
                "must use https: plain http is for loopback, or must be allowed explicitly",
            ));
        }
        Ok(Self {
            url,
            known: RwLock::default(),
        })
    }

    /// Puts the settings of the client into the start of every path.
    ///
    /// `template` is the document's, such as `/{tenant}`; the value must be checked before.
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
        // A path with a parameter is as good as never the end of its template, so there are no more
        // of these than operations.
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

    /// The host, as telemetry shows it.
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

//! The base URL of a client.

use std::sync::{PoisonError, RwLock};

use url::{Host, Url};

use super::operation::Operation;
use crate::error::Error;

/// A checked base URL, kept parsed.
#[derive(Debug)]
pub(crate) struct BaseUrl {
    url: Url,
    moved: Option<MovedPaths>,
    /// The URLs of operations without path parameters. Building one takes ten times as long as cloning
    /// it.
    known: RwLock<Vec<KnownUrl>>,
}

/// The URL of an operation without path parameters.
#[derive(Debug)]
struct KnownUrl {
    /// Relative to the base URL.
    path: String,
    /// A custom request may have the same path, which is not moved.
    is_moved: bool,
    url: Url,
}

/// Operations whose paths start at this server in another way than the document says.
#[derive(Debug)]
struct MovedPaths {
    /// How the documented paths start: with settings of the client, which a relative path lacks, and
    /// with what is replaced.
    documented: &'static str,
    /// What the relative paths start with.
    relative: &'static str,
    /// How the paths start at this server, from the root on.
    start: String,
}

impl MovedPaths {
    /// What follows the replaced start in the path of an operation; `None` if it is not moved.
    fn rest_of<'a>(&self, operation: &Operation, path: &'a str) -> Option<&'a str> {
        let documented = operation.path.strip_prefix(self.documented)?;
        let rest = path.strip_prefix(self.relative)?;
        documented.starts_with('/').then_some(rest)
    }
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
            moved: None,
            known: RwLock::default(),
        })
    }

    /// Moves the operations whose documented paths start with `documented`, of which `settings` is the
    /// part that a relative path lacks, to paths that start with `start` below the base path. Called
    /// before settings are appended to that.
    #[cfg(feature = "wunder")]
    pub(crate) fn with_moved_paths(
        mut self,
        settings: &'static str,
        documented: &'static str,
        start: &str,
    ) -> Self {
        self.moved = Some(MovedPaths {
            documented,
            relative: documented.strip_prefix(settings).unwrap_or(documented),
            start: format!("{}{start}", self.url.path().trim_end_matches('/')),
        });
        self
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
        let moved = self.moved.as_ref();
        let moved =
            moved.and_then(|moved| moved.rest_of(operation, path).map(|rest| (moved, rest)));
        let is_this = |known: &KnownUrl| known.path == path && known.is_moved == moved.is_some();
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.iter().find(|known| is_this(known)) {
                return known.url.clone();
            }
        }
        let mut url = self.url.clone();
        url.set_path(&match moved {
            Some((moved, rest)) => format!("{}{rest}", moved.start),
            None => format!("{}{path}", self.url.path().trim_end_matches('/')),
        });
        // Only paths without parameters end their template, so the cache is no larger than the list
        // of operations.
        if operation.path.ends_with(path) {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if !known.iter().any(is_this) {
                known.push(KnownUrl {
                    path: path.to_owned(),
                    is_moved: moved.is_some(),
                    url: url.clone(),
                });
            }
        }
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

//! Who may use the control API.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, StatusCode, header};

use super::error::ControlError;
use crate::secret::Secret;
use crate::testing::AllowedOrigin;

/// The shortest token, in characters.
const MIN_TOKEN: usize = 16;

/// Who may use the control API of a mock.
///
/// A web page of another origin may not, so that no page in a browser on the same machine reads codes or
/// changes the mock: the `Host` of a request must be an IP address, `localhost` or an
/// [allowed](Self::allow_host) name, and its `Origin`, if it has one, the mock itself or the origin of
/// [`MockSettings::allow_origin`](crate::testing::MockSettings::allow_origin) (but not `*`). A token keeps
/// out all others who reach the port.
///
/// ```
/// use vestibule::testing::{ControlAccess, GoodCity, MockSettings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let access = ControlAccess::new().token("not-a-real-token-1".into())?;
/// let mock = GoodCity::serve(MockSettings::new().control(access)).await?;
/// assert!(mock.control().is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "it has no effect until it is passed to `MockSettings::control`"]
pub struct ControlAccess {
    token: Option<Secret>,
    hosts: Vec<String>,
}

impl fmt::Debug for ControlAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlAccess")
            .field("token", &self.token)
            .field("hosts", &self.hosts)
            .finish()
    }
}

impl ControlAccess {
    /// Everything on this machine but web pages of other origins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires this token, as `Authorization: Bearer TOKEN`, from every control request. The page at
    /// `/__mock/` asks for it.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if the token has fewer than 16 characters, or others than visible
    /// ASCII characters.
    pub fn token(mut self, token: Secret) -> io::Result<Self> {
        let text = token.expose();
        if text.len() < MIN_TOKEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = "a control token must have at least 16 characters, all of them visible ASCII \
                           characters";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.token = Some(token);
        Ok(self)
    }

    /// Allows requests to this host name, such as the name of a container.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] if it is no host name: letters, digits, dots, hyphens and
    /// underscores, without a scheme and without a port.
    pub fn allow_host(mut self, name: &str) -> io::Result<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_plain) {
            let message = "a host must be a name such as mock.internal, without scheme and port";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        self.hosts.push(name.to_ascii_lowercase());
        Ok(self)
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Refuses what a web page of another origin sends, also one whose host name leads to this machine
    /// (DNS rebinding).
    pub(super) fn check_page(
        &self,
        headers: &HeaderMap,
        allowed: Option<&AllowedOrigin>,
    ) -> Result<(), ControlError> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        let host = text(header::HOST).unwrap_or_default();
        if !self.is_own_host(host) {
            let detail = "the Host of a control request must be an IP address, localhost or an allowed \
                          name: `--allow-host NAME` of vestibule-mock allows one";
            return Err(ControlError::new(StatusCode::FORBIDDEN, detail));
        }
        let Some(origin) = text(header::ORIGIN) else {
            return Ok(());
        };
        let is_own = ["http://", "https://"].iter().any(|scheme| {
            let authority = origin.strip_prefix(scheme);
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        });
        if is_own || allowed.is_some_and(|allowed| allowed.is(origin)) {
            return Ok(());
        }
        let detail = "web pages of another origin may not use the control API, but for the one origin \
                      that the mock allows: `--cors ORIGIN` of vestibule-mock, other than `*`";
        Err(ControlError::new(StatusCode::FORBIDDEN, detail))
    }

    /// Requires the token, if there is one.
    pub(super) fn check_token(&self, headers: &HeaderMap) -> Result<(), ControlError> {
        let Some(token) = &self.token else {
            return Ok(());
        };
        let presented = headers.get(header::AUTHORIZATION);
        let presented = presented.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        match presented {
            Some(presented) if Secret::from(presented) == *token => Ok(()),
            _ => {
                let detail = "the control API requires its token, as `Authorization: Bearer TOKEN`";
                let error = ControlError::new(StatusCode::UNAUTHORIZED, detail);
                Err(error.header("www-authenticate", "Bearer"))
            }
        }
    }

    /// A page can make any name of its own lead here, but no IP address, and no name below `localhost`.
    fn is_own_host(&self, host: &str) -> bool {
        let (name, port) = match host.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("localhost", port),
                _ => return false,
            },
            None => match host.find(':') {
                Some(at) => host.split_at(at),
                None => (host, ""),
            },
        };
        let is_port = port.is_empty()
            || port
                .strip_prefix(':')
                .is_some_and(|port| port.parse::<u16>().is_ok());
        let name = name.to_ascii_lowercase();
        is_port
            && (name == "localhost"
                || name.ends_with(".localhost")
                || name.parse::<Ipv4Addr>().is_ok()
                || self.hosts.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::MockSettings;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_hosts_that_no_page_can_take_over_are_own_hosts() {
        let access = ControlAccess::new().allow_host("Mock.internal").unwrap();
        for (host, is_own) in [
            ("127.0.0.1:4001", true),
            ("10.0.0.7", true),
            ("[::1]:4001", true),
            ("localhost:4001", true),
            ("LOCALHOST", true),
            ("wunder.localhost:4001", true),
            ("mock.internal:4001", true),
            ("", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("evillocalhost", false),
            ("127.0.0.1.evil.example", false),
            ("127.0.0.1:port", false),
            ("[evil]", false),
            ("mock.internal.evil.example", false),
        ] {
            assert_eq!(access.is_own_host(host), is_own, "{host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let access = ControlAccess::new();
        let one = MockSettings::new().allow_origin("http://localhost:3000");
        let one = one.unwrap().origin;
        let any = MockSettings::new().allow_origin("*").unwrap().origin;
        for (origin, allowed, may) in [
            (None, None, true),
            (Some("http://127.0.0.1:4001"), None, true),
            (Some("http://127.0.0.1:4002"), None, false),
            (Some("http://evil.example"), None, false),
            (Some("null"), None, false),
            (Some("http://localhost:3000"), one.as_ref(), true),
            (Some("http://localhost:3001"), one.as_ref(), false),
            (Some("http://evil.example"), any.as_ref(), false),
            (Some("*"), any.as_ref(), false),
        ] {
            let mut pairs = vec![("host", "127.0.0.1:4001")];
            pairs.extend(origin.map(|origin| ("origin", origin)));
            let checked = access.check_page(&headers(&pairs), allowed);
            assert_eq!(checked.is_ok(), may, "{origin:?}: {checked:?}");
        }
    }

    #[test]
    fn a_token_is_long_and_presented_as_bearer() {
        for short in [
            "",
            "fifteen-letters",
            "sixteen letters!",
            "sechzehn-zeichen-ü",
        ] {
            assert!(ControlAccess::new().token(short.into()).is_err(), "{short}");
        }
        let access = ControlAccess::new()
            .token("not-a-real-token-1".into())
            .unwrap();
        assert!(!format!("{access:?}").contains("not-a-real"));
        for (value, may) in [
            ("Bearer not-a-real-token-1", true),
            ("Bearer not-a-real-token-2", false),
            ("Bearer ", false),
            ("not-a-real-token-1", false),
        ] {
            let checked = access.check_token(&headers(&[("authorization", value)]));
            assert_eq!(checked.is_ok(), may, "{value}");
        }
        let missing = access.check_token(&HeaderMap::new()).unwrap_err();
        assert_eq!(missing.http_status(), 401);
    }
}

//! Cross-site request forgery protection.
//!
//! `SameSite=Lax` keeps the cookie out of posts from other sites. This check also covers a sibling
//! domain, which is the same site, and the first post of a browser, which has no cookie yet.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::routes::PageError;

/// Refuses a request that is not read-only unless it comes from a page of this host.
pub async fn check(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    let what = "This form came from another page. Open this site yourself and try again.";
    PageError::new(StatusCode::FORBIDDEN, what).into_response()
}

/// Browsers send `Sec-Fetch-Site` over https and to the loopback, and `Origin` with every post.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name)?.to_str().ok();
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let origin: Option<Uri> = origin.parse().ok();
    let authority = origin.as_ref().and_then(Uri::authority);
    authority.is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::is_same_origin;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_a_page_of_this_host_may_post() {
        let host = ("host", "example.org");
        for own in [
            [host, ("sec-fetch-site", "same-origin")],
            [host, ("origin", "https://example.org")],
        ] {
            assert!(is_same_origin(&headers(&own)), "{own:?}");
        }
        for foreign in [
            [host, ("sec-fetch-site", "same-site")],
            [host, ("sec-fetch-site", "cross-site")],
            [host, ("sec-fetch-site", "none")],
            [host, ("origin", "https://login.example.org")],
            [host, ("origin", "https://example.org.evil.example")],
            [host, ("origin", "https://example.org:8443")],
            [host, ("origin", "null")],
            [host, ("accept", "*/*")],
        ] {
            assert!(!is_same_origin(&headers(&foreign)), "{foreign:?}");
        }
    }
}

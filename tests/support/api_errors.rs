//! A common view of the systems' own errors.

use serde_json::Value;
use vestibule::{Error, fynd, goodcity, walletcrew, wunder};

/// A system's own error.
pub struct ApiErrorView {
    /// Its shape, reason, code or family.
    pub what: String,
    /// The body, if its type keeps it.
    pub body: Option<Value>,
    /// The `Debug` and `Display` output.
    pub debug: String,
}

/// The system's typed error in an error.
pub fn api_error(system: &str, error: &Error) -> Option<ApiErrorView> {
    macro_rules! refused {
        ($api_error:ty, |$it:ident| $what:expr, $body:expr) => {{
            let $it = error.api_error::<$api_error>()?;
            Some(ApiErrorView {
                what: $what,
                body: $body,
                debug: format!("{:?} {:#?} {}", $it, $it, $it),
            })
        }};
    }
    let json = |body: serde_json::Result<Value>| Some(body.expect("a body is JSON"));
    match system {
        "goodcity" => refused!(
            goodcity::ApiError,
            |it| format!("{:?}", it.shape()),
            it.expose_body()
                .and_then(|body| json(serde_json::to_value(body)))
        ),
        "walletcrew" => refused!(
            walletcrew::ApiError,
            |it| format!("{:?}", it.reason()),
            json(serde_json::to_value(it.expose_problem()))
        ),
        "fynd" => refused!(
            fynd::ApiError,
            |it| it.code().to_owned(),
            json(serde_json::to_value(it.expose_body()))
        ),
        "wunder" => refused!(
            wunder::ApiError,
            |it| format!("{:?}", it.family()),
            json(serde_json::to_value(it.expose_body()))
        ),
        other => panic!("{other} is not a system"),
    }
}

/// An error with its sources and its problem details, in every form in which it can be shown.
pub fn shown(error: &Error) -> String {
    let problem = serde_json::to_string(&error.problem()).expect("a problem is JSON");
    let mut shown = format!("{error} {error:?} {error:#?} {problem}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        shown.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    shown
}

//! The systems' own errors, read in one way.

use serde_json::Value;
use vestibule::{Error, fynd, goodcity, walletcrew, wunder};

/// What a system's own error says.
pub struct Refused {
    /// Its shape, reason, code or family.
    pub what: String,
    /// The body as its type kept it.
    pub body: Option<Value>,
    /// The error as a log would show it.
    pub debug: String,
}

/// The typed refusal in an error of a system.
pub fn api_error(system: &str, error: &Error) -> Option<Refused> {
    macro_rules! refused {
        ($api_error:ty, |$it:ident| $what:expr, $body:expr) => {{
            let $it = error.api_error::<$api_error>()?;
            Some(Refused {
                what: $what,
                body: $body,
                debug: format!("{:?} {:#?}", $it, $it),
            })
        }};
    }
    let json = |body: serde_json::Result<Value>| Some(body.expect("a body is JSON"));
    match system {
        "goodcity" => refused!(
            goodcity::ApiError,
            |it| format!("{:?}", it.shape()),
            it.body().and_then(|body| json(serde_json::to_value(body)))
        ),
        "walletcrew" => refused!(
            walletcrew::ApiError,
            |it| format!("{:?}", it.reason()),
            json(serde_json::to_value(it.problem()))
        ),
        "fynd" => refused!(
            fynd::ApiError,
            |it| it.code().to_owned(),
            json(serde_json::to_value(it.body()))
        ),
        "wunder" => refused!(
            wunder::ApiError,
            |it| format!("{:?}", it.family()),
            json(serde_json::to_value(it.body()))
        ),
        other => panic!("{other} is not a system"),
    }
}

/// An error with its causes, in every way in which it can be shown.
pub fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        shown.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    shown
}

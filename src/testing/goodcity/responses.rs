//! The responses of the server by their content type, and the shapes of its errors.

use http::HeaderMap;
use serde_json::{Value, json};

use super::request::asks_for_json;
use super::state::Language;
use crate::testing::MockResponse;

/// The type of the JSON of GoodCity's own code, whatever the client accepts.
const JSON: &str = "application/vnd.api+json";

pub(super) fn ok(body: Value) -> MockResponse {
    MockResponse::ok(body).content_type(JSON)
}

fn error(status: u16, body: Value) -> MockResponse {
    MockResponse::json(status, body).content_type(JSON)
}

/// A request that is not valid.
pub(super) fn invalid(message: &str) -> MockResponse {
    error(422, json!({"errors": message}))
}

/// A field that is not valid.
pub(super) fn invalid_field(name: &str, message: &str) -> MockResponse {
    error(422, json!({"errors": {name: message}}))
}

/// Parameters of the wrong form, or a request that is not authorised.
pub(super) fn plain(status: u16, message: &str) -> MockResponse {
    error(status, json!({"error": message}))
}

pub(super) fn malformed() -> MockResponse {
    plain(422, "The parameters have the wrong form")
}

/// A refused token, a missing permission, a conflict.
pub(super) fn typed(status: u16, kind: &str, message: &str) -> MockResponse {
    error(
        status,
        json!({"error": message, "type": kind, "status": status}),
    )
}

/// An error of the web framework.
fn framework(status: u16, message: &str) -> MockResponse {
    MockResponse::json(status, json!({"status": status, "error": message}))
}

/// A path that the web framework does not route.
pub(super) fn not_found(headers: &HeaderMap) -> MockResponse {
    match asks_for_json(headers) {
        true => framework(404, "Not Found"),
        false => MockResponse::text(404, "<!DOCTYPE html>\n<title>Not found</title>\n")
            .content_type("text/html"),
    }
}

/// A body that the web framework cannot read.
pub(super) fn unreadable(headers: &HeaderMap) -> MockResponse {
    match asks_for_json(headers) {
        true => framework(400, "Bad Request"),
        false => MockResponse::empty(400).content_type("text/html"),
    }
}

pub(super) fn failure(headers: &HeaderMap) -> MockResponse {
    match asks_for_json(headers) {
        true => framework(500, "Internal Server Error"),
        false => MockResponse::text(500, "<!DOCTYPE html>\n<title>Failure</title>\n")
            .content_type("text/html"),
    }
}

/// A request that did not get as far as the web framework.
pub(super) fn forbidden() -> MockResponse {
    MockResponse::text(403, "Forbidden")
}

/// What the server says about input, in the language of the request where it translates.
#[derive(Clone, Copy)]
pub(super) enum Notice {
    PinRefused,
    MobileBlank,
    MobileForeign,
    MobileInvalid,
    MobileTaken,
    EmailInvalid,
}

impl Notice {
    pub(super) fn text(self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::PinRefused => ("Invalid SMS code", "短訊驗證碼不正確"),
            Self::MobileBlank => ("Mobile can't be blank", "請輸入流動電話號碼"),
            Self::MobileForeign => ("Mobile must begin with +852", "流動電話號碼須以 +852 開頭"),
            Self::MobileInvalid => ("Mobile is invalid", "流動電話號碼無效"),
            Self::MobileTaken => ("Mobile has already been taken", "此流動電話號碼已經登記"),
            Self::EmailInvalid => ("Email is invalid", "電郵地址無效"),
        };
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }
}

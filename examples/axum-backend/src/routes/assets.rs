//! Static files.

use axum::http::header;
use axum::response::IntoResponse;

/// Short, so that a new version of the files is used soon.
const CACHE: &str = "public, max-age=300";

pub async fn style() -> impl IntoResponse {
    let text = include_str!("../../assets/style.css");
    file("text/css; charset=utf-8", text)
}

pub async fn script() -> impl IntoResponse {
    let text = include_str!("../../assets/page.js");
    file("text/javascript; charset=utf-8", text)
}

pub async fn icon() -> impl IntoResponse {
    file("image/svg+xml", include_str!("../../assets/icon.svg"))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE)];
    (headers, text)
}

//! Lists, page by page.

use std::cmp::Ordering;

use serde_json::Value;

use super::errors::{Answered, api_error};
use crate::testing::{Call, MockResponse};

const USUAL_SIZE: usize = 50;
const GREATEST_SIZE: usize = 5_000;

/// The page of `items` that the call asks for.
pub(super) fn page(call: &Call<'_>, mut items: Vec<Value>) -> Answered {
    let wrong = |message| api_error(400, "R100", message);
    let number = |name: &str, usual: usize| match call.query(name) {
        Some(text) => text.parse().map_err(|_| wrong("page and size are numbers")),
        None => Ok(usual),
    };
    let (page, size) = (number("page", 0)?, number("size", USUAL_SIZE)?);
    if !(1..=GREATEST_SIZE).contains(&size) {
        return Err(wrong("size is from 1 to 5000"));
    }
    if let Some(sort) = call.query("sort") {
        let (field, direction) = sort.split_once(',').unwrap_or((&sort, "asc"));
        let is_descending = match direction {
            "asc" => false,
            "desc" => true,
            _ => return Err(wrong("sort is a field, a comma, and asc or desc")),
        };
        items.sort_by(|one, other| {
            let order = compare(&one[field], &other[field]);
            if is_descending {
                order.reverse()
            } else {
                order
            }
        });
    }
    let (all, pages) = (items.len(), items.len().div_ceil(size));
    let start = page.saturating_mul(size);
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let headers = [
        ("X-Pagination-TotalPages", pages.to_string()),
        ("X-Pagination-TotalElements", all.to_string()),
        ("X-Pagination-Number", page.to_string()),
        ("X-Pagination-NumberOfElements", shown.len().to_string()),
        ("X-Pagination-Size", size.to_string()),
        ("X-Pagination-First", (page == 0).to_string()),
        (
            "X-Pagination-Last",
            (page.saturating_add(1) >= pages).to_string(),
        ),
    ];
    let answer = MockResponse::json(200, Value::Array(shown));
    Ok(headers
        .into_iter()
        .fold(answer, |answer, (name, value)| answer.header(name, value)))
}

/// Numbers by size, then texts by letters; other values come last and keep their order.
fn compare(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        _ => 2,
    };
    let size = |value: &Value| value.as_f64().unwrap_or_default();
    rank(one)
        .cmp(&rank(other))
        .then(size(one).total_cmp(&size(other)))
        .then(one.as_str().cmp(&other.as_str()))
}

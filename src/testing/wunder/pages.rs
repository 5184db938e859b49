//! Paginated lists.

use std::cmp::Ordering;

use serde_json::Value;

use super::errors::api_error;
use crate::testing::{Call, MockResponse, MockResult};

const DEFAULT_SIZE: usize = 50;
const MAX_SIZE: usize = 5_000;

/// The requested page of `items`.
pub(super) fn page(call: &Call<'_>, mut items: Vec<Value>) -> MockResult {
    let invalid = |message| api_error(400, "R100", message);
    let number = |name: &str, default: usize| match call.query(name) {
        Some(text) => text
            .parse()
            .map_err(|_| invalid("page and size must be numbers")),
        None => Ok(default),
    };
    let (page, size) = (number("page", 0)?, number("size", DEFAULT_SIZE)?);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(invalid("size must be from 1 to 5000"));
    }
    if let Some(sort) = call.query("sort") {
        let (field, direction) = sort.split_once(',').unwrap_or((&sort, "asc"));
        let is_descending = match direction {
            "asc" => false,
            "desc" => true,
            _ => return Err(invalid("sort must be a field, a comma, and asc or desc")),
        };
        items.sort_by(|one, other| {
            let order = compare(&one[field], &other[field]);
            match is_descending {
                true => order.reverse(),
                false => order,
            }
        });
    }
    let (total, pages) = (items.len(), items.len().div_ceil(size));
    let start = page.saturating_mul(size);
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let headers = [
        ("X-Pagination-TotalPages", pages.to_string()),
        ("X-Pagination-TotalElements", total.to_string()),
        ("X-Pagination-Number", page.to_string()),
        ("X-Pagination-NumberOfElements", shown.len().to_string()),
        ("X-Pagination-Size", size.to_string()),
        ("X-Pagination-First", (page == 0).to_string()),
        (
            "X-Pagination-Last",
            (page.saturating_add(1) >= pages).to_string(),
        ),
    ];
    Ok(MockResponse::ok(Value::Array(shown)).headers(headers))
}

/// Numbers by value, then strings alphabetically, then other values in their original order.
fn compare(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        _ => 2,
    };
    let number = |value: &Value| value.as_f64().unwrap_or_default();
    rank(one)
        .cmp(&rank(other))
        .then(number(one).total_cmp(&number(other)))
        .then(one.as_str().cmp(&other.as_str()))
}

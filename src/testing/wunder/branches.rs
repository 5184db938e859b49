//! The branches of the operator and the areas that they serve.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::errors::api_error;
use super::request::Request;
use super::{State, Wunder};
use crate::testing::{MockResponse, MockResult};

struct Branch {
    id: String,
    name: String,
    latitudes: RangeInclusive<f64>,
    longitudes: RangeInclusive<f64>,
}

/// The added branches. While there are none, every id is valid and one branch serves every place.
#[derive(Default)]
pub(super) struct Branches(Vec<Branch>);

impl Branches {
    /// Rejects an unknown branch.
    pub(super) fn check(&self, id: &str) -> MockResult<()> {
        if self.0.is_empty() || self.0.iter().any(|branch| branch.id == id) {
            return Ok(());
        }
        Err(api_error(404, "U801", "there is no such branch"))
    }
}

impl State {
    pub(super) fn resolve_branch(&mut self, request: &Request<'_>) -> MockResult {
        self.check_optional_session(request)?;
        let degrees = |name, bound: f64| {
            let degrees = request.call.query(name)?.parse::<f64>().ok()?;
            (-bound..=bound).contains(&degrees).then_some(degrees)
        };
        let (Some(lat), Some(lng)) = (degrees("lat", 90.0), degrees("lng", 180.0)) else {
            let message = "lat and lng are required, in degrees";
            return Err(api_error(400, "R100", message));
        };
        if self.branches.0.is_empty() {
            return Ok(MockResponse::ok(json!({"id": 2, "name": "Wien"})));
        }
        let mut branches = self.branches.0.iter();
        let serves =
            |branch: &&Branch| branch.latitudes.contains(&lat) && branch.longitudes.contains(&lng);
        let found = branches.find(serves);
        let branch = found.ok_or_else(|| api_error(404, "B101", "no branch serves this place"))?;
        let id: Value = match branch.id.parse::<u64>() {
            Ok(number) => json!(number),
            Err(_) => json!(branch.id),
        };
        Ok(MockResponse::ok(json!({"id": id, "name": branch.name})))
    }
}

impl Wunder {
    /// Adds a branch that serves the area within these degrees. Until the first one is added, branch
    /// `2` serves the whole world.
    pub fn add_branch(
        &self,
        id: &str,
        latitudes: RangeInclusive<f64>,
        longitudes: RangeInclusive<f64>,
        name: &str,
    ) {
        self.shared.state().branches.0.push(Branch {
            id: id.to_owned(),
            name: name.to_owned(),
            latitudes,
            longitudes,
        });
    }
}

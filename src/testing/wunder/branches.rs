//! The branches of the operator, and which one serves a place.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, api_error};
use super::state::State;
use crate::testing::MockResponse;

struct Branch {
    id: String,
    name: String,
    latitudes: RangeInclusive<f64>,
    longitudes: RangeInclusive<f64>,
}

/// Those that were added. While there are none, one serves every place and any id is taken.
#[derive(Default)]
pub(super) struct Branches(Vec<Branch>);

impl Branches {
    /// Refuses a branch that is not there.
    pub(super) fn check(&self, id: &str) -> Result<(), MockResponse> {
        if self.0.is_empty() || self.0.iter().any(|branch| branch.id == id) {
            return Ok(());
        }
        Err(api_error(404, "U801", "there is no such branch"))
    }
}

impl State {
    pub(super) fn resolve_branch(&mut self, asked: &Asked<'_>) -> Answered {
        let degrees = |name, bound: f64| {
            let degrees = asked.call.query(name)?.parse::<f64>().ok()?;
            (-bound..=bound).contains(&degrees).then_some(degrees)
        };
        let (Some(lat), Some(lng)) = (degrees("lat", 90.0), degrees("lng", 180.0)) else {
            return Err(api_error(400, "R100", "lat and lng are needed, in degrees"));
        };
        if self.branches.0.is_empty() {
            return Ok(MockResponse::json(200, json!({"id": 2, "name": "Wien"})));
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
        Ok(MockResponse::json(
            200,
            json!({"id": id, "name": branch.name}),
        ))
    }
}

impl Wunder {
    /// Adds a branch that serves the places within these degrees. Before the first one there is a
    /// branch `2` that serves all the world; afterwards there are only those that were added.
    pub fn add_branch(
        &self,
        id: &str,
        name: &str,
        latitudes: RangeInclusive<f64>,
        longitudes: RangeInclusive<f64>,
    ) {
        self.world.state().branches.0.push(Branch {
            id: id.to_owned(),
            name: name.to_owned(),
            latitudes,
            longitudes,
        });
    }
}

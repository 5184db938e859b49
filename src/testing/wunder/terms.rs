//! Terms and conditions, their versions and their acceptance.

use serde_json::{Map, Value, json};

use super::errors::{api_error, malformed};
use super::pages::page;
use super::request::Request;
use super::users::UserId;
use super::{State, Wunder};
use crate::testing::{MockResponse, MockResult};
use crate::wunder::TermsScope;

/// A version of terms.
struct Terms {
    id: u64,
    /// The id of the first version.
    series: u64,
    version: u64,
    of: TermsScope,
    content: Map<String, Value>,
}

impl Terms {
    fn to_json(&self) -> Value {
        let mut body = self.content.clone();
        body.insert("id".into(), json!(self.id));
        body.insert("version".into(), json!(self.version));
        Value::Object(body)
    }
}

/// All versions of all terms, oldest first.
#[derive(Default)]
pub(super) struct TermsVersions(Vec<Terms>);

/// Whether a user has accepted the terms of the branch of the user.
pub(super) enum AcceptanceState {
    NeverAccepted,
    Outdated,
    Accepted,
}

impl AcceptanceState {
    /// A value made up for the mock: the vendor publishes none.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::NeverAccepted => "NEVER_ACCEPTED",
            Self::Outdated => "OUTDATED",
            Self::Accepted => "ACCEPTED",
        }
    }
}

impl TermsVersions {
    fn find(&self, id: &str) -> Option<&Terms> {
        self.0.iter().find(|terms| terms.id.to_string() == id)
    }

    fn is_newest(&self, terms: &Terms) -> bool {
        let mut later = self.0.iter();
        !later.any(|other| other.series == terms.series && other.version > terms.version)
    }

    /// The newest versions.
    fn newest(&self, of: &TermsScope) -> impl Iterator<Item = &Terms> {
        let terms = self.0.iter().filter(move |terms| terms.of == *of);
        terms.filter(|terms| self.is_newest(terms))
    }

    pub(super) fn add(&mut self, series: Option<u64>, of: TermsScope, content: Value) -> u64 {
        let id = self.0.len() as u64 + 1;
        let series = series.unwrap_or(id);
        let before = self.0.iter().filter(|terms| terms.series == series);
        let version = before.count() as u64 + 1;
        let content = match content {
            Value::Object(content) => content,
            _ => Map::new(),
        };
        self.0.push(Terms {
            id,
            series,
            version,
            of,
            content,
        });
        id
    }
}

impl State {
    pub(super) fn list_terms(&mut self, request: &Request<'_>) -> MockResult {
        self.check_optional_session(request)?;
        let branch = request.call.query("branchId").map(TermsScope::Branch);
        let vehicle = request.call.query("vehicleId").map(TermsScope::Vehicle);
        if branch.is_none() && vehicle.is_none() {
            return Err(malformed("branchId or vehicleId is required"));
        }
        let of = branch.into_iter().chain(vehicle);
        let listed = of.flat_map(|of| {
            let newest = self.terms.newest(&of);
            newest.map(Terms::to_json).collect::<Vec<_>>()
        });
        page(request.call, listed.collect())
    }

    pub(super) fn get_terms(&mut self, request: &Request<'_>) -> MockResult {
        self.check_optional_session(request)?;
        let found = self.terms.find(request.call.path_value("id"));
        let terms = found.ok_or_else(no_such_terms)?;
        Ok(MockResponse::ok(terms.to_json()))
    }

    /// Only the newest version can be accepted.
    pub(super) fn accept_terms(&mut self, request: &Request<'_>) -> MockResult {
        let user = self.customer(request)?;
        let id = match &request.body["id"] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return Err(malformed("the id of the terms is required")),
        };
        let terms = self.terms.find(&id).ok_or_else(no_such_terms)?;
        if !self.terms.is_newest(terms) {
            return Err(api_error(400, "U602", "there are newer terms"));
        }
        accept(&mut self.users[user].accepted, terms.id);
        Ok(MockResponse::ok(json!({})))
    }

    /// Lists the newest accepted version of each. The mock knows no branch of a vehicle, so the terms of
    /// vehicles are those of every branch.
    pub(super) fn list_accepted_terms(&mut self, request: &Request<'_>) -> MockResult {
        let accepted = &self.users[self.customer(request)?].accepted;
        let branch = request.call.query("branchId").map(TermsScope::Branch);
        let accepted: Vec<&Terms> = self
            .terms
            .0
            .iter()
            .filter(|terms| accepted.contains(&terms.id))
            .filter(|terms| match (&terms.of, &branch) {
                (TermsScope::Vehicle(_), _) | (_, None) => true,
                (of, Some(branch)) => of == branch,
            })
            .collect();
        let superseded = |terms: &Terms| {
            let mut others = accepted.iter();
            others.any(|other| other.series == terms.series && other.version > terms.version)
        };
        let listed = accepted.iter().filter(|terms| !superseded(terms));
        page(request.call, listed.map(|terms| terms.to_json()).collect())
    }

    /// Accepts all terms of the branch, for a sign-up with `tncAccepted`.
    pub(super) fn accept_all(&mut self, user: UserId) {
        let user = &mut self.users[user];
        let Some(branch) = user.branch.clone() else {
            return;
        };
        for terms in self.terms.newest(&TermsScope::Branch(branch)) {
            accept(&mut user.accepted, terms.id);
        }
    }

    /// `None` if the user has no branch or the branch has no terms.
    pub(super) fn acceptance_state(&self, user: UserId) -> Option<AcceptanceState> {
        let user = &self.users[user];
        let branch = TermsScope::Branch(user.branch.clone()?);
        let mut required = self.terms.newest(&branch).peekable();
        required.peek()?;
        let missing: Vec<&Terms> = required
            .filter(|terms| !user.accepted.contains(&terms.id))
            .collect();
        let has_older = |terms: &&Terms| {
            let mut versions = self.terms.0.iter();
            versions.any(|it| it.series == terms.series && user.accepted.contains(&it.id))
        };
        Some(match missing.as_slice() {
            [] => AcceptanceState::Accepted,
            missing if missing.iter().all(has_older) => AcceptanceState::Outdated,
            _ => AcceptanceState::NeverAccepted,
        })
    }
}

impl Wunder {
    /// Adds the first version of terms of a branch or a vehicle and returns its id. `content` is an
    /// object with the other members of the terms, such as a title.
    pub fn add_terms(&self, of: TermsScope, content: Value) -> u64 {
        self.shared.state().terms.add(None, of, content)
    }

    /// Adds a newer version of the terms with this id and returns the id of the new version. Users
    /// who accepted an older version have to accept the new one. Returns `None` for unknown terms.
    pub fn add_terms_version(&self, id: u64, content: Value) -> Option<u64> {
        let mut state = self.shared.state();
        let terms = state.terms.find(&id.to_string())?;
        let (series, of) = (terms.series, terms.of.clone());
        Some(state.terms.add(Some(series), of, content))
    }
}

fn accept(accepted: &mut Vec<u64>, id: u64) {
    if !accepted.contains(&id) {
        accepted.push(id);
    }
}

fn no_such_terms() -> MockResponse {
    api_error(404, "R404", "the terms do not exist")
}

//! Terms and conditions in their versions, and who accepted which.

use serde_json::{Map, Value, json};

use super::Wunder;
use super::asked::Asked;
use super::errors::{Answered, api_error, malformed};
use super::pages::page;
use super::state::State;
use super::users::UserId;
use crate::testing::MockResponse;
use crate::wunder::TermsOf;

/// One version of terms.
struct Terms {
    id: u64,
    /// The id of the first version.
    series: u64,
    version: u64,
    of: TermsOf,
    content: Map<String, Value>,
}

impl Terms {
    fn shown(&self) -> Value {
        let mut shown = self.content.clone();
        shown.insert("id".into(), json!(self.id));
        shown.insert("version".into(), json!(self.version));
        Value::Object(shown)
    }
}

/// All versions of all terms, oldest first.
#[derive(Default)]
pub(super) struct Library(Vec<Terms>);

/// How a user stands with the terms of the own branch.
pub(super) enum Standing {
    NeverAccepted,
    Outdated,
    Accepted,
}

impl Standing {
    /// A name of the mock's own: the vendor publishes none.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::NeverAccepted => "NEVER_ACCEPTED",
            Self::Outdated => "OUTDATED",
            Self::Accepted => "ACCEPTED",
        }
    }
}

impl Library {
    fn find(&self, id: &str) -> Option<&Terms> {
        self.0.iter().find(|terms| terms.id.to_string() == id)
    }

    fn is_newest(&self, terms: &Terms) -> bool {
        let mut later = self.0.iter();
        !later.any(|other| other.series == terms.series && other.version > terms.version)
    }

    /// The versions that apply now.
    fn newest(&self, of: &TermsOf) -> impl Iterator<Item = &Terms> {
        let terms = self.0.iter().filter(move |terms| terms.of == *of);
        terms.filter(|terms| self.is_newest(terms))
    }

    fn add(&mut self, series: Option<u64>, of: TermsOf, content: Value) -> u64 {
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
    pub(super) fn list_terms(&mut self, asked: &Asked<'_>) -> Answered {
        let branch = asked.call.query("branchId").map(TermsOf::Branch);
        let vehicle = asked.call.query("vehicleId").map(TermsOf::Vehicle);
        if branch.is_none() && vehicle.is_none() {
            return Err(malformed("branchId or vehicleId is needed"));
        }
        let of = branch.into_iter().chain(vehicle);
        let listed = of.flat_map(|of| {
            let newest = self.library.newest(&of);
            newest.map(Terms::shown).collect::<Vec<_>>()
        });
        page(asked.call, listed.collect())
    }

    pub(super) fn get_terms(&mut self, asked: &Asked<'_>) -> Answered {
        let found = self.library.find(asked.call.path_value("id"));
        let terms = found.ok_or_else(no_such_terms)?;
        Ok(MockResponse::json(200, terms.shown()))
    }

    /// An old version can not be accepted any more.
    pub(super) fn accept_terms(&mut self, asked: &Asked<'_>) -> Answered {
        let user = self.customer(asked)?;
        let id = match &asked.body["id"] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => return Err(malformed("the id of the terms is needed")),
        };
        let terms = self.library.find(&id).ok_or_else(no_such_terms)?;
        if !self.library.is_newest(terms) {
            return Err(api_error(400, "U602", "there are newer terms"));
        }
        accept(&mut self.users[user].accepted, terms.id);
        Ok(MockResponse::json(200, json!({})))
    }

    /// The newest accepted version of each.
    pub(super) fn list_accepted_terms(&mut self, asked: &Asked<'_>) -> Answered {
        let accepted = &self.users[self.customer(asked)?].accepted;
        let branch = asked.call.query("branchId").map(TermsOf::Branch);
        let accepted: Vec<&Terms> = self
            .library
            .0
            .iter()
            .filter(|terms| accepted.contains(&terms.id))
            .filter(|terms| branch.as_ref().is_none_or(|branch| terms.of == *branch))
            .collect();
        let superseded = |terms: &Terms| {
            let mut others = accepted.iter();
            others.any(|other| other.series == terms.series && other.version > terms.version)
        };
        let listed = accepted.iter().filter(|terms| !superseded(terms));
        page(asked.call, listed.map(|terms| terms.shown()).collect())
    }

    /// What signing up with `tncAccepted` does.
    pub(super) fn accept_all(&mut self, user: UserId) {
        let user = &mut self.users[user];
        let Some(branch) = user.branch.clone() else {
            return;
        };
        for terms in self.library.newest(&TermsOf::Branch(branch)) {
            accept(&mut user.accepted, terms.id);
        }
    }

    /// Nothing where the user has no branch or the branch no terms.
    pub(super) fn standing(&self, user: UserId) -> Option<Standing> {
        let user = &self.users[user];
        let branch = TermsOf::Branch(user.branch.clone()?);
        let mut needed = self.library.newest(&branch).peekable();
        needed.peek()?;
        let missing: Vec<&Terms> = needed
            .filter(|terms| !user.accepted.contains(&terms.id))
            .collect();
        let has_older = |terms: &&Terms| {
            let mut versions = self.library.0.iter();
            versions.any(|it| it.series == terms.series && user.accepted.contains(&it.id))
        };
        Some(match missing.as_slice() {
            [] => Standing::Accepted,
            missing if missing.iter().all(has_older) => Standing::Outdated,
            _ => Standing::NeverAccepted,
        })
    }
}

impl Wunder {
    /// Adds the first version of terms of a branch or a vehicle and gives its id. `content` is an
    /// object of what the terms have beside their id and version, such as a title.
    pub fn add_terms(&self, of: TermsOf, content: Value) -> u64 {
        self.world.state().library.add(None, of, content)
    }

    /// Adds a newer version of the terms with this id, which has an id of its own. Who accepted
    /// the one before has to accept again. Nothing if there are no such terms.
    pub fn add_terms_version(&self, id: u64, content: Value) -> Option<u64> {
        let mut state = self.world.state();
        let terms = state.library.find(&id.to_string())?;
        let (series, of) = (terms.series, terms.of.clone());
        Some(state.library.add(Some(series), of, content))
    }
}

fn accept(accepted: &mut Vec<u64>, id: u64) {
    if !accepted.contains(&id) {
        accepted.push(id);
    }
}

fn no_such_terms() -> MockResponse {
    api_error(404, "R404", "there are no such terms")
}

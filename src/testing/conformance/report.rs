//! What the cases found.

use std::fmt;

/// One case: what it checks, and what the store did wrong.
#[derive(Clone, Debug)]
pub struct ConformanceCase {
    name: &'static str,
    failure: Option<String>,
}

impl ConformanceCase {
    pub(super) fn new(name: &'static str, failure: Option<String>) -> Self {
        Self { name, failure }
    }

    /// The promise that was checked, as the name of a function.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the store did instead, if it broke the promise.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

/// How a store did in all cases. `Display` names every broken promise.
#[derive(Clone, Debug)]
#[must_use]
pub struct ConformanceReport {
    cases: Vec<ConformanceCase>,
}

impl ConformanceReport {
    pub(super) fn new(cases: Vec<ConformanceCase>) -> Self {
        Self { cases }
    }

    /// All cases, also those that passed.
    pub fn cases(&self) -> &[ConformanceCase] {
        &self.cases
    }

    /// The cases that the store failed.
    pub fn failed(&self) -> impl Iterator<Item = &ConformanceCase> {
        self.cases.iter().filter(|case| case.failure.is_some())
    }

    /// Whether the store kept every promise.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// For a test of your store.
    ///
    /// # Panics
    ///
    /// If a case failed, with the list of those that did.
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for ConformanceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failed().count();
        write!(f, "{failed} of {} cases failed", self.cases.len())?;
        for case in self.failed() {
            let failure = case.failure.as_deref().unwrap_or_default();
            write!(f, "\n- {}: {failure}", case.name.replace('_', " "))?;
        }
        Ok(())
    }
}

//! The report of a conformance test run.

use std::fmt;

/// The result of one conformance case.
#[derive(Clone, Debug)]
pub struct ConformanceCase {
    name: &'static str,
    failure: Option<String>,
}

impl ConformanceCase {
    pub(super) fn new(name: &'static str, failure: Option<String>) -> Self {
        Self { name, failure }
    }

    /// The name of the case, which says what it checks, such as `a_lease_expires`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How the store failed the case, if it did.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}

/// The results of all conformance cases. `Display` lists the failed ones.
#[derive(Clone, Debug)]
#[must_use]
pub struct ConformanceReport {
    cases: Vec<ConformanceCase>,
}

impl ConformanceReport {
    pub(super) fn new(cases: Vec<ConformanceCase>) -> Self {
        Self { cases }
    }

    /// All cases, passed and failed.
    pub fn cases(&self) -> &[ConformanceCase] {
        &self.cases
    }

    /// The failed cases.
    pub fn failed(&self) -> impl Iterator<Item = &ConformanceCase> {
        self.cases.iter().filter(|case| case.failure.is_some())
    }

    /// Whether all cases passed.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// Asserts that all cases passed.
    ///
    /// # Panics
    ///
    /// If a case failed; the message lists the failed ones.
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

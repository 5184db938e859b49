//! The operations that a mock was called with, since a moment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::support::documents::{DOCUMENTS, Document};

/// The ids of the operations of a system.
pub fn operations(system: &str) -> BTreeSet<String> {
    let documents = DOCUMENTS.iter().map(Document::read);
    let documents = documents.filter(|document| document.system() == system);
    documents
        .flat_map(|document| document.operations())
        .map(|operation| operation.id().to_owned())
        .collect()
}

pub struct Calls<'a> {
    count: Box<dyn Fn(&str) -> usize + 'a>,
    before: RefCell<BTreeMap<String, usize>>,
}

impl<'a> Calls<'a> {
    pub fn new(system: &str, count: impl Fn(&str) -> usize + 'a) -> Self {
        let before = operations(system).into_iter().map(|id| (id, 0)).collect();
        let calls = Self {
            count: Box::new(count),
            before: RefCell::new(before),
        };
        calls.reset();
        calls
    }

    /// Ignores all calls until now.
    pub fn reset(&self) {
        for (id, before) in self.before.borrow_mut().iter_mut() {
            *before = (self.count)(id);
        }
    }

    pub fn made(&self) -> BTreeSet<String> {
        let before = self.before.borrow();
        let made = before
            .iter()
            .filter(|(id, before)| (self.count)(id) > **before);
        made.map(|(id, _)| id.clone()).collect()
    }
}

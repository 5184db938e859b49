//! A model of one key, and a search for a linearisation of a history.
//!
//! A history is linearisable if its operations can be ordered so that each lies between its
//! beginning and its end, and each result is that of the model.

use std::collections::HashSet;

use super::history::{Event, Step, Swapped};

/// One key. The model requires only that numbers increase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Model {
    /// Body and version.
    record: Option<(u64, u64)>,
    last_version: u64,
    newest_fence: Option<u64>,
    /// Whether a store may have dropped the newest fence, because neither a record nor a running
    /// lease existed.
    may_be_forgotten: bool,
    last_fence: u64,
    held: bool,
}

impl Model {
    /// The key after the operation, if its result is possible.
    fn after(mut self, step: Step) -> Option<Self> {
        let right = match step {
            Step::Load(found) => found == self.record,
            Step::Create(_, None) => self.record.is_some(),
            Step::Create(body, Some(version)) => self.record.is_none() && self.write(body, version),
            Step::Swap(expected, fence, body, response) => {
                let lost = fence.is_some() && fence != self.newest_fence;
                let stale = self.record.map(|(_, version)| version) != Some(expected);
                match response {
                    Swapped::LeaseLost => lost || (fence.is_some() && self.may_be_forgotten),
                    Swapped::Conflict => !lost && stale,
                    Swapped::Written(version) => !lost && !stale && self.write(body, version),
                }
            }
            Step::Delete => {
                self.record = None;
                self.may_be_forgotten |= !self.held;
                true
            }
            Step::Acquire(None) => self.held,
            Step::Acquire(Some(fence)) => {
                let right = !self.held && fence > self.last_fence;
                self.held = true;
                self.newest_fence = Some(fence);
                self.may_be_forgotten = false;
                self.last_fence = fence;
                right
            }
            Step::Extend(fence, kept) => (self.held && self.newest_fence == Some(fence)) == kept,
            Step::Release(fence) => {
                if self.newest_fence == Some(fence) {
                    self.held = false;
                    self.may_be_forgotten |= self.record.is_none();
                }
                true
            }
        };
        right.then_some(self)
    }

    fn write(&mut self, body: u64, version: u64) -> bool {
        let higher = version > self.last_version;
        self.record = Some((body, version));
        self.last_version = version;
        higher
    }
}

/// Whether a linearisation exists.
pub fn is_right(events: &[Event]) -> bool {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.begun);
    let mut seen = HashSet::new();
    let mut open = vec![SearchState {
        model: Model::default(),
        first: 0,
        ahead: Vec::new(),
    }];
    while let Some(position) = open.pop() {
        if position.first == events.len() {
            return true;
        }
        for next in position.candidates(&events) {
            let model = position.model.after(events[next].step);
            let further = model.map(|model| position.with(model, next));
            open.extend(further.filter(|further| seen.insert(further.clone())));
        }
    }
    false
}

/// State of the search: all operations before `first` are done, and those in `ahead`.
#[derive(Clone, PartialEq, Eq, Hash)]
struct SearchState {
    model: Model,
    first: usize,
    ahead: Vec<usize>,
}

impl SearchState {
    /// The operations that began before any remaining one ended.
    fn candidates(&self, events: &[Event]) -> Vec<usize> {
        let mut soonest_end = u64::MAX;
        let mut found = Vec::new();
        for position in (self.first..events.len()).filter(|position| !self.ahead.contains(position))
        {
            if events[position].begun > soonest_end {
                break;
            }
            soonest_end = soonest_end.min(events[position].ended);
            found.push(position);
        }
        found
    }

    fn with(&self, model: Model, next: usize) -> Self {
        let (mut first, mut ahead) = (self.first, self.ahead.clone());
        ahead.push(next);
        ahead.sort_unstable();
        while ahead.first() == Some(&first) {
            ahead.remove(0);
            first += 1;
        }
        Self {
            model,
            first,
            ahead,
        }
    }
}

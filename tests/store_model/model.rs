//! One key as it should behave, and a search for an order of the steps in which it does.
//!
//! A history is right if its steps can be put in one order that keeps every step between its
//! beginning and its answer, and in which each answer is what the model says.

use std::collections::HashSet;

use super::history::{Event, Step, Swapped};

/// One key. The model does not say which number comes next, only that it is higher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Model {
    /// Body and version.
    record: Option<(u64, u64)>,
    last_version: u64,
    newest_fence: Option<u64>,
    /// Whether a store may have forgotten the newest fence, because there was neither record nor
    /// running lease.
    may_be_forgotten: bool,
    last_fence: u64,
    held: bool,
}

impl Model {
    /// The key after the step, if the step can have been answered so.
    fn after(mut self, step: Step) -> Option<Self> {
        let right = match step {
            Step::Load(found) => found == self.record,
            Step::Create(_, None) => self.record.is_some(),
            Step::Create(body, Some(version)) => self.record.is_none() && self.write(body, version),
            Step::Swap(expected, fence, body, answer) => {
                let lost = fence.is_some() && fence != self.newest_fence;
                let stale = self.record.map(|(_, version)| version) != Some(expected);
                match answer {
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

/// Whether there is such an order.
pub fn is_right(events: &[Event]) -> bool {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.begun);
    let mut seen = HashSet::new();
    let mut open = vec![Place {
        model: Model::default(),
        first: 0,
        ahead: Vec::new(),
    }];
    while let Some(place) = open.pop() {
        if place.first == events.len() {
            return true;
        }
        for next in place.may_follow(&events) {
            let model = place.model.after(events[next].step);
            let further = model.map(|model| place.with(model, next));
            open.extend(further.filter(|further| seen.insert(further.clone())));
        }
    }
    false
}

/// How far the search has come: all steps before `first` are done, and those `ahead` of it.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    model: Model,
    first: usize,
    ahead: Vec<usize>,
}

impl Place {
    /// The steps that began before any step that is left was answered.
    fn may_follow(&self, events: &[Event]) -> Vec<usize> {
        let mut soonest_answer = u64::MAX;
        let mut found = Vec::new();
        for place in (self.first..events.len()).filter(|place| !self.ahead.contains(place)) {
            if events[place].begun > soonest_answer {
                break;
            }
            soonest_answer = soonest_answer.min(events[place].answered);
            found.push(place);
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

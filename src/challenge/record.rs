//! The record of an unfinished sign-in in a store.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use crate::error::Error;
use crate::skewed_clock::SkewedClock;
use crate::store::{Record, StoreError};

/// The state that one step of a sign-in stores for the next.
pub(crate) trait Step: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the step in the record.
    const KIND: &'static str;

    /// How long the user has to complete the step.
    fn time_to_live(&self, clock: &SkewedClock) -> Duration;

    /// How many messages the user gets with the step, for observers.
    fn messages(&self) -> usize {
        1
    }

    /// Removes the keys that a failed resend has made void, and returns whether it removed any.
    fn discard_keys(&mut self, _error: &Error) -> bool {
        false
    }
}

/// The part of the record that is the same for all steps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RecordHeader {
    /// System, server and tenant or application for which the sign-in is valid.
    pub(super) audience: String,
    pub(super) kind: String,
    /// The normalised destination of the messages; `None` for a step that sends none.
    pub(super) destination: Option<String>,
    /// The number of the message that the keys of the step came with.
    pub(super) message: u64,
    #[serde(flatten)]
    pub(super) wrong_codes: WrongCodes,
    pub(super) expires_at: DateTime<Utc>,
    /// A session whose caller went away before it received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Box<Kept>>,
}

impl RecordHeader {
    pub(super) fn is_finished(&self) -> bool {
        self.kept.as_deref().is_some_and(Kept::is_finished)
    }
}

/// Codes that were sent, except those that the server certainly did not check: one counter for each
/// code that the user has, because a new message to one destination leaves the code of another.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WrongCodes {
    #[serde(default, rename = "wrong_codes")]
    sole: u32,
    #[serde(
        default,
        rename = "wrong_codes_of",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    others: BTreeMap<String, u32>,
}

/// The code of a step that has one.
pub(super) const SOLE_CODE: &str = "";

impl WrongCodes {
    pub(super) fn of(&self, code: &str) -> u32 {
        if code == SOLE_CODE {
            return self.sole;
        }
        self.others.get(code).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, code: &str, count: u32) {
        if code == SOLE_CODE {
            self.sole = count;
        } else if count == 0 {
            self.others.remove(code);
        } else {
            self.others.insert(code.to_owned(), count);
        }
    }

    /// The larger count of each code.
    pub(super) fn max(mut self, others: &Self) -> Self {
        self.sole = self.sole.max(others.sole);
        for (code, count) in &others.others {
            let own = self.others.entry(code.clone()).or_default();
            *own = (*own).max(*count);
        }
        self
    }
}

#[derive(Serialize)]
struct Whole<'a, S> {
    #[serde(flatten)]
    header: &'a RecordHeader,
    step: &'a S,
}

#[derive(Deserialize)]
struct StepOnly<S> {
    step: S,
}

pub(super) fn write<S: Step>(header: &RecordHeader, step: &S) -> Result<Record, StoreError> {
    let bytes = serde_json::to_vec(&Whole { header, step });
    bytes.map(Record::new).map_err(|_| StoreError::Unreadable)
}

/// The record of a finished challenge has no step: its keys are not needed any more.
pub(super) fn write_end(header: &RecordHeader) -> Result<Record, StoreError> {
    let bytes = serde_json::to_vec(header);
    bytes.map(Record::new).map_err(|_| StoreError::Unreadable)
}

pub(super) fn read_header(record: &Record) -> Result<RecordHeader, StoreError> {
    serde_json::from_slice(record.expose()).map_err(|_| StoreError::Unreadable)
}

pub(super) fn read_step<S: Step>(record: &Record) -> Result<S, StoreError> {
    let read = serde_json::from_slice(record.expose());
    read.map(|StepOnly { step }| step)
        .map_err(|_| StoreError::Unreadable)
}

//! The record of an unfinished sign-in in a store.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::skewed_clock::SkewedClock;
use crate::store::{Record, StoreError};

/// The state that one step of a sign-in stores for the next.
pub(crate) trait Step: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the step in the record.
    const KIND: &'static str;

    /// How long the user has to complete the step.
    fn time_to_live(&self, clock: &SkewedClock) -> Duration;

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
    /// Codes that were sent, except those that the server certainly did not check.
    pub(super) wrong_codes: u32,
    pub(super) expires_at: DateTime<Utc>,
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

pub(super) fn read_header(record: &Record) -> Result<RecordHeader, StoreError> {
    serde_json::from_slice(record.expose()).map_err(|_| StoreError::Unreadable)
}

pub(super) fn read_step<S: Step>(record: &Record) -> Result<S, StoreError> {
    let read = serde_json::from_slice(record.expose());
    read.map(|StepOnly { step }| step)
        .map_err(|_| StoreError::Unreadable)
}

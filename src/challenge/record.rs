//! How an unfinished sign-in is written to a store.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::skewed_clock::SkewedClock;
use crate::store::{Record, StoreError};

/// What one step of a sign-in keeps until the next.
pub(crate) trait Step: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The name of the step in the record.
    const KIND: &'static str;

    /// How long the user has for it.
    fn time_to_live(&self, time: &SkewedClock) -> Duration;
}

/// What is the same for all steps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RecordHeader {
    /// Where the sign-in is good: system, server and tenant or application.
    pub(super) audience: String,
    pub(super) kind: String,
    /// Where its messages go, normalised; none for a step that sends none.
    pub(super) destination: Option<String>,
    /// The number of the message that the step's keys came with.
    pub(super) message: u64,
    /// Codes that were sent and not certainly left unjudged.
    pub(super) wrong_codes: u32,
    pub(super) expires_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Whole<'a, S> {
    #[serde(flatten)]
    head: &'a RecordHeader,
    step: &'a S,
}

#[derive(Deserialize)]
struct StepAlone<S> {
    step: S,
}

pub(super) fn write<S: Step>(head: &RecordHeader, step: &S) -> Result<Record, StoreError> {
    let bytes = serde_json::to_vec(&Whole { head, step });
    bytes.map(Record::new).map_err(|_| StoreError::Unreadable)
}

pub(super) fn head_of(record: &Record) -> Result<RecordHeader, StoreError> {
    serde_json::from_slice(record.expose()).map_err(|_| StoreError::Unreadable)
}

pub(super) fn step_of<S: Step>(record: &Record) -> Result<S, StoreError> {
    let whole: Result<StepAlone<S>, _> = serde_json::from_slice(record.expose());
    whole
        .map(|whole| whole.step)
        .map_err(|_| StoreError::Unreadable)
}

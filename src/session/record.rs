//! The format in which a store holds a session.

use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::credential::{Credential, TokenFingerprint};
use super::lineage::Lineage;
use crate::error::{Error, ErrorKind};
use crate::store::Record;

/// What is stored about the refresh of a credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RefreshRecord {
    /// The refresh token that was sent to the server last, while the result is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) presented: Option<TokenFingerprint>,
    /// Whether the server refused to refresh the credential, which is used until it expires.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) refused: bool,
}

/// What is known of the user of a session, for the next calls and the next sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserHints {
    /// What the user signed in with, to sign in again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) login_hint: Option<String>,
    /// The language of the user, as the value of an `Accept-Language` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<String>,
}

/// The stored form of one session, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    /// Where the credential is valid: system, server and tenant or application.
    pub(super) audience: String,
    /// When the record was written, in seconds of Unix time.
    #[serde(default)]
    pub(super) written_at: i64,
    /// When the credential was received, in seconds of Unix time, if that is not when the record was
    /// written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) received_at: Option<i64>,
    /// When the session ends, however much it is used, in seconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ends_at: Option<i64>,
    /// The writes that led to the record.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub(super) lineage: Lineage,
    #[serde(flatten)]
    pub(super) user: UserHints,
    #[serde(flatten)]
    pub(super) refresh: RefreshRecord,
    #[serde(flatten)]
    pub(super) credential: Credential,
}

/// The stored form of a session that has ended. It takes the place of the record for a while, so that
/// an instance that does not find a session that it has just created can tell its end from its loss.
#[derive(Debug, Serialize, Deserialize)]
struct EndMarker {
    audience: String,
    ended: bool,
}

/// What a store holds under the key of a session.
#[derive(Debug)]
pub(super) enum Stored {
    Session(Box<SessionRecord>),
    Ended,
}

impl Stored {
    pub(super) fn decode(record: &Record, audience: &str) -> Result<Self, Error> {
        let unreadable = |what| Error::new(ErrorKind::InvalidResponse, what);
        let bytes = record.expose();
        let (stored, found) =
            if let Ok(mut session) = serde_json::from_slice::<SessionRecord>(bytes) {
                session.credential.share(record);
                let found = session.audience.clone();
                (Self::Session(Box::new(session)), found)
            } else {
                match serde_json::from_slice::<EndMarker>(bytes) {
                    Ok(marker) if marker.ended => (Self::Ended, marker.audience),
                    _ => return Err(unreadable("the stored session could not be decoded")),
                }
            };
        if found != audience {
            let what =
                "there is no such session at this server and tenant: the stored one is of another";
            return Err(Error::new(ErrorKind::Unauthenticated, what));
        }
        Ok(stored)
    }

    /// The record of a session that has ended.
    pub(super) fn end_marker(audience: &str) -> Result<Record, Error> {
        encode(&EndMarker {
            audience: audience.to_owned(),
            ended: true,
        })
    }
}

pub(super) fn encode(stored: &impl Serialize) -> Result<Record, Error> {
    let unwritable = |_| Error::new(ErrorKind::InvalidResponse, "the session cannot be written");
    // A buffer that grows would leave copies of the tokens in memory.
    let mut length = Length(0);
    serde_json::to_writer(&mut length, stored).map_err(unwritable)?;
    let mut bytes = Vec::with_capacity(length.0);
    serde_json::to_writer(&mut bytes, stored).map_err(unwritable)?;
    Ok(Record::new(bytes))
}

impl SessionRecord {
    pub(super) fn encode(&self) -> Result<Record, Error> {
        encode(self)
    }

    /// Whether the session has reached its absolute timeout. `now` is the local time.
    pub(super) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.ends_at.is_some_and(|end| end <= now.timestamp())
    }

    pub(super) fn written_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.written_at, 0).unwrap_or_default()
    }

    /// When the credential was received, as a record that is written at `now` has it.
    pub(super) fn unless_written_at(now: DateTime<Utc>, received_at: DateTime<Utc>) -> Option<i64> {
        let (now, received_at) = (now.timestamp(), received_at.timestamp());
        (received_at != now).then_some(received_at)
    }

    /// When the credential was received.
    pub(super) fn received_at(&self) -> DateTime<Utc> {
        let seconds = self.received_at.unwrap_or(self.written_at);
        DateTime::from_timestamp(seconds, 0).unwrap_or_default()
    }
}

/// A writer that only counts bytes.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

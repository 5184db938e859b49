//! The format in which a store holds a session.

use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::credential::{Credential, TokenFingerprint};
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
    #[serde(flatten)]
    pub(super) user: UserHints,
    #[serde(flatten)]
    pub(super) refresh: RefreshRecord,
    #[serde(flatten)]
    pub(super) credential: Credential,
}

impl SessionRecord {
    pub(super) fn encode(&self) -> Result<Record, Error> {
        let unwritable =
            |_| Error::new(ErrorKind::InvalidResponse, "the session cannot be written");
        // A buffer that grows would leave copies of the tokens in memory.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, self).map_err(unwritable)?;
        let mut bytes = Vec::with_capacity(length.0);
        serde_json::to_writer(&mut bytes, self).map_err(unwritable)?;
        Ok(Record::new(bytes))
    }

    pub(super) fn decode(record: &Record, audience: &str) -> Result<Self, Error> {
        let unreadable = |what| Error::new(ErrorKind::InvalidResponse, what);
        let decoded: Self = serde_json::from_slice(record.expose())
            .map_err(|_| unreadable("the stored session could not be decoded"))?;
        if decoded.audience != audience {
            let what =
                "there is no such session at this server and tenant: the stored one is of another";
            return Err(Error::new(ErrorKind::Unauthenticated, what));
        }
        Ok(decoded)
    }

    pub(super) fn written_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.written_at, 0).unwrap_or_default()
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

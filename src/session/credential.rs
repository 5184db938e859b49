//! What a session keeps: tokens or cookies, and how they are written to a store.

use std::io;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tokens::Tokens;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
#[cfg(feature = "fynd")]
use crate::session::CookieJar;
use crate::store::Record;

/// The credential of one session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Credential {
    Tokens(Tokens),
    #[cfg(feature = "fynd")]
    Cookies(CookieJar),
}

/// What is known about the renewal of a stored credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Renewal {
    /// The refresh token that was presented to the server last, if nothing is known of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) presented: Option<TokenFingerprint>,
    /// Whether the server will never renew the credential, which is used to its end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) refused: bool,
}

/// The digest of a refresh token. It tells tokens apart and is none itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenFingerprint(String);

impl TokenFingerprint {
    pub(super) fn of(refresh: &Secret) -> Self {
        let digest = Sha256::new()
            .chain_update("vestibule presented ")
            .chain_update(refresh.expose())
            .finalize();
        Self(crate::hex::encode(&digest))
    }
}

/// Counts what is written to it.
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

/// What a store holds of one session.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// Where the credential is good: system, server and tenant or application.
    audience: String,
    /// When it was written, to the second.
    #[serde(default)]
    written_at: i64,
    /// What the user has signed in by, to do it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login_hint: Option<String>,
    #[serde(flatten)]
    renewal: Renewal,
    #[serde(flatten)]
    credential: Credential,
}

/// What a record says.
pub(super) struct Recorded {
    pub(super) credential: Credential,
    pub(super) renewal: Renewal,
    pub(super) written_at: DateTime<Utc>,
    pub(super) login_hint: Option<String>,
}

impl Credential {
    /// What the server has issued, if calls can carry it. A cookie jar takes nothing else.
    pub(super) fn answered(self, system: System) -> Result<Self, Error> {
        match self {
            Self::Tokens(tokens) => tokens.answered(system).map(Self::Tokens),
            #[cfg(feature = "fynd")]
            Self::Cookies(_) => Ok(self),
        }
    }

    pub(super) fn to_record(
        &self,
        renewal: &Renewal,
        login_hint: Option<&str>,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Record, Error> {
        let stored = Stored {
            audience: audience.to_owned(),
            written_at: now.timestamp(),
            login_hint: login_hint.map(str::to_owned),
            renewal: renewal.clone(),
            credential: self.clone(),
        };
        let unwritable = |_| Error::new(ErrorKind::Undecodable, "the session cannot be written");
        // A buffer that grows would leave copies of the tokens behind, and holes in memory.
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &stored).map_err(unwritable)?;
        let mut bytes = Vec::with_capacity(length.0);
        serde_json::to_writer(&mut bytes, &stored).map_err(unwritable)?;
        Ok(Record::new(bytes))
    }

    pub(super) fn from_record(record: &Record, audience: &str) -> Result<Recorded, Error> {
        let unreadable = |what| Error::new(ErrorKind::Undecodable, what);
        let stored: Stored = serde_json::from_slice(record.expose())
            .map_err(|_| unreadable("the stored session was not understood"))?;
        if stored.audience != audience {
            let what = "the stored session is of another system, server or tenant";
            return Err(unreadable(what));
        }
        Ok(Recorded {
            credential: stored.credential,
            renewal: stored.renewal,
            written_at: DateTime::from_timestamp(stored.written_at, 0).unwrap_or_default(),
            login_hint: stored.login_hint,
        })
    }

    /// The digest of its refresh token.
    pub(super) fn fingerprint(&self) -> Option<TokenFingerprint> {
        match self {
            Self::Tokens(tokens) => tokens.refresh.as_ref().map(TokenFingerprint::of),
            #[cfg(feature = "fynd")]
            Self::Cookies(_) => None,
        }
    }

    /// Whether both are the same credential.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tokens(one), Self::Tokens(other)) => one == other,
            #[cfg(feature = "fynd")]
            (Self::Cookies(one), Self::Cookies(other)) => one == other,
            #[cfg(feature = "fynd")]
            _ => false,
        }
    }
}

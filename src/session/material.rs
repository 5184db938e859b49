//! What a session keeps: tokens or cookies, and how they are written to a store.

use serde::{Deserialize, Serialize};

use super::store::Record;
use super::tokens::Tokens;
#[cfg(feature = "fynd")]
use crate::credential::CookieJar;
use crate::error::{Error, ErrorKind};

/// The credential of one session.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Material {
    Tokens(Tokens),
    #[cfg(feature = "fynd")]
    Cookies(CookieJar),
}

/// What a store holds of one session.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// Where the credential is good: system, server and tenant or application.
    audience: String,
    #[serde(flatten)]
    material: Material,
}

impl Material {
    pub(crate) fn to_record(&self, audience: &str) -> Result<Record, Error> {
        let stored = Stored {
            audience: audience.to_owned(),
            material: self.clone(),
        };
        serde_json::to_vec(&stored)
            .map(Record::new)
            .map_err(|_| Error::new(ErrorKind::Undecodable, "the session cannot be written"))
    }

    pub(crate) fn from_record(record: &Record, audience: &str) -> Result<Self, Error> {
        let unreadable = |what| Error::new(ErrorKind::Undecodable, what);
        let stored: Stored = serde_json::from_slice(record.expose())
            .map_err(|_| unreadable("the stored session was not understood"))?;
        if stored.audience != audience {
            let what = "the stored session is of another system, server or tenant";
            return Err(unreadable(what));
        }
        Ok(stored.material)
    }
}

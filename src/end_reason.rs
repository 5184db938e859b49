//! Why a session has ended.

use std::fmt;

/// Why a session has ended: no request uses its credential any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// The user signed out by this client.
    SignedOut,
    /// The user deleted the account by this client.
    UserDeleted,
    /// Another instance ended the session, or its record has expired in the store.
    EndedElsewhere,
    /// The session has reached the end that it was created with, see
    /// [`Settings::session_absolute_timeout`](crate::Settings::session_absolute_timeout).
    AbsoluteTimeout,
    /// The caller took the credential out of the session, such as by `export_tokens`.
    Exported,
    /// The credential has expired, or the server rejected it, and it cannot be refreshed.
    Expired,
    /// The server refused to refresh the token.
    RefreshRefused,
    /// The server refused to refresh the token after an earlier refresh was interrupted: its
    /// response may have held the tokens that replaced this one.
    RefreshInterrupted,
    /// The server rejected a token that it had just issued.
    NewTokenRejected,
    /// The server rejected the credential, or refused to refresh it, several times over minutes, in
    /// words that its description does not have.
    RepeatedlyRejected,
}

impl EndReason {
    /// The reason as logs and metrics have it, such as `signed_out`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::UserDeleted => "user_deleted",
            Self::EndedElsewhere => "ended_elsewhere",
            Self::AbsoluteTimeout => "absolute_timeout",
            Self::Exported => "exported",
            Self::Expired => "expired",
            Self::RefreshRefused => "refresh_refused",
            Self::RefreshInterrupted => "refresh_interrupted",
            Self::NewTokenRejected => "new_token_rejected",
            Self::RepeatedlyRejected => "repeatedly_rejected",
        }
    }
}

/// The reason as part of a sentence, for a message.
impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignedOut => "the user signed out",
            Self::UserDeleted => "the user was deleted",
            Self::EndedElsewhere => "it was ended elsewhere",
            Self::AbsoluteTimeout => "it has reached its absolute timeout",
            Self::Exported => "its credential was exported",
            Self::Expired => "its credential has expired and cannot be refreshed",
            Self::RefreshRefused => "the server refused to refresh it",
            Self::RefreshInterrupted => {
                "an earlier refresh was interrupted, and the server refused another"
            }
            Self::NewTokenRejected => "the server rejected a token that it had just issued",
            Self::RepeatedlyRejected => "the server rejected it repeatedly, in unknown words",
        })
    }
}

//! What an error of Redis means.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::StoreError;

/// The category of a Redis error, without its text, which quotes addresses and arguments.
pub(super) fn store_error(error: &RedisError) -> StoreError {
    let kind = match (error.kind(), error.code()) {
        (_, Some("OOM")) => return StoreError::Full,
        (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) | (ErrorKind::AuthenticationFailed, _) => {
            io::ErrorKind::PermissionDenied
        }
        _ if has_no_primary(error) => return StoreError::ReadOnly,
        (ErrorKind::Server(ServerErrorKind::BusyLoading), _) => return StoreError::Loading,
        (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask), _) => {
            return StoreError::Moved;
        }
        (_, Some("NOREPLICAS")) => return StoreError::TooFewReplicas,
        (_, Some("MISCONF")) => return StoreError::NotPersistent,
        (_, Some("BUSY")) => io::ErrorKind::ResourceBusy,
        // The Sentinels do not know the service, or its primary is down.
        (ErrorKind::MasterNameNotFoundBySentinel, _) => io::ErrorKind::NotFound,
        (ErrorKind::InvalidClientConfig, _) => io::ErrorKind::InvalidInput,
        (ErrorKind::RESP3NotSupported, _) => io::ErrorKind::Unsupported,
        (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => io::ErrorKind::InvalidData,
        _ if error.is_timeout() => io::ErrorKind::TimedOut,
        _ if error.is_connection_refusal() => io::ErrorKind::ConnectionRefused,
        _ if error.is_connection_dropped() => io::ErrorKind::ConnectionReset,
        _ => io::ErrorKind::Other,
    };
    StoreError::Unavailable(kind)
}

pub(super) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the connection leads to a replica.
pub(super) fn has_no_primary(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
    )
}

/// Whether a new connection may lead to a server that can respond. The driver itself only retries
/// failures of the connection; it may keep an error in the handshake for ever, and stays with a server
/// that was demoted.
pub(super) fn needs_new_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => false,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::ResponseError
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::BusyLoading
        ),
        _ => !matches!(
            error.code(),
            Some("OOM" | "BUSY" | "MISCONF" | "NOREPLICAS")
        ),
    }
}

//! Redis' errors as categories: their texts quote addresses and arguments.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::super::StoreError;

/// What an error of the driver tells a caller.
pub(super) fn unavailable(error: &RedisError) -> StoreError {
    let kind = match (error.kind(), error.code()) {
        (_, Some("OOM")) => return StoreError::Full,
        (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) | (ErrorKind::AuthenticationFailed, _) => {
            io::ErrorKind::PermissionDenied
        }
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => io::ErrorKind::ReadOnlyFilesystem,
        (ErrorKind::Server(ServerErrorKind::BusyLoading), _) | (_, Some("BUSY")) => {
            io::ErrorKind::ResourceBusy
        }
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

/// Whether the driver may keep this answer to its greeting for ever, although a later one would be
/// welcome: it tries again only what failed on the wire.
pub(super) fn may_be_stuck(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io => false,
        ErrorKind::Server(kind) => kind == ServerErrorKind::ResponseError,
        _ => !matches!(
            error.code(),
            Some("OOM" | "BUSY" | "MISCONF" | "NOREPLICAS")
        ),
    }
}

//! The state holds the newest key, which cannot be read or replaced.

use vestibule::Secret;
use vestibule::goodcity::PendingCode;

fn rewound(pending: PendingCode, old_key: Secret) -> PendingCode {
    PendingCode {
        key: old_key,
        ..pending
    }
}

fn main() {}

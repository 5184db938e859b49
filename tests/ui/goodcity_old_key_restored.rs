//! The state holds the newest key, which cannot be read or replaced.

use vestibule::Secret;
use vestibule::goodcity::PendingPin;

fn rewound(pending: PendingPin, old_key: Secret) -> PendingPin {
    PendingPin {
        key: old_key,
        ..pending
    }
}

fn main() {}

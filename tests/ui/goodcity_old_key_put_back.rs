//! The newest key lives in the state, where nobody can read it or put back an old one.

use vestibule::Secret;
use vestibule::goodcity::PendingPin;

fn rewound(pending: PendingPin, old_key: Secret) -> PendingPin {
    PendingPin {
        key: old_key,
        ..pending
    }
}

fn main() {}

//! The state holds the newest key, which cannot be read or replaced.

use vestibule::goodcity::PendingCode;

fn rewound(pending: PendingCode, old: PendingCode) -> PendingCode {
    PendingCode {
        challenge: old.challenge,
        ..pending
    }
}

fn main() {}

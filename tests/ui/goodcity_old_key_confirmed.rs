//! A pin is confirmed without a key: the state sends the newest.

use vestibule::Secret;
use vestibule::goodcity::PendingPin;

async fn confirm(pending: PendingPin, old_key: Secret) {
    let _ = pending.confirm("1234", old_key).await;
}

fn main() {}

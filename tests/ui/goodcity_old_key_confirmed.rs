//! A pin is confirmed without a key: the state sends the newest.

use vestibule::Secret;
use vestibule::goodcity::PendingCode;

async fn confirm(pending: PendingCode, old_key: Secret) {
    let _ = pending.confirm("1234", old_key).await;
}

fn main() {}

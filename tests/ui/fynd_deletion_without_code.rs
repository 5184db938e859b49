//! A deletion that sent no code has nothing to confirm.

use vestibule::fynd::Deletion;

async fn delete(deletion: Deletion) {
    let _ = deletion.confirm("1234").await;
}

fn main() {}

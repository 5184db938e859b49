//! A bootstrap request needs a signer.

use vestibule::wunder::Client;

fn unsigned() {
    let builder = Client::builder("https://go.api.gourban.services/v1").tenant("mytenant");
    let _ = builder.signature_scheme(());
}

fn main() {}

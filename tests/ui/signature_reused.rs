//! No call takes a signature, so none can be reused: the client signs each attempt.

use vestibule::wunder::Client;

fn with_old_signature(client: &Client, signature: &str) {
    let api = client.user_api();
    api.create_or_sign_in_with_phone_number()
        .signature(signature);
}

fn main() {}

//! The described calls are made by a client, which signs them.

use vestibule::wunder::user_api::UserApi;

fn unsigned() {
    let _ = UserApi::new("https://go.api.gourban.services/v1/mytenant");
}

fn main() {}

//! The described calls come from a client, which signs them. Nobody makes them without one.

use vestibule::wunder::user_api::UserApi;

fn unsigned() {
    let _ = UserApi::new("https://go.api.gourban.services/v1/mytenant");
}

fn main() {}

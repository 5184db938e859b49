//! The app's own reqwest client, which has no TLS feature, beside vestibule with the feature `rustls`.

use std::panic::catch_unwind;

use vestibule::Settings;
use vestibule::testing::Wunder;

/// One test, because the provider that it installs is that of the whole process.
#[tokio::test]
async fn the_apps_own_reqwest_client_needs_a_provider() {
    let mock = Wunder::start().await;

    // vestibule enables rustls in reqwest without a provider, for all users of reqwest in the app.
    catch_unwind(reqwest::Client::new).unwrap_err();

    // A client of vestibule's builder has its own provider.
    let http = Settings::new()
        .http_client_builder()
        .unwrap()
        .build()
        .unwrap();
    http.get(mock.base_url()).send().await.unwrap();

    // An app installs one for all its clients, at the start of `main`.
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let http = reqwest::Client::new();
    http.get(mock.base_url()).send().await.unwrap();
}

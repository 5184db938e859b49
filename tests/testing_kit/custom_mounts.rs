//! Custom mounts of a test, in addition to the mock's.

use vestibule::testing::GoodCity;
use vestibule::testing::wiremock::matchers::{method, path};
use vestibule::testing::wiremock::{Mock, ResponseTemplate};

async fn status(mock: &GoodCity, path: &str) -> u16 {
    let url = format!("{}{path}", mock.base_url());
    reqwest::get(url).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_custom_mount_takes_precedence_over_the_mock() {
    let mock = GoodCity::start().await;
    let (profile, rooms) = (
        "/api/v1/auth/current_user_profile",
        "/api/v1/auth/current_user_rooms",
    );
    assert_eq!(
        (status(&mock, profile).await, status(&mock, "/mine").await),
        (401, 404)
    );
    for (own, response) in [(profile, 418), ("/mine", 202)] {
        let own = Mock::given(method("GET")).and(path(own));
        mock.mount(own.respond_with(ResponseTemplate::new(response)).expect(1))
            .await;
    }
    assert_eq!(
        (status(&mock, profile).await, status(&mock, "/mine").await),
        (418, 202)
    );
    assert_eq!(status(&mock, rooms).await, 200);
    assert_eq!(
        mock.count("current_user_profile"),
        1,
        "calls to a custom mount are not counted by the mock"
    );
}

#[tokio::test]
async fn a_custom_mount_can_be_temporary() {
    let mock = GoodCity::start().await;
    let profile = "/api/v1/auth/current_user_profile";
    let own = Mock::given(path(profile)).respond_with(ResponseTemplate::new(503));
    mock.mount(own.up_to_n_times(1)).await;
    assert_eq!(
        (status(&mock, profile).await, status(&mock, profile).await),
        (503, 401)
    );
}

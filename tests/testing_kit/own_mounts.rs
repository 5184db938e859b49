//! Mocks of the test's own, beside ours.

use vestibule::testing::GoodCity;
use vestibule::testing::wiremock::matchers::{method, path};
use vestibule::testing::wiremock::{Mock, ResponseTemplate};

async fn status(mock: &GoodCity, path: &str) -> u16 {
    let url = format!("{}{path}", mock.base_url());
    reqwest::get(url).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_own_mount_wins_and_the_rest_stays() {
    let mock = GoodCity::start().await;
    let (profile, rooms) = (
        "/api/v1/auth/current_user_profile",
        "/api/v1/auth/current_user_rooms",
    );
    assert_eq!(
        (status(&mock, profile).await, status(&mock, "/mine").await),
        (401, 404)
    );
    for (own, answer) in [(profile, 418), ("/mine", 202)] {
        let own = Mock::given(method("GET")).and(path(own));
        mock.mount(own.respond_with(ResponseTemplate::new(answer)).expect(1))
            .await;
    }
    assert_eq!(
        (status(&mock, profile).await, status(&mock, "/mine").await),
        (418, 202)
    );
    assert_eq!(status(&mock, rooms).await, 401);
    assert_eq!(
        mock.count("current_user_profile"),
        1,
        "an own mount's calls are its own"
    );
}

#[tokio::test]
async fn an_own_mount_may_be_good_only_for_a_while() {
    let mock = GoodCity::start().await;
    let profile = "/api/v1/auth/current_user_profile";
    let own = Mock::given(path(profile)).respond_with(ResponseTemplate::new(503));
    mock.mount(own.up_to_n_times(1)).await;
    assert_eq!(
        (status(&mock, profile).await, status(&mock, profile).await),
        (503, 401)
    );
}

//! Input that the client or the server refuses.

use super::*;

#[tokio::test]
async fn bodies_of_the_wrong_form_are_refused_by_the_server() {
    let (mock, client) = start().await;
    let session = sign_in(&mock, &client).await;
    let user = json!({"mobile": MOBILE, "address_attributes": {"district_id": 1}});
    for (path, body, shape) in [
        ("send_pin", json!({"mobile": ""}), ErrorShape::Invalid),
        (
            "send_pin",
            json!({"mobile": "+9101234567"}),
            ErrorShape::Invalid,
        ),
        ("send_pin", json!({"mobile": 51234567}), ErrorShape::Invalid),
        ("signup", json!({}), ErrorShape::Plain),
        (
            "signup",
            json!({"user_auth": {"mobile": MOBILE}}),
            ErrorShape::Plain,
        ),
        ("signup", json!({"user_auth": user}), ErrorShape::Plain),
        (
            "verify",
            json!({"pin": 1234, "otp_auth_key": "key"}),
            ErrorShape::Plain,
        ),
        (
            "verify",
            json!({"pin": "1234", "otp_auth_key": "key"}),
            ErrorShape::Fields,
        ),
        (
            "verify",
            json!({"pin": null, "otp_auth_key": null}),
            ErrorShape::Plain,
        ),
        ("register_device", json!({"platform": 1}), ErrorShape::Plain),
    ] {
        let call = session.request(Method::POST, format!("/api/v1/auth/{path}"));
        let error = call.json(&body).send::<Value>().await.unwrap_err();
        refused(&error, 422, shape);
    }
    let call = session.request(Method::POST, "/api/v1/auth/send_pin");
    let error = call
        .json(&json!({"mobile": "51234567"}))
        .send::<Value>()
        .await
        .unwrap_err();
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(
        api_error.expose_message(),
        Some("Mobile must begin with +852")
    );
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    let base = mock.base_url();
    for wrong in ["", "App", "my app", "app\n", "app-1", "ａpp"] {
        assert_eq!(
            field(Client::builder(&base).app_name(wrong).build()),
            "app_name",
            "{wrong:?}"
        );
    }
    for right in ["app", "admin.goodcity", "settings_editor"] {
        assert!(
            Client::builder(&base).app_name(right).build().is_ok(),
            "{right}"
        );
    }
    assert_eq!(
        field(
            Client::builder("http://goodcity.example")
                .app_name("app")
                .build()
        ),
        "base_url"
    );
    let language = Client::builder(&base).app_name("app").language("");
    assert_eq!(field(language.build()), "language");

    for wrong in ["", "51234567"] {
        assert_eq!(field(vestibule::Phone::parse(wrong)), "phone", "{wrong}");
    }
    for wrong in [
        "+85231234567",
        "+852 3123 4567",
        "+8525123456",
        "+9101234567",
    ] {
        assert_eq!(
            field(client.sign_in_with_pin(&wrong.parse().unwrap()).await),
            "phone",
            "{wrong}"
        );
        let sign_up = client
            .sign_up(&wrong.parse().unwrap())
            .first_name("Ada")
            .last_name("Wong");
        assert_eq!(field(sign_up.send().await), "phone", "{wrong}");
    }
    let sign_up = client.sign_up(&UNKNOWN.parse().unwrap());
    for (blank, name) in [
        (sign_up.clone().first_name(""), "first_name"),
        (sign_up.clone().last_name(" "), "last_name"),
        (sign_up.clone().district_id("\t"), "district_id"),
        (sign_up.clone().address_type(""), "address_type"),
    ] {
        assert_eq!(field(blank.send().await), name);
    }
    let strict = Client::builder(&base)
        .app_name("app")
        .mobile_rule(MobileRule::Documented);
    let strict = strict.build().unwrap();
    assert_eq!(
        field(
            strict
                .sign_in_with_pin(&"+85241234567".parse().unwrap())
                .await
        ),
        "phone"
    );
    assert!(mock.journal().is_empty());
    let _ = client
        .sign_in_with_pin(&"+85241234567".parse().unwrap())
        .await
        .unwrap();

    let mut pending = Some(send_pin(&client).await);
    for wrong in ["", "123", "12345", "12a4", "１２３", "+123", "12.34"] {
        let returned = pending.take().unwrap().confirm(wrong).await.unwrap_err();
        assert_eq!(returned.error.field(), Some("pin"), "{wrong:?}");
        pending = Some(returned.state);
    }
    assert_eq!(mock.count("verify"), 0);
    // As a person may paste it.
    let typed: String = pin(&mock)
        .chars()
        .flat_map(|digit| [digit, ' ', '\u{200b}'])
        .collect();
    let signed_in = pending.unwrap().confirm(typed).await.unwrap();
    let register = signed_in.session.update_device("", "fcm").await;
    assert_eq!(field(register), "handle");
    let register = signed_in.session.update_device("handle", "").await;
    assert_eq!(field(register), "platform");
    assert_eq!(mock.count("register_device"), 0);
}

#[tokio::test]
async fn a_number_refused_by_an_old_server_can_be_corrected_at_once() {
    let (mock, client) = start().await;
    mock.old_server(true);
    for _ in 0..2 {
        let sign_up = client
            .sign_up(&"+85241234567".parse().unwrap())
            .first_name("Grace")
            .last_name("Lee");
        let error = sign_up.send().await.unwrap_err();
        refused(&error, 422, ErrorShape::Invalid);
    }
    assert_eq!(mock.count("signup"), 2, "no timer was running");
}

#[tokio::test]
async fn a_server_that_does_not_serve_the_host_refuses() {
    let server = wiremock::MockServer::start().await;
    let response = wiremock::ResponseTemplate::new(403);
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(response.set_body_json(json!({"errors": "Invalid host"})))
        .mount(&server)
        .await;
    let client = Client::builder(server.uri())
        .app_name("app")
        .build()
        .unwrap();
    for error in [
        client
            .sign_in_with_pin(&MOBILE.parse().unwrap())
            .await
            .unwrap_err(),
        client
            .sign_up(&UNKNOWN.parse().unwrap())
            .first_name("A")
            .last_name("B")
            .send()
            .await
            .unwrap_err(),
    ] {
        refused_as(ErrorKind::Misconfigured, &error, 403, ErrorShape::Invalid);
        let api_error: &ApiError = error.api_error().unwrap();
        assert_eq!(api_error.expose_message(), Some("Invalid host"));
    }
}

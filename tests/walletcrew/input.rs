//! Input that the client or the server refuses.

use super::*;

#[tokio::test]
async fn a_missing_or_unknown_provider_and_malformed_data_are_refused_by_the_server() {
    let (mock, client) = start().await;
    let error = client
        .sign_in_with_provider("faxbook", &otp("123456"))
        .await
        .unwrap_err();
    refused(&error, 400, ErrorReason::Malformed);
    let api_error: &ApiError = error.api_error().unwrap();
    assert_eq!(api_error.fields(), ["provider"]);

    let api = client.api();
    let call = api.authenticate().body(AnyJson(json!({})));
    refused(&call.send().await.unwrap_err(), 400, ErrorReason::Malformed);

    for data in [json!(null), json!("123456"), json!({"code": "123456"})] {
        let error = client
            .sign_in_with_provider("otp", &data)
            .await
            .unwrap_err();
        refused(&error, 400, ErrorReason::Malformed);
    }
    assert_eq!(mock.count("authenticate"), 5);
}

#[tokio::test]
async fn account_data_without_identifier_or_of_the_wrong_form_is_refused_with_its_fields() {
    let (mock, client) = start().await;
    for data in [
        json!({}),
        json!({"firstName": "Ada"}),
        json!({"email": "ada"}),
        json!({"email": 5}),
    ] {
        let error = client.customer(&data).send().await.unwrap_err();
        refused(&error, 412, ErrorReason::AccountData);
        let api_error: &ApiError = error.api_error().unwrap();
        assert_eq!(api_error.fields(), ["email"]);
        assert_eq!(api_error.expose_field_errors("email").len(), 1);
        assert!(api_error.expose_field_errors("phone").is_empty());
        assert_eq!(api_error.expose_problem().status, Some(412));
    }
    let unreachable = json!({"id": "customer-9"});
    let error = client
        .customer(&unreachable)
        .flow("activation")
        .send()
        .await;
    refused(&error.unwrap_err(), 412, ErrorReason::AccountData);

    let session = sign_in(&mock, &client).await;
    let call = session.request(Method::POST, "/customer").json(&json!([]));
    let error = call.send::<Value>().await.unwrap_err();
    refused(&error, 412, ErrorReason::AccountData);
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    let base = mock.base_url();
    for wrong in ["", "a/b", "..", "tenant 1", "ten%41nt"] {
        assert_eq!(
            field(Client::builder(&base).tenant(wrong).build()),
            "tenant",
            "{wrong}"
        );
    }
    assert_eq!(
        field(Client::builder("http://wallet.example").tenant("t").build()),
        "base_url"
    );
    for wrong in ["", " "] {
        assert_eq!(
            field(client.sign_in_with_provider(wrong, &otp("1")).await),
            "provider"
        );
    }
    for wrong in [json!(null), json!("ada"), json!([{}])] {
        assert_eq!(
            field(client.customer(&wrong).send().await),
            "data",
            "{wrong}"
        );
    }
    let not_json = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(field(client.customer(&not_json).send().await), "data");
    assert_eq!(
        field(client.sign_in_with_provider("otp", &not_json).await),
        "data"
    );
    assert!(mock.journal().is_empty());

    let returned = challenge(&client).await.confirm("", &otp("1")).await;
    assert_eq!(returned.unwrap_err().error.field(), Some("provider"));
    assert_eq!(mock.count("authenticate"), 0);
}

#[tokio::test]
async fn malformed_data_returns_the_challenge() {
    let (mock, client) = start().await;
    let challenge = challenge(&client).await;
    let returned = challenge.confirm("faxbook", &otp(code(&mock))).await;
    let returned = returned.unwrap_err();
    refused(&returned.error, 400, ErrorReason::Malformed);
    let login = otp(code(&mock));
    returned.state.confirm("otp", &login).await.unwrap();
}

#[tokio::test]
async fn storing_accounts_without_permission_is_refused() {
    let server = wiremock::MockServer::start().await;
    let problem = json!({"title": "Unauthorized", "status": 401});
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(wiremock::ResponseTemplate::new(401).set_body_json(problem))
        .expect(2)
        .mount(&server)
        .await;
    let client = Client::builder(server.uri())
        .tenant("tenant-01")
        .build()
        .unwrap();
    let account = ada();
    for account in [
        client.customer(&account),
        client.customer(&account).flow("activation"),
    ] {
        let error = account.send().await.unwrap_err();
        refused(&error, 401, ErrorReason::NotAuthenticated);
    }
}

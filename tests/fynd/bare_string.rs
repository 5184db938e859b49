//! Where a server may respond with a bare string, it is decoded as the member that the document
//! names.

use serde_json::json;
use vestibule::fynd::Client;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[tokio::test]
async fn a_bare_string_is_a_success_where_the_document_says_so() {
    let server = MockServer::start().await;
    let client = Client::builder("000000000000000000000001")
        .application_token("test-token-1")
        .base_url(server.uri())
        .build()
        .unwrap();
    let object = ResponseTemplate::new(200).set_body_json(json!({"status": "sent"}));
    let quoted = ResponseTemplate::new(200).set_body_json("sent");
    let bare = ResponseTemplate::new(200).set_body_string("sent");
    for response in [object, quoted, bare] {
        server.reset().await;
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        let api = client.api();
        let sent = api.send_reset_password_mobile().send().await.unwrap();
        assert_eq!(sent.status.as_deref(), Some("sent"));
    }
}

#[tokio::test]
async fn a_bare_string_is_undecodable_elsewhere() {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_json("sent");
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    let client = Client::builder("000000000000000000000001")
        .application_token("test-token-1")
        .base_url(server.uri())
        .build()
        .unwrap();
    let error = client.api().get_platform_config().send().await.unwrap_err();
    assert_eq!(error.kind(), vestibule::ErrorKind::InvalidResponse);
    assert_eq!(error.expose_body(), Some(&b"\"sent\""[..]));
    assert!(!format!("{error} {error:?}").contains("sent\""));
}

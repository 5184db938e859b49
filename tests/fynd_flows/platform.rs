//! A client of one application sends its platform in every flow.

use vestibule::Contact;
use vestibule::fynd::SocialSignIn;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const PLATFORM: &str = "64b0000000000000000000aa";

async fn calls(server: &MockServer, client: &Client) -> usize {
    let cookies = [("f.session", "a-cookie")];
    let session = client.resume_with_cookies(cookies).await.unwrap();
    let contacts = [
        Contact::phone(&format!("+91{ASHA}")).unwrap(),
        Contact::email(EMAIL).unwrap(),
    ];
    for contact in &contacts {
        let _ = session.add_contact(contact).await;
        let _ = client.reset_password_by_link(contact).await;
        let _ = client.reset_password_by_code(contact.clone()).send().await;
    }
    let _ = session.update_profile().first_name("Asha").send().await;
    let _ = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    let _ = client
        .sign_in_with_email_code("asha@example.org")
        .send()
        .await;
    let _ = client.sign_up("Asha").email(EMAIL).send().await;
    let _ = client
        .sign_in_with_social(SocialSignIn::google("a-token"))
        .await;
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn the_platform_is_set_once_for_all_flows() {
    let server = MockServer::start().await;
    let api_error = ResponseTemplate::new(400).set_body_string("{}");
    Mock::given(any())
        .respond_with(api_error)
        .mount(&server)
        .await;
    let client = |platform: Option<&str>| {
        let builder = Client::builder(APPLICATION)
            .application_token("application-token")
            .base_url(server.uri());
        let builder = match platform {
            Some(id) => builder.platform(id),
            None => builder,
        };
        builder.build().unwrap()
    };
    let named = async || {
        let requests = server.received_requests().await.unwrap();
        let of_ours = |(name, value): (_, _)| name == "platform" && value == PLATFORM;
        let named = requests
            .iter()
            .filter(|request| request.url.query_pairs().any(of_ours));
        named.count()
    };
    let without = calls(&server, &client(None)).await;
    assert_eq!(named().await, 0);
    let with = calls(&server, &client(Some(PLATFORM))).await - without;
    assert_eq!((with, without, named().await), (11, 11, 11));
}

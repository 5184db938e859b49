//! A server that responds with given bytes, and the clients of it.

use std::sync::{Arc, Mutex};

use vestibule::session::Tokens;
use vestibule::{Event, Observer, Phone, fynd, goodcity, walletcrew, wunder};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub struct Server(MockServer);

impl Server {
    /// Responds to every request with this status, content type and body.
    pub async fn start(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let server = MockServer::start().await;
        let response = ResponseTemplate::new(status).set_body_raw(body, content_type);
        Mock::given(any())
            .respond_with(response)
            .mount(&server)
            .await;
        Self(server)
    }

    /// Responds to every request with 200 and this JSON.
    pub async fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::start(200, "application/json", body).await
    }

    pub fn url(&self) -> String {
        self.0.uri()
    }

    pub fn wunder(&self) -> wunder::Client {
        let builder = wunder::Client::builder(self.url()).tenant("tenant01");
        builder.signing_key("a key").build().unwrap()
    }

    pub async fn wunder_session(&self) -> wunder::Session {
        let tokens = Tokens::new("an.access.token", None);
        self.wunder().resume_with_tokens(tokens).await.unwrap()
    }

    pub fn walletcrew(&self) -> walletcrew::Client {
        let builder = walletcrew::Client::builder(self.url());
        builder.tenant("tenant01").build().unwrap()
    }

    pub fn goodcity(&self) -> goodcity::Client {
        let builder = goodcity::Client::builder(self.url()).app_name("app");
        builder.build().unwrap()
    }

    pub fn fynd(&self) -> fynd::Client {
        self.fynd_with(Unreadable::default())
    }

    /// A client that reports the members that it cannot read.
    pub fn fynd_with(&self, unreadable: Unreadable) -> fynd::Client {
        let builder = fynd::Client::builder("64b000000000000000000001");
        builder
            .application_token("application-token")
            .base_url(self.url())
            .observer(unreadable)
            .build()
            .unwrap()
    }
}

/// The operations and members of the events about members that cannot be read.
#[derive(Clone, Default)]
pub struct Unreadable(pub Arc<Mutex<Vec<String>>>);

impl Observer for Unreadable {
    fn observe(&self, event: &Event<'_>) {
        if let Event::UnreadableMember {
            operation, member, ..
        } = event
        {
            self.0.lock().unwrap().push(format!("{operation} {member}"));
        }
    }
}

pub fn asha() -> Phone {
    Phone::parse("+91 90000 00001").unwrap()
}

pub fn wong() -> Phone {
    Phone::parse("+852 6123 4567").unwrap()
}

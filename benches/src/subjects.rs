//! The same call by each client that could be used.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use reqwest_tracing::TracingMiddleware;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::Instrument;
use vestibule::fynd;
use vestibule::session::Tokens;
use vestibule::wunder::user_api::types::Customer;
use vestibule::wunder::{Client, Session};

use crate::profile::{VALID, access_token};

const TENANT: &str = "steady";
const REAL_TENANT: &str = "real";

/// A client that reads a profile.
#[allow(async_fn_in_trait)]
pub trait Subject: Clone + 'static {
    async fn call(&self);
}

/// Our client, with all features on.
#[derive(Clone)]
pub struct Vestibule(Session);

impl Vestibule {
    pub async fn new(address: &str) -> Self {
        Self::of_tenant(address, TENANT).await
    }

    /// Its profiles have many members that the description does not name.
    pub async fn with_unknown_members(address: &str) -> Self {
        Self::of_tenant(address, "unknown").await
    }

    /// Its profiles are those of a real server.
    pub async fn with_real_profile(address: &str) -> Self {
        Self::of_tenant(address, REAL_TENANT).await
    }

    async fn of_tenant(address: &str, tenant: &str) -> Self {
        let client = Client::builder(format!("{address}/v1"))
            .tenant(tenant)
            .build();
        let tokens = Tokens::new(access_token(VALID), Some("a refresh token".into()));
        let session = client.expect("a client").resume_with_tokens(tokens).await;
        Self(session.expect("a session"))
    }
}

impl Subject for Vestibule {
    async fn call(&self) {
        let profile = self.0.profile().await.expect("a profile");
        assert_eq!(profile.phone_is_verified, Some(true));
    }
}

/// Our client of Fynd, whose user has a hundred KiB of contacts.
#[derive(Clone)]
pub struct Large(fynd::Session);

impl Large {
    pub async fn new(address: &str) -> Self {
        let client = fynd::Client::builder("64b000000000000000000001")
            .application_token("application-token")
            .base_url(address)
            .build();
        let client = client.expect("a client");
        let session = client
            .resume_with_cookies([("f.session", "a-cookie")])
            .await;
        Self(session.expect("a session"))
    }
}

impl Subject for Large {
    async fn call(&self) {
        let user = self.0.profile().await.expect("a user");
        assert!(
            user.emails
                .as_ref()
                .is_some_and(|emails| emails.len() > 500)
        );
    }
}

/// Plain reqwest.
#[derive(Clone)]
pub struct Reqwest {
    client: reqwest::Client,
    url: Arc<str>,
    token: Arc<str>,
}

impl Reqwest {
    pub fn new(address: &str) -> Self {
        Self {
            client: http_client(HeaderMap::new()),
            url: url(address, TENANT).into(),
            token: access_token(VALID).into(),
        }
    }
}

impl Subject for Reqwest {
    async fn call(&self) {
        let request = self.client.get(&*self.url).bearer_auth(&*self.token);
        let response = request.send().await.expect("a response");
        let response = response.error_for_status().expect("success");
        let profile: Customer = response.json().await.expect("a profile");
        assert_eq!(profile.phone_is_verified, Some(true));
    }
}

/// Reqwest by hand with the least that a careful caller adds: a deadline, a limit of concurrent calls and of
/// the length of a response, and a span for the call and the attempt. Shows what these alone cost.
#[derive(Clone)]
pub struct Guarded {
    plain: Reqwest,
    permits: Arc<Semaphore>,
}

impl Guarded {
    pub fn new(address: &str) -> Self {
        Self {
            plain: Reqwest::new(address),
            permits: Arc::new(Semaphore::new(256)),
        }
    }

    async fn attempt(&self) -> Customer {
        const MOST_BYTES: usize = 16 * 1024 * 1024;
        let Reqwest { client, url, token } = &self.plain;
        let _permit = self.permits.acquire().await.expect("it stays open");
        let request = client.get(&**url).bearer_auth(&**token);
        let response = request.send().await.expect("a response");
        let mut response = response.error_for_status().expect("success");
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.expect("a body") {
            assert!(body.len() + chunk.len() <= MOST_BYTES);
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).expect("a profile")
    }
}

impl Subject for Guarded {
    async fn call(&self) {
        let attempt = self.attempt().instrument(tracing::info_span!("attempt"));
        let call = timeout(Duration::from_secs(30), attempt);
        let profile = call.instrument(tracing::info_span!("call")).await;
        assert_eq!(profile.expect("in time").phone_is_verified, Some(true));
    }
}

/// Plain reqwest, with a type by hand that has all members of a real profile.
#[derive(Clone)]
pub struct RealByHand(Reqwest);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct RealProfile {
    uuid: Option<String>,
    phone_is_verified: Option<bool>,
    created_at: Option<String>,
    updated_at: Option<String>,
    status: Option<String>,
    locale: Option<String>,
    birth_date: Option<String>,
    gender: Option<String>,
    newsletter: Option<bool>,
    balance: Option<f64>,
    currency: Option<String>,
    referral_code: Option<String>,
    address: Option<Address>,
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Address {
    street: Option<String>,
    zip: Option<String>,
    city: Option<String>,
    country: Option<String>,
}

impl RealByHand {
    pub fn new(address: &str) -> Self {
        Self(Reqwest {
            url: url(address, REAL_TENANT).into(),
            ..Reqwest::new(address)
        })
    }
}

impl Subject for RealByHand {
    async fn call(&self) {
        let Reqwest { client, url, token } = &self.0;
        let request = client.get(&**url).bearer_auth(&**token);
        let response = request.send().await.expect("a response");
        let response = response.error_for_status().expect("success");
        let profile: RealProfile = response.json().await.expect("a profile");
        assert_eq!(profile.phone_is_verified, Some(true));
    }
}

/// Reqwest with retry and tracing middleware.
#[derive(Clone)]
pub struct Middleware {
    client: ClientWithMiddleware,
    url: Arc<str>,
    token: Arc<str>,
}

impl Middleware {
    pub fn new(address: &str) -> Self {
        let policy = ExponentialBackoff::builder().build_with_max_retries(2);
        let client = ClientBuilder::new(http_client(HeaderMap::new()))
            .with(TracingMiddleware::default())
            .with(RetryTransientMiddleware::new_with_policy(policy))
            .build();
        Self {
            client,
            url: url(address, TENANT).into(),
            token: access_token(VALID).into(),
        }
    }
}

impl Subject for Middleware {
    async fn call(&self) {
        let request = self.client.get(&*self.url).bearer_auth(&*self.token);
        let response = request.send().await.expect("a response");
        let response = response.error_for_status().expect("success");
        let profile: Customer = response.json().await.expect("a profile");
        assert_eq!(profile.phone_is_verified, Some(true));
    }
}

/// Progenitor's client of the same document. The token is a default header, as progenitor has no
/// other place for it.
#[derive(Clone)]
pub struct Progenitor(crate::progenitor::Client);

impl Progenitor {
    pub fn new(address: &str) -> Self {
        let token = format!("Bearer {}", access_token(VALID));
        let mut token = HeaderValue::from_str(&token).expect("a header");
        token.set_sensitive(true);
        let client = http_client(HeaderMap::from_iter([(AUTHORIZATION, token)]));
        let base = format!("{address}/v1");
        Self(crate::progenitor::Client::new_with_client(&base, client))
    }
}

impl Subject for Progenitor {
    async fn call(&self) {
        let call = self.0.get_customer().tenant(TENANT).send();
        let profile = call.await.expect("a profile").into_inner();
        assert_eq!(profile.phone_is_verified, Some(true));
    }
}

fn url(address: &str, tenant: &str) -> String {
    format!("{address}/v1/{tenant}/front/customers")
}

/// The cheapest configuration of reqwest: no proxies, redirects or timeouts.
pub fn http_client(headers: HeaderMap) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .default_headers(headers)
        .build()
        .expect("a client")
}

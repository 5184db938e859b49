//! An HTTP client that calls the router directly.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use tower::ServiceExt;
use vestibule_axum_backend::app::App;
use vestibule_axum_backend::settings::{Servers, Settings};

pub struct Client {
    app: Arc<App>,
    /// Name and value of the cookie.
    pub cookie: Option<String>,
    pub origin: Option<&'static str>,
}

pub struct Response {
    pub status: u16,
    pub body: String,
    headers: HeaderMap,
}

/// A back end on mocks, in memory.
pub async fn start(https: bool) -> Arc<App> {
    with_servers(Servers::default(), https).await
}

/// A back end whose settings name the mocks of another as its servers.
pub async fn on_named_servers(app: &App) -> Arc<App> {
    let servers = app.mocks.as_ref().expect("mocks are running").servers();
    with_servers(servers, false).await
}

async fn with_servers(servers: Servers, https: bool) -> Arc<App> {
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        https,
        redis: None,
        servers,
    };
    App::start(&settings).await.expect("it starts")
}

impl Client {
    pub fn of(app: &Arc<App>) -> Self {
        Self {
            app: app.clone(),
            cookie: None,
            origin: Some("http://here.example"),
        }
    }

    pub async fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, "").await
    }

    pub async fn post(&mut self, path: &str, form: &str) -> Response {
        self.send("POST", path, form).await
    }

    /// The value of the cookie.
    pub fn value(&self) -> String {
        let cookie = self.cookie.as_ref().expect("there is a cookie");
        let (_, value) = cookie.split_once('=').expect("it has a value");
        value.to_owned()
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "here.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(origin) = self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        let request = request
            .body(Body::from(form.to_owned()))
            .expect("a request");
        let sent = self.app.router().oneshot(request).await;
        let (head, body) = sent.expect("a router does not fail").into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let response = Response {
            status: head.status.as_u16(),
            body: String::from_utf8_lossy(&body).into_owned(),
            headers: head.headers,
        };
        if let Some((pair, _)) = response.header("set-cookie").split_once(';') {
            self.cookie = Some(pair.to_owned());
        }
        response
    }
}

impl Response {
    /// The value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).map(|value| value.to_str());
        value.and_then(Result::ok).unwrap_or_default().to_owned()
    }
}

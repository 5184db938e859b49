//! A forward proxy: absolute URLs for http, `CONNECT` for https.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use vestibule::reqwest::Url;

/// A running proxy that keeps the heads of its requests.
pub struct ForwardProxy {
    authority: String,
    requests: Arc<Mutex<Vec<ProxyRequest>>>,
}

/// The head of a request, as received.
#[derive(Clone, Debug)]
pub struct ProxyRequest(String);

impl ForwardProxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let requests = Arc::default();
        let proxy = Self {
            authority,
            requests: Arc::clone(&requests),
        };
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(forward(from, requests.clone()));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.authority)
    }

    /// The URL with credentials.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}", self.authority)
    }

    pub fn requests(&self) -> Vec<ProxyRequest> {
        self.requests.lock().unwrap().clone()
    }
}

impl ProxyRequest {
    /// The method and the target.
    pub fn target(&self) -> (&str, &str) {
        let mut words = self.0.split(' ');
        (words.next().unwrap(), words.next().unwrap())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

async fn forward(mut from: TcpStream, requests: Arc<Mutex<Vec<ProxyRequest>>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(from.read_u8().await?);
    }
    let request = ProxyRequest(String::from_utf8(head).unwrap());
    let (method, target) = request.target();
    let authority = if method == "CONNECT" {
        target.to_owned()
    } else {
        let url = Url::parse(target).unwrap();
        let port = url.port_or_known_default().unwrap();
        format!("{}:{port}", url.host_str().unwrap())
    };
    requests.lock().unwrap().push(request.clone());
    let Ok(mut to) = TcpStream::connect(authority).await else {
        let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
        return from.write_all(refusal).await;
    };
    if method == "CONNECT" {
        from.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    } else {
        to.write_all(request.0.as_bytes()).await?;
    }
    copy_bidirectional(&mut from, &mut to).await?;
    Ok(())
}

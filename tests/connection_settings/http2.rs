//! HTTP/2 connections that die, and servers that refuse a request on one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, server};
use http::{Method, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vestibule::goodcity::{Client, ClientBuilder};
use vestibule::testing::GoodCity;
use vestibule::{AnyJson, Backoff, Delivery, Error, ErrorKind, Settings};

use super::send_pin;
use super::tls_server::{Authority, acceptor};

fn builder(base_url: &str, authority: &Authority) -> ClientBuilder {
    let client = Client::builder(base_url).app_name("app");
    client.root_certificate(authority.pem())
}

async fn send_pin_to(client: &Client, mobile: &str) -> Result<(), Error> {
    let sent = client.sign_in_with_pin(&mobile.parse().unwrap()).await;
    sent.map(drop)
}

/// A server in front of another one, whose connections can be made to swallow every byte.
struct Swallowing {
    base_url: String,
    connections: Arc<AtomicUsize>,
    /// The number of connections that are dead.
    dead: watch::Sender<usize>,
}

impl Swallowing {
    async fn start(authority: &Authority, to: &str) -> Self {
        let acceptor = acceptor(authority.issue("127.0.0.1"), None, &["h2"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("https://{}", listener.local_addr().unwrap());
        let to = to.strip_prefix("http://").unwrap().to_owned();
        let connections = Arc::new(AtomicUsize::new(0));
        let (dead, is_dead) = watch::channel(0);
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, to) = (acceptor.clone(), to.clone());
                let (is_dead, is_dead_too) = (is_dead.clone(), is_dead.clone());
                tokio::spawn(async move {
                    let from = acceptor.accept(from).await.ok()?;
                    assert_eq!(from.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
                    let (from_read, from_write) = split(from);
                    let (to_read, to_write) = split(TcpStream::connect(to).await.ok()?);
                    let there = copy(from_read, to_write, number, is_dead);
                    let back = copy(to_read, from_write, number, is_dead_too);
                    Some(tokio::join!(there, back))
                });
            }
        });
        Self {
            base_url,
            connections,
            dead,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// From now on no byte of the present connections arrives, and none of them is closed.
    fn swallow(&self) {
        self.dead.send_replace(self.connections());
    }
}

/// Copies bytes until the connection is dead; then it reads them and keeps them.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: usize,
    is_dead: watch::Receiver<usize>,
) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if *is_dead.borrow() <= number && to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
    // The other side does not learn that this one has ended.
    while *is_dead.borrow() > number {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A load balancer or a NAT forgets a connection without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_connection_is_left_within_one_attempt() {
    let (mock, authority) = (GoodCity::start().await, Authority::new());
    let server = Swallowing::start(&authority, &mock.base_url()).await;
    let settings = Settings::new().attempt_timeout(Duration::from_secs(4));
    let client = builder(&server.base_url, &authority).settings(settings);
    let client = client.build().unwrap();
    send_pin(&client).await.unwrap();
    assert_eq!((server.connections(), mock.count("send_pin")), (1, 1));

    server.swallow();
    // A read is repeated, and the second attempt arrives: the error is the server's own.
    let request = client.request(Method::GET, "/api/v1/auth/current_user_profile");
    let error = request.send::<AnyJson>().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 401, "{error}");
    assert_eq!((error.attempts(), server.connections()), (2, 2), "{error}");
    assert_eq!(mock.count("current_user_profile"), 1);

    // A message is not: it may have been sent. But the next one uses a new connection.
    server.swallow();
    let error = send_pin_to(&client, "+85251234568").await.unwrap_err();
    assert_eq!((error.delivery(), error.attempts()), (Delivery::Unknown, 1));
    send_pin_to(&client, "+85251234569").await.unwrap();
    assert_eq!((server.connections(), mock.count("send_pin")), (3, 2));
}

/// A server that refuses so many requests before it answers, and keeps their paths.
async fn refusing(authority: &Authority, refused: usize) -> (String, Arc<Mutex<Vec<String>>>) {
    let acceptor = acceptor(authority.issue("127.0.0.1"), None, &["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), seen.clone());
            tokio::spawn(async move {
                let from = acceptor.accept(from).await.ok()?;
                let mut connection = server::handshake(from).await.ok()?;
                while let Some(request) = connection.accept().await {
                    let (request, mut respond) = request.ok()?;
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.uri().path().to_owned());
                        seen.len()
                    };
                    if number <= refused {
                        respond.send_reset(Reason::REFUSED_STREAM);
                        continue;
                    }
                    let body = Bytes::from_static(b"{\"otp_auth_key\": \"key\"}");
                    let mut body_of = respond.send_response(Response::new(()), false).ok()?;
                    body_of.send_data(body, true).ok()?;
                }
                Some(())
            });
        }
    });
    (base_url, requests)
}

/// HTTP/2 says of a refused stream that the request was not processed.
#[tokio::test]
async fn a_refused_request_is_sent_once_per_attempt_and_counted() {
    let authority = Authority::new();
    let (base_url, requests) = refusing(&authority, usize::MAX).await;
    let once = builder(&base_url, &authority).retry(Backoff::none());
    let error = send_pin(&once.build().unwrap()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Unavailable, Delivery::NotSent)
    );
    assert_eq!(
        (error.attempts(), requests.lock().unwrap().len()),
        (1, 1),
        "{error}"
    );

    let error = send_pin(&builder(&base_url, &authority).build().unwrap()).await;
    let error = error.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert_eq!(
        (error.attempts(), requests.lock().unwrap().len()),
        (3, 4),
        "{error}"
    );
}

/// The same, where the server recovers.
#[tokio::test]
async fn a_refused_message_is_requested_again_because_it_was_not_sent() {
    let authority = Authority::new();
    let (base_url, requests) = refusing(&authority, 2).await;
    send_pin(&builder(&base_url, &authority).build().unwrap())
        .await
        .unwrap();
    assert_eq!(requests.lock().unwrap().len(), 3);
}

/// A server that takes a request, and then closes the connection in an orderly way instead of answering.
#[tokio::test]
async fn a_message_whose_request_the_server_took_is_not_requested_again() {
    let authority = Authority::new();
    let acceptor = acceptor(authority.issue("127.0.0.1"), None, &["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let from = acceptor.accept(from).await.unwrap();
            let mut connection = server::handshake(from).await.unwrap();
            let mut requests = Vec::new();
            while let Some(Ok(request)) = connection.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                requests.push(request);
                connection.abrupt_shutdown(Reason::NO_ERROR);
            }
        }
    });
    let client = builder(&base_url, &authority).build().unwrap();
    let error = send_pin(&client).await.unwrap_err();
    let (kind, delivery) = (error.kind(), error.delivery());
    assert_eq!(
        (kind, delivery),
        (ErrorKind::Unavailable, Delivery::Unknown)
    );
    let attempts = (error.attempts(), taken.load(Ordering::SeqCst));
    assert_eq!(attempts, (1, 1), "{error}");
}

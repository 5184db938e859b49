//! A server on the loopback that responds with given bytes to any request.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running server; it stops with its runtime.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Responds to the first request with the first of `responses` and so on, to every further one
    /// with the last; each connection is closed after its response.
    pub async fn start(responses: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((next_host(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let before = seen.fetch_add(1, Ordering::Relaxed);
                let response = responses.get(before).or(responses.last());
                // Clients may disconnect at any time.
                let _ = respond_once(stream, response.map_or(&[], Vec::as_slice)).await;
            }
        });
        Self { address, requests }
    }

    /// Number of requests received.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// A new loopback address for each server: a closed connection keeps its port pair for a minute,
/// and one address has too few for so many connections.
fn next_host() -> Ipv4Addr {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let [.., high, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// Reads one whole request first: closing with unread data would reset the connection.
async fn respond_once(mut stream: TcpStream, response: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut request = Vec::with_capacity(4096);
    loop {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if let Some(head) = head
            && request.len() >= head + 4 + body_length(&request[..head])
        {
            break;
        }
    }
    stream.write_all(response).await?;
    stream.shutdown().await
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    lines
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0)
}

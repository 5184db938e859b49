//! A server on the loopback that answers with given bytes, whatever it is asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A running server; it ends with its runtime.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Answers the first request with the first of `answers` and so on, every further one with the
    /// last; each connection is closed after its answer.
    pub async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((next_host(), 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let before = seen.fetch_add(1, Ordering::Relaxed);
                let answer = answers.get(before).or(answers.last());
                // Clients may leave whenever they want.
                let _ = answer_one(stream, answer.map_or(&[], Vec::as_slice)).await;
            }
        });
        Self { address, requests }
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Another address of the loopback each time: a closed connection keeps its two ports for a minute,
/// and one address has too few for so many.
fn next_host() -> Ipv4Addr {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let [.., high, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low)
}

/// Reads one whole request first: to close with something unread would reset the connection.
async fn answer_one(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
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
    stream.write_all(answer).await?;
    stream.shutdown().await
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut lines = head.lines();
    lines
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0)
}

//! Addresses of Redis servers: one that can be led to another server, as DNS or a proxy does in a
//! fail-over, and one of a server that refuses every command.
#![allow(dead_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards each new connection to the current server. Open connections stay where they lead.
pub struct MovableAddress {
    port: u16,
    target: Arc<AtomicU16>,
    connections: Arc<AtomicUsize>,
    cut: watch::Sender<()>,
}

impl MovableAddress {
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = Arc::new(AtomicU16::new(target));
        let connections = Arc::new(AtomicUsize::new(0));
        let (cut, cuts) = watch::channel(());
        let (leads_to, counted) = (target.clone(), connections.clone());
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let target = leads_to.load(Ordering::SeqCst);
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut server) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self {
            port,
            target,
            connections,
            cut,
        }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to another server.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }

    /// Closes all open connections.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A server that accepts connections, and refuses every command in the same words.
pub struct FakeRedis {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl FakeRedis {
    pub async fn start(words: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(refuse_all(client, words));
            }
        });
        Self { port, connections }
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn refuse_all(client: TcpStream, words: &str) {
    let (reader, mut writer) = client.into_split();
    let mut reader = BufReader::new(reader);
    while let Some(command) = read_command(&mut reader).await {
        // The handshake of a connection succeeds.
        let response = match command.as_str() {
            "HELLO" => "%1\r\n+proto\r\n:3\r\n".to_owned(),
            "CLIENT" | "SELECT" => "+OK\r\n".to_owned(),
            _ => format!("-{words}\r\n"),
        };
        if writer.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The name of the next command.
async fn read_command(reader: &mut (impl AsyncBufReadExt + Unpin)) -> Option<String> {
    let words = read_number(reader, '*').await?;
    let mut name = None;
    for _ in 0..words {
        let length = read_number(reader, '$').await?;
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).await.ok()?;
        word.truncate(length);
        name.get_or_insert_with(|| String::from_utf8_lossy(&word).to_uppercase());
    }
    name
}

async fn read_number(reader: &mut (impl AsyncBufReadExt + Unpin), mark: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).await.ok()?;
    line.trim_end().strip_prefix(mark)?.parse().ok()
}

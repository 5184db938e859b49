//! The server of the benches. It runs in a process of its own, so that what it costs is not counted.
//!
//! The first segment of a path after the version is the tenant, and tells how it behaves: `steady`
//! answers, `flaky` answers every other request with 503, `silent` never answers.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::customer::BODY;

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts the program `server` that stands beside the running one.
    pub fn start() -> io::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("server");
        let mut child = Command::new(program).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        BufReader::new(output).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    /// Such as `http://127.0.0.1:4711`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves for ever; prints the address first.
pub async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let answer: &'static [u8] = Vec::leak(answer("200 OK", BODY));
    let busy: &'static [u8] = Vec::leak(self::answer("503 Service Unavailable", ""));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, answer, busy));
    }
}

async fn connection(mut stream: TcpStream, answer: &[u8], busy: &[u8]) -> io::Result<()> {
    let mut buffer = [0_u8; 8192];
    let (mut filled, mut is_busy) = (0, true);
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        // The requests have no bodies, so a blank line ends them.
        if !buffer[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        let request = &buffer[..filled];
        let is = |tenant: &[u8]| request.windows(tenant.len()).any(|part| part == tenant);
        if is(b"/silent/") {
            std::future::pending::<()>().await;
        }
        if is(b"/flaky/") && is_busy {
            stream.write_all(busy).await?;
            is_busy = false;
        } else {
            stream.write_all(answer).await?;
            is_busy = true;
        }
        filled = 0;
    }
}

/// An answer with the headers that servers usually send. The date is far from today's: what is
/// learnt from it once is part of no call.
fn answer(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nServer: nginx\r\nDate: {DATE}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: keep-alive\r\nX-Request-Id: 0d0c2a5e\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const DATE: &str = "Tue, 05 Mar 2024 06:07:08 GMT";

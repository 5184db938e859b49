//! The server of the benches. It runs in a separate process, so that its own cost is not counted.
//!
//! The first segment of a path after the version is the tenant and selects the behaviour: `steady`
//! responds, `unknown` and `real` respond with more members, `flaky` responds to every other request with 503,
//! `silent` never responds, `short` issues tokens that live for 3 s, after [`REFRESH`]. Paths of Fynd get its
//! large user.

use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::profile::{BODY, REAL_BODY, VALID, access_token, body_with_unknown_members, large_body};

/// How long `short` takes to refresh a token.
pub const REFRESH: Duration = Duration::from_millis(200);

/// For how long the tokens of `short` are valid, in seconds.
pub const SHORT_LIFE: u64 = 3;

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts the program `server` that is next to the running one.
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

/// The prepared responses. Token requests are counted; `/refreshes` returns their number.
struct State {
    profile: Vec<u8>,
    unknown: Vec<u8>,
    real: Vec<u8>,
    large: Vec<u8>,
    busy: Vec<u8>,
    tokens: Vec<u8>,
    refreshes: AtomicU64,
}

/// Serves until it is killed; prints the address first.
pub async fn serve() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let tokens = format!(
        r#"{{"accessToken":"{}","refreshToken":"another refresh token"}}"#,
        access_token(VALID)
    );
    let responses = Arc::new(State {
        profile: response("200 OK", BODY),
        unknown: response("200 OK", &body_with_unknown_members()),
        real: response("200 OK", REAL_BODY),
        large: response("200 OK", &large_body()),
        busy: response("503 Service Unavailable", ""),
        tokens: response("200 OK", &tokens),
        refreshes: AtomicU64::new(0),
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, responses.clone()));
    }
}

async fn connection(mut stream: TcpStream, responses: Arc<State>) -> io::Result<()> {
    let mut buffer = [0_u8; 8192];
    let (mut filled, mut is_busy) = (0, true);
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        let request = &buffer[..filled];
        // Only a request for new tokens has a body, and that is an object.
        if !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"}") {
            continue;
        }
        let line = request.split(|byte| *byte == b'\r').next();
        let line = line.unwrap_or_default();
        let is = |part: &[u8]| line.windows(part.len()).any(|found| found == part);
        if is(b"/silent/") {
            std::future::pending::<()>().await;
        }
        let busy = std::mem::replace(&mut is_busy, false) && is(b"/flaky/");
        is_busy |= !busy;
        if is(b"/refreshes") {
            let count = responses.refreshes.load(Ordering::Relaxed);
            let count = response("200 OK", &count.to_string());
            stream.write_all(&count).await?;
        } else if is(b"/auth/refresh-token") && is(b"/short/") {
            responses.refreshes.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(REFRESH).await;
            stream.write_all(&short_tokens()).await?;
        } else if is(b"/auth/refresh-token") {
            responses.refreshes.fetch_add(1, Ordering::Relaxed);
            stream.write_all(&responses.tokens).await?;
        } else if busy {
            stream.write_all(&responses.busy).await?;
        } else if is(b"/unknown/") {
            stream.write_all(&responses.unknown).await?;
        } else if is(b"/short/") {
            stream.write_all(&undated("200 OK", BODY)).await?;
        } else if is(b"/real/") {
            stream.write_all(&responses.real).await?;
        } else if is(b"/service/application/") {
            stream.write_all(&responses.large).await?;
        } else {
            stream.write_all(&responses.profile).await?;
        }
        filled = 0;
    }
}

/// A response with the headers that servers usually send. The date is far from today's, so that the
/// client learns the clock skew once and not in every call.
fn response(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nServer: nginx\r\nDate: {DATE}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: keep-alive\r\nX-Request-Id: 0d0c2a5e\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A response of a server that tells no time, so that the machine's clock counts.
fn undated(status: &str, body: &str) -> Vec<u8> {
    let dated = response(status, body);
    let date = format!("Date: {DATE}\r\n");
    String::from_utf8_lossy(&dated)
        .replace(&date, "")
        .into_bytes()
}

/// Tokens that expire soon.
fn short_tokens() -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let end = now.unwrap_or_default().as_secs() + SHORT_LIFE;
    let access = access_token(end);
    let tokens = format!(r#"{{"accessToken":"{access}","refreshToken":"refresh {end}"}}"#);
    undated("200 OK", &tokens)
}

const DATE: &str = "Tue, 05 Mar 2024 06:07:08 GMT";

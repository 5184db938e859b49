//! One connection of the proxy, with the fault that is injected into it.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::{Fault, gzip_bomb};
use super::message::Message;
use super::rules::Rules;

/// Replaces an empty response body, so that there is one to corrupt.
const FILLER: &[u8] = br#"{"filler":"0123456789abcdef0123456789abcdef"}"#;

const HTML_PAGE: &str = "<!DOCTYPE html><html><title>Sign in to the network</title></html>";

/// A fatal TLS alert: handshake failure.
const TLS_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// Serves one request. Errors are ignored: they only say that the peer has disconnected.
pub(super) async fn serve(mut stream: TcpStream, upstream: String, rules: Arc<Rules>) {
    let _ = handle(&mut stream, &upstream, &rules).await;
}

async fn handle(stream: &mut TcpStream, upstream: &str, rules: &Rules) -> io::Result<()> {
    if let Some(fault) = rules.take_before_request() {
        return match fault {
            Fault::TlsFailure => {
                let mut hello = [0; 16];
                stream.read_exact(&mut hello).await?;
                stream.write_all(&TLS_ALERT).await
            }
            Fault::ResetDuringRequest => {
                stream.read_exact(&mut [0; 16]).await?;
                reset(stream)
            }
            _ => {
                stream.peek(&mut [0]).await?;
                reset(stream)
            }
        };
    }
    let Some(request) = Message::read_request(stream).await else {
        return Ok(());
    };
    let (method, target) = request.first_words();
    let path = target.split('?').next().unwrap_or_default();
    let fault = rules.take_for(method, path);
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.is_forwarded()) {
        return respond_locally(stream, fault, rules.headers()).await;
    }
    let response = forward(&request, upstream).await?;
    match fault {
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            relay(stream, &response).await
        }
        Some(fault) => corrupt(stream, &response, fault, rules.headers()).await,
        None => relay(stream, &response).await,
    }
}

async fn relay(stream: &mut TcpStream, response: &Message) -> io::Result<()> {
    let bytes = response.with_header("connection", "close");
    stream.write_all(&bytes).await
}

async fn forward(request: &Message, upstream: &str) -> io::Result<Message> {
    let mut server = TcpStream::connect(upstream).await?;
    let bytes = request.with_header("connection", "close");
    server.write_all(&bytes).await?;
    Message::read_response(&mut server).await
}

/// Sends the response of a fault that does not involve the server.
async fn respond_locally(stream: &mut TcpStream, fault: &Fault, extra: &str) -> io::Result<()> {
    let (status, headers, body) = match fault {
        Fault::HtmlInsteadOfJson => (200, "content-type: text/html\r\n".to_owned(), HTML_PAGE),
        Fault::Redirect(to) => (302, format!("location: {to}\r\n"), ""),
        Fault::Status {
            status,
            retry_after: Some(retry_after),
        } => (*status, format!("retry-after: {retry_after}\r\n"), ""),
        Fault::Status { status, .. } => (*status, String::new(), ""),
        Fault::Silence => return wait_until_closed(stream).await,
        // The other faults apply before the request is read, except by a rule for certain requests.
        _ => return reset(stream),
    };
    let headers = format!("{headers}{extra}");
    write(stream, status, &headers, body.len(), body.as_bytes()).await
}

/// Sends the server's response with a fault.
async fn corrupt(
    stream: &mut TcpStream,
    response: &Message,
    fault: Fault,
    extra: &str,
) -> io::Result<()> {
    let json = format!("content-type: application/json\r\n{extra}");
    let body = match response.body.is_empty() {
        true => FILLER,
        false => &response.body,
    };
    let (length, half) = (body.len(), &body[..body.len() / 2]);
    match fault {
        Fault::StallBeforeHead => wait_until_closed(stream).await,
        Fault::StallMidBody => {
            write(stream, 200, &json, length, half).await?;
            wait_until_closed(stream).await
        }
        Fault::HalfBody => write(stream, 200, &json, length, half).await,
        Fault::WrongContentLength => write(stream, 200, &json, half.len(), body).await,
        Fault::TruncatedJson => write(stream, 200, &json, half.len(), half).await,
        Fault::WrongContentType => {
            let image = format!("content-type: image/png\r\n{extra}");
            write(stream, 200, &image, length, body).await
        }
        Fault::HugeBody(bytes) => {
            let length = usize::try_from(bytes).unwrap_or(usize::MAX);
            write(stream, 200, &json, length, b"").await?;
            let mut body = tokio::io::repeat(b'x').take(bytes);
            tokio::io::copy(&mut body, stream).await.map(drop)
        }
        Fault::HugeHeaders(bytes) => {
            let mut headers = json.clone();
            let line = "x".repeat(4_000);
            for number in 0..bytes.div_ceil(line.len()) {
                headers.push_str(&format!("x-filler-{number}: {line}\r\n"));
            }
            write(stream, 200, &headers, length, body).await
        }
        Fault::GzipBomb(inflated) => {
            let compressed = gzip_bomb(inflated);
            let headers = format!("{json}content-encoding: gzip\r\n");
            write(stream, 200, &headers, compressed.len(), &compressed).await
        }
        Fault::LateStatus(status) => write(stream, status, extra, 0, b"").await,
        _ => reset(stream),
    }
}

async fn write(
    stream: &mut TcpStream,
    status: u16,
    headers: &str,
    length: usize,
    body: &[u8],
) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Response\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// Sends nothing until the peer closes the connection.
async fn wait_until_closed(stream: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Makes closing the connection reset it.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

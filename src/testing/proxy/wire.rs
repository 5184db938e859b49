//! One connection of the proxy, and what a fault does to it.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fault::{Fault, bomb};
use super::message::Message;
use super::rules::Rules;

/// What stands where the server's answer has no body that could be broken.
const FILLER: &[u8] = br#"{"filler":"0123456789abcdef0123456789abcdef"}"#;

const PAGE: &str = "<!DOCTYPE html><html><title>Sign in to the network</title></html>";

/// A fatal alert: handshake failure.
const TLS_ALERT: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// Serves one request. That a peer has gone is nothing to report.
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
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.is_processed()) {
        return refuse(stream, fault, rules.headers()).await;
    }
    let answer = forward(&request, upstream).await?;
    match fault {
        Some(Fault::Slow(delay)) => {
            tokio::time::sleep(delay).await;
            pass(stream, &answer).await
        }
        Some(fault) => spoil(stream, &answer, fault, rules.headers()).await,
        None => pass(stream, &answer).await,
    }
}

async fn pass(stream: &mut TcpStream, answer: &Message) -> io::Result<()> {
    let bytes = answer.with_header("connection", "close");
    stream.write_all(&bytes).await
}
async fn forward(request: &Message, upstream: &str) -> io::Result<Message> {
    let mut server = TcpStream::connect(upstream).await?;
    let bytes = request.with_header("connection", "close");
    server.write_all(&bytes).await?;
    Message::read_answer(&mut server).await
}

/// Answers in the server's place.
async fn refuse(stream: &mut TcpStream, fault: &Fault, extra: &str) -> io::Result<()> {
    let (status, headers, body) = match fault {
        Fault::HtmlInsteadOfJson => (200, "content-type: text/html\r\n".to_owned(), PAGE),
        Fault::Redirect(to) => (302, format!("location: {to}\r\n"), ""),
        Fault::Status {
            status,
            retry_after: Some(retry_after),
        } => (*status, format!("retry-after: {retry_after}\r\n"), ""),
        Fault::Status { status, .. } => (*status, String::new(), ""),
        Fault::Silence => return wait_for_the_end(stream).await,
        // The rest fits one path alone, so it could strike only now.
        _ => return reset(stream),
    };
    let headers = format!("{headers}{extra}");
    write(stream, status, &headers, body.len(), body.as_bytes()).await
}

/// Breaks the server's answer.
async fn spoil(
    stream: &mut TcpStream,
    answer: &Message,
    fault: Fault,
    extra: &str,
) -> io::Result<()> {
    let json = format!("content-type: application/json\r\n{extra}");
    let body = if answer.body.is_empty() {
        FILLER
    } else {
        &answer.body
    };
    let (length, half) = (body.len(), &body[..body.len() / 2]);
    match fault {
        Fault::StallBeforeHead => wait_for_the_end(stream).await,
        Fault::StallMidBody => {
            write(stream, 200, &json, length, half).await?;
            wait_for_the_end(stream).await
        }
        Fault::HalfBody => write(stream, 200, &json, length, half).await,
        Fault::WrongContentLength => write(stream, 200, &json, half.len(), body).await,
        Fault::TruncatedJson => write(stream, 200, &json, half.len(), half).await,
        Fault::WrongContentType => {
            let picture = format!("content-type: image/png\r\n{extra}");
            write(stream, 200, &picture, length, body).await
        }
        Fault::HugeBody(bytes) => {
            let filler = vec![b'x'; 64 * 1024];
            write(
                stream,
                200,
                &json,
                usize::try_from(bytes).unwrap_or(usize::MAX),
                b"",
            )
            .await?;
            let mut left = bytes;
            while left > 0 {
                let part = filler
                    .len()
                    .min(usize::try_from(left).unwrap_or(usize::MAX));
                stream.write_all(&filler[..part]).await?;
                left -= part as u64;
            }
            Ok(())
        }
        Fault::HugeHeaders(bytes) => {
            let mut headers = json.clone();
            let line = "x".repeat(4_000);
            for number in 0..bytes.div_ceil(line.len()) {
                headers.push_str(&format!("x-filler-{number}: {line}\r\n"));
            }
            write(stream, 200, &headers, length, body).await
        }
        Fault::GzipBomb(unpacked) => {
            let packed = bomb(unpacked);
            let headers = format!("{json}content-encoding: gzip\r\n");
            write(stream, 200, &headers, packed.len(), &packed).await
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
        "HTTP/1.1 {status} Answer\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await
}

/// Stays silent until the peer gives up.
async fn wait_for_the_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Closes with a reset in place of an orderly end.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

//! HTTP/1.1 messages as bytes, so that the proxy can send invalid ones.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The size limits of a head and a body.
const MAX_HEAD: usize = 256 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A request or a response: everything before the empty line, and the body.
///
/// The head may have any bytes. Each is the character of the same number (ISO-8859-1), so that none is
/// lost on the way through the proxy.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Reads a request; `None` if the peer closed the connection before it was complete.
    pub(super) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let body_start = loop {
            if let Some(start) = end_of_head(&bytes) {
                break start;
            }
            if bytes.len() > MAX_HEAD || stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let mut message = Self::split(bytes, body_start);
        let is_chunked = message
            .header("transfer-encoding")
            .is_some_and(|encoding| encoding.eq_ignore_ascii_case("chunked"));
        if is_chunked {
            while !is_complete(&message.body)? {
                if message.body.len() > MAX_BODY
                    || stream.read_buf(&mut message.body).await.ok()? == 0
                {
                    return None;
                }
            }
            return Some(message);
        }
        let length: usize = message
            .header("content-length")
            .map_or(Some(0), |length| length.parse().ok())?;
        if length > MAX_BODY {
            return None;
        }
        while message.body.len() < length {
            if stream.read_buf(&mut message.body).await.ok()? == 0 {
                return None;
            }
        }
        Some(message)
    }

    /// Reads a response that ends with its connection.
    pub(super) async fn read_response(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        end_of_head(&bytes)
            .map(|start| Self::split(bytes, start))
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    fn split(mut bytes: Vec<u8>, body_start: usize) -> Self {
        let body = bytes.split_off(body_start);
        bytes.truncate(body_start - 4);
        let head = bytes.into_iter().map(char::from).collect();
        Self { head, body }
    }

    /// The first two words of the start line: method and target, or version and status.
    pub(super) fn first_words(&self) -> (&str, &str) {
        let mut words = self.head.lines().next().unwrap_or_default().split(' ');
        (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        )
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The bytes of the message, with this header set.
    pub(super) fn with_header(&self, name: &str, value: &str) -> Vec<u8> {
        let mut text = String::new();
        for line in self.head.lines() {
            let known = line.split_once(':').map_or("", |(known, _)| known);
            if !known.eq_ignore_ascii_case(name) {
                text.push_str(line);
                text.push_str("\r\n");
            }
        }
        text.push_str(&format!("{name}: {value}\r\n\r\n"));
        let byte = |letter| u8::try_from(letter).unwrap_or(b'?');
        let mut bytes: Vec<u8> = text.chars().map(byte).collect();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Whether a chunked body is complete; `None` if it is invalid.
fn is_complete(mut bytes: &[u8]) -> Option<bool> {
    loop {
        let Some(line_end) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return Some(false);
        };
        let line = std::str::from_utf8(&bytes[..line_end]).ok()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        bytes = &bytes[line_end..];
        if size == 0 {
            // Optional trailers and an empty line.
            return Some(bytes.windows(4).any(|four| four == b"\r\n\r\n"));
        }
        let Some(rest) = bytes.get(size.checked_add(4)?..) else {
            return Some(false);
        };
        bytes = rest;
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

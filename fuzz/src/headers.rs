//! Builds headers from bytes.

use vestibule::http::{HeaderMap, HeaderName, HeaderValue};

/// The responses in an input: blocks of lines, each `name: value`, separated by an empty line.
/// Lines that are no valid header are skipped, as an HTTP client would reject them.
pub fn blocks(data: &[u8]) -> Vec<HeaderMap> {
    let mut blocks = vec![HeaderMap::new()];
    for line in data.split(|byte| *byte == b'\n') {
        if line.is_empty() {
            blocks.push(HeaderMap::new());
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = parts.next().and_then(|value| header(value.trim_ascii()));
        if let (Ok(name), Some(value), Some(block)) = (name, value, blocks.last_mut()) {
            block.append(name, value);
        }
    }
    blocks
}

/// A header value, if the bytes are valid.
pub fn header(value: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(value).ok()
}

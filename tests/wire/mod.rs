//! A byte-level server: it responds as a test says and records every request.
// Each test file uses a part of it.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// One request, byte for byte; header names in lower case.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map_or("", |(_, value)| value)
    }
}

/// What follows the bytes of a response.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// The next request on the same connection.
    Continue,
    Close,
    /// Nothing: the connection stays open.
    Stall,
}

/// The response to a request, and what follows.
type Response = dyn Fn(&Received) -> (Vec<u8>, Then) + Send + Sync;

pub struct Wire {
    pub base_url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Wire {
    /// Starts a server; `response` returns headers (each ended by CRLF) and JSON for a path.
    pub fn start(response: fn(&str) -> (&'static str, &'static str)) -> Self {
        Self::scripted(move |request| {
            let path = request.target.split('?').next().unwrap();
            let (headers, body) = response(path);
            let length = body.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{headers}\r\n");
            ((head + body).into_bytes(), Then::Continue)
        })
    }

    /// Starts a server; `response` returns the bytes of the whole response, which may be incomplete,
    /// and whether the connection is closed or left open without another byte.
    pub fn scripted(
        response: impl Fn(&Received) -> (Vec<u8>, Then) + Send + Sync + 'static,
    ) -> Self {
        let response: Arc<Response> = Arc::new(response);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let requests = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (requests, response) = (requests.clone(), response.clone());
                thread::spawn(move || serve(stream.unwrap(), &*response, &requests));
            }
        });
        Self { base_url, received }
    }

    /// The requests whose targets start with `start`, oldest first.
    pub fn all(&self, start: &str) -> Vec<Received> {
        let received = self.received.lock().unwrap();
        let begins = received
            .iter()
            .filter(|request| request.target.starts_with(start));
        begins.cloned().collect()
    }

    /// The newest request whose target starts with `start`.
    pub fn last(&self, start: &str) -> Received {
        let received = self.received.lock().unwrap();
        let newest = received
            .iter()
            .rev()
            .find(|request| request.target.starts_with(start));
        newest.expect("no such request").clone()
    }
}

/// Sends bytes to a server and returns the status of its response.
pub fn status_of(base_url: &str, head: &str) -> u16 {
    let address = base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "{head}host: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

fn serve(stream: TcpStream, response: &Response, requests: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read(&mut reader) {
        requests.lock().unwrap().push(request.clone());
        let (bytes, then) = response(&request);
        if stream.write_all(&bytes).is_err() {
            return;
        }
        match then {
            Then::Continue => {}
            Then::Close => return,
            Then::Stall => {
                // The client closes it.
                let _ = reader.read(&mut [0]);
                return;
            }
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut start = line.split(' ');
    let mut request = Received {
        method: start.next()?.to_owned(),
        target: start.next()?.to_owned(),
        ..Received::default()
    };
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request.header("content-length").parse().unwrap_or(0);
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// A line as text; one that is not UTF-8 has a character for each byte.
fn read_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).ok()?;
    let latin1 = |bytes: Vec<u8>| bytes.into_iter().map(char::from).collect();
    Some(String::from_utf8(bytes).unwrap_or_else(|error| latin1(error.into_bytes())))
}

//! A separate Redis server: on a free port, with its files in a temporary folder.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::free_port;

/// A running `redis-server`, killed when it is dropped.
pub struct RedisServer {
    port: u16,
    folder: TempDir,
    more: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts a server that syncs every write to disk before it responds.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with additional command-line settings.
    pub fn start_with(more: &[&str]) -> Self {
        let mut server = Self {
            port: free_port(),
            folder: tempfile::tempdir().expect("a folder for Redis"),
            more: more.iter().map(|&word| word.to_owned()).collect(),
            child: None,
        };
        // Another process may take the port before Redis does.
        for _ in 0..5 {
            if server.try_run() {
                return server;
            }
            server.port = free_port();
        }
        panic!("redis-server does not start");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Kills the process, like a crash.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("Redis can be killed");
            child.wait().expect("Redis ends");
        }
    }

    /// Starts it again, on the same port with the same data.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_run(), "redis-server does not start again");
    }

    /// Makes this server a replica of another, and waits until it has all of its data.
    pub fn follow(&self, primary: &Self) {
        self.follow_by(primary.port, primary);
    }

    /// Does the same by another port that leads to the primary.
    pub fn follow_by(&self, port: u16, primary: &Self) {
        primary.command("CONFIG SET repl-diskless-sync-delay 0");
        self.command(&format!("REPLICAOF 127.0.0.1 {port}"));
        let begun = Instant::now();
        while !self
            .command("INFO replication")
            .contains("master_link_status:up")
        {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it does not follow"
            );
            sleep(Duration::from_millis(10));
        }
        // The primary counts it once it has acknowledged something.
        while !primary.command("INFO replication").contains("state=online") {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "it is not online"
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// Freezes the process: connections stay open without responses.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Thaws a frozen process.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Sends one command and returns the beginning of the response.
    pub fn command(&self, command: &str) -> String {
        self.try_command(command).expect("Redis responds")
    }

    fn try_command(&self, command: &str) -> std::io::Result<String> {
        command_of(self.port, command)
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("Redis runs").id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    fn try_run(&mut self) -> bool {
        let port = self.port.to_string();
        let spawned = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always"])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.more)
            .stdout(Stdio::null())
            .spawn();
        let missing = "redis-server must be installed for this test; scripts/services.sh does that";
        self.child = Some(spawned.expect(missing));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            let answered = self.try_command("PING");
            if answered.is_ok_and(|response| {
                response.starts_with("+PONG") || response.starts_with("-NOAUTH")
            }) {
                return true;
            }
            let child = self.child.as_mut().expect("it was just started");
            if child.try_wait().expect("its state can be read").is_some() {
                return false;
            }
            sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends one command to a port and returns the beginning of the response.
pub fn command_of(port: u16, command: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(format!("{command}\r\n").as_bytes())?;
    let mut response = [0; 16 * 1024];
    // A worker process that ends interrupts the system call.
    let length = loop {
        match stream.read(&mut response) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    Ok(String::from_utf8_lossy(&response[..length]).into_owned())
}

//! A primary with two replicas, and a Sentinel that promotes one of them when the primary is gone.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::free_port;
use super::redis_server::{RedisServer, command_of};

/// The service that the Sentinel watches.
pub const SERVICE: &str = "sessions";

/// How long each step of a fail-over may take on a busy machine.
const LONG: Duration = Duration::from_secs(30);

pub struct WatchedServers {
    pub servers: Vec<RedisServer>,
    sentinel: Child,
    port: u16,
    _folder: TempDir,
}

impl WatchedServers {
    pub fn start() -> Self {
        let mut servers: Vec<_> = (0..3).map(|_| RedisServer::start()).collect();
        for server in &servers {
            // A replica that is promoted is followed at once.
            server.command("CONFIG SET repl-diskless-sync-delay 0");
        }
        let primary = servers.remove(0);
        for replica in &servers {
            replica.follow(&primary);
        }
        servers.insert(0, primary);
        let folder = tempfile::tempdir().expect("a folder for the Sentinel");
        let port = free_port();
        let watched = servers[0].port();
        // A shorter time than two PINGs (one per second) makes the Sentinel call a primary down
        // that it promoted a moment ago, and the fail-overs do not end.
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\n\
             sentinel monitor {SERVICE} 127.0.0.1 {watched} 1\n\
             sentinel down-after-milliseconds {SERVICE} 2000\n\
             sentinel failover-timeout {SERVICE} 10000\n",
            folder.path().display()
        );
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, settings).expect("the settings can be written");
        let missing = "redis-sentinel must be installed; scripts/services.sh does that";
        let sentinel = Command::new("redis-sentinel")
            .arg(&file)
            .stdout(Stdio::null())
            .spawn()
            .expect(missing);
        let this = Self {
            servers,
            sentinel,
            port,
            _folder: folder,
        };
        this.wait_until("it knows both replicas", || {
            let state = this.ask("SENTINEL MASTERS");
            state.contains("num-slaves\r\n$1\r\n2\r\n")
        });
        this
    }

    /// The URLs of the Sentinels, of which the first is down.
    pub fn urls(&self) -> Vec<String> {
        let of = |port| format!("redis://127.0.0.1:{port}");
        vec![of(free_port()), of(self.port)]
    }

    /// Waits until another server than the first is the primary and has a replica.
    pub fn wait_for_fail_over(&self) -> &RedisServer {
        let old = self.servers[0].port().to_string();
        let promoted = || {
            let address = self.ask(&format!("SENTINEL GET-MASTER-ADDR-BY-NAME {SERVICE}"));
            let port = address
                .lines()
                .find_map(|line| line.trim().parse::<u16>().ok());
            port.filter(|port| port.to_string() != old)
        };
        self.wait_until("a replica is promoted", || promoted().is_some());
        let port = promoted().expect("it was promoted");
        let primary = self.servers.iter().find(|server| server.port() == port);
        let primary = primary.expect("one of the servers");
        // Until then the Sentinel lists the old primary as down, and clients find none.
        self.wait_until("the Sentinel has ended the fail-over", || {
            let state = self.ask("SENTINEL MASTERS");
            state.contains("flags\r\n$6\r\nmaster\r\n")
        });
        let replica = self.servers[1..].iter().find(|it| it.port() != port);
        let replica = replica.expect("the other replica");
        let begun = Instant::now();
        // Only a write shows it: the end of a fail-over makes replicas connect again.
        self.wait_until("the other replica follows", || {
            let probe = format!("probe-{}", begun.elapsed().as_nanos());
            primary.command(&format!("SET {probe} 1"));
            sleep(Duration::from_millis(50));
            replica.command(&format!("EXISTS {probe}")).contains(":1")
                && primary.command("INFO replication").contains("state=online")
        });
        primary
    }

    fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < LONG, "not in time: {what}");
            sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, command: &str) -> String {
        command_of(self.port, command).unwrap_or_default()
    }
}

impl Drop for WatchedServers {
    fn drop(&mut self) {
        let _ = self.sentinel.kill();
        let _ = self.sentinel.wait();
    }
}

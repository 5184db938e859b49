//! A separate PostgreSQL server: on a free port, with its files in a temporary folder.

use std::fs::File;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::free_port;

/// The administrator whom the server trusts.
const USER: &str = "vestibule";

/// A running `postgres`, stopped when it is dropped.
pub struct PostgresServer {
    port: u16,
    folder: TempDir,
    programs: PathBuf,
    /// The user and group of the server, if this process is root, as which it does not run.
    owner: Option<(u32, u32)>,
    more: Vec<String>,
    child: Option<Child>,
}

impl PostgresServer {
    pub fn start() -> Self {
        Self::start_with(&[], |_| {})
    }

    /// Starts a server with additional settings, such as `ssl=on`; `prepare` may change its data folder
    /// before.
    pub fn start_with(more: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let mut server = Self {
            port: free_port(),
            folder: tempfile::tempdir().expect("a folder for PostgreSQL"),
            programs: programs(),
            owner: owner(),
            more: more.iter().map(|&word| word.to_owned()).collect(),
            child: None,
        };
        server.own(server.folder.path());
        let mut initialize = server.program("initdb");
        initialize.arg("--pgdata").arg(server.data());
        initialize.args(["--username", USER, "--auth", "trust", "--no-sync"]);
        initialize.args(["--encoding", "UTF8", "--locale", "C"]);
        let output = initialize.output().expect("initdb runs");
        assert!(output.status.success(), "{}", words_of(&output));
        prepare(&server.data());
        for entry in std::fs::read_dir(server.data()).expect("a data folder") {
            server.own(&entry.expect("an entry").path());
        }
        // Another process may take the port before PostgreSQL does.
        for _ in 0..5 {
            if server.try_run() {
                return server;
            }
            server.port = free_port();
        }
        panic!("postgres does not start: {}", server.log());
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        self.url_by(self.port)
    }

    /// The URL by another port that leads to the server.
    pub fn url_by(&self, port: u16) -> String {
        format!("postgres://{USER}@127.0.0.1:{port}/postgres")
    }

    /// Ends all processes at once, without a checkpoint: the next start recovers from the log.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Stopped processes do not see the signal.
            signal("-CONT", &processes(child.id()));
            signal("-QUIT", &[child.id()]);
            child.wait().expect("PostgreSQL ends");
        }
    }

    /// Starts it again, on the same port with the same data.
    pub fn restart(&mut self) {
        self.kill();
        let again = self.try_run();
        assert!(again, "postgres does not start again: {}", self.log());
    }

    /// Freezes all processes: connections stay open without responses.
    pub fn freeze(&self) {
        signal("-STOP", &self.processes());
    }

    /// Thaws frozen processes.
    pub fn thaw(&self) {
        signal("-CONT", &self.processes());
    }

    /// Makes all transactions read-only that do not say otherwise, or ends that.
    pub fn set_read_only(&self, read_only: bool) {
        let value = if read_only { "on" } else { "off" };
        self.sql(&format!(
            "ALTER SYSTEM SET default_transaction_read_only = {value}"
        ));
        self.sql("SELECT pg_reload_conf()");
    }

    /// Runs statements as the administrator, in one transaction, and returns the rows.
    pub fn sql(&self, statements: &str) -> String {
        let mut psql = self.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.args(["--command", statements]).arg(self.url());
        psql.env("PGOPTIONS", "-c default_transaction_read_only=off");
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{}", words_of(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path());
        // psql reads the settings of the user there.
        command.env("HOME", self.folder.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("root changes owners");
        }
    }

    fn processes(&self) -> Vec<u32> {
        processes(self.child.as_ref().expect("PostgreSQL runs").id())
    }

    fn try_run(&mut self) -> bool {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .expect("a log file");
        let mut postgres = self.program("postgres");
        postgres.arg("-D").arg(self.data());
        let port = format!("port={}", self.port);
        let fixed = [
            port.as_str(),
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "shared_buffers=16MB",
        ];
        let more = self.more.iter().map(String::as_str);
        for setting in fixed.into_iter().chain(more) {
            postgres.args(["-c", setting]);
        }
        postgres
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.child = Some(postgres.spawn().expect("postgres starts"));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            let mut is_ready = self.program("pg_isready");
            is_ready.args([
                "--quiet",
                "--host",
                "127.0.0.1",
                "--port",
                &self.port.to_string(),
            ]);
            if is_ready.status().expect("pg_isready runs").success() {
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

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The folder of the newest installed version.
fn programs() -> PathBuf {
    let missing = "postgresql must be installed for this test; scripts/services.sh does that";
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect(missing);
    let newest = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect(missing);
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

fn owner() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output();
        let output = output.expect("id runs").stdout;
        let number = String::from_utf8(output).expect("a number");
        number.trim().parse::<u32>().expect("a number")
    };
    (id(&["-u"]) == 0).then(|| (id(&["-u", "postgres"]), id(&["-g", "postgres"])))
}

/// A process and those that it has started.
fn processes(parent: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    std::iter::once(parent).chain(children).collect()
}

fn signal(signal: &str, processes: &[u32]) {
    let processes = processes.iter().map(u32::to_string);
    // A child may have ended meanwhile.
    let sent = Command::new("kill")
        .arg(signal)
        .args(processes)
        .stderr(Stdio::null())
        .status();
    sent.expect("kill runs");
}

fn words_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

//! The program itself, stopped and started again on the same Redis.

use std::net::TcpListener;
use std::process::{Command as Program, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vestibule::System;
use vestibule_axum_backend::demo::Mocks;

use crate::Stand;
use crate::onboarding::send_code;
use crate::person::{Person, code};

const ADA: &str = "+85261234567";
const NEW: &str = "+919000000009";

pub async fn a_restart_in_the_middle_loses_nothing(stand: Stand) {
    let redis = Redis::start().await;
    // The servers do not restart with the back end.
    let mocks = Mocks::start().await;
    let listen = format!("127.0.0.1:{}", free_port());
    let start = async || start(&listen, &redis, &mocks).await;

    let running = start().await;
    let person = Person::at(&stand.chrome, &format!("http://{listen}"), &stand.looks).await;
    person.goes_to("/goodcity").await;
    person.does_not_see("Try it alone").await;
    send_code(&person, "852", "61234567").await;
    person.sees("We have sent a code to").await;
    stop(running).await;

    let running = start().await;
    person.reloads().await;
    person.sees("We have sent a code to +85261234567").await;
    person.shows("restarted").await;
    let pin = code(&mocks, System::GoodCity, ADA);
    person.types("Code", &pin).await;
    person.presses("Go on").await;
    person.sees("Hello, Ada Wong").await;
    person.goes_to("/fynd").await;
    send_code(&person, "91", "9000000009").await;
    kill(running).await;

    // A form that was filled in before the crash is posted after it.
    person.types("Code", &code(&mocks, System::Fynd, NEW)).await;
    let running = start().await;
    person.presses("Go on").await;
    person.sees("How shall we call you?").await;
    kill(running).await;

    let running = start().await;
    person.types("First name", "Chandra").await;
    person.presses("Go on").await;
    person.sees("Hello, Chandra").await;
    stop(running).await;

    let running = start().await;
    person.reloads().await;
    person.sees("Hello, Chandra").await;
    person.goes_to("/goodcity").await;
    person.sees("Hello, Ada Wong").await;
    stop(running).await;
    person.leaves().await;
}

/// Starts the program; it serves when this is done.
async fn start(listen: &str, redis: &Redis, mocks: &Mocks) -> Child {
    let servers = mocks.servers();
    let (goodcity, fynd) = (servers.goodcity.unwrap(), servers.fynd.unwrap());
    let mut program = Command::new(env!("CARGO_BIN_EXE_vestibule-axum-backend"))
        .env("LISTEN", listen)
        .env("REDIS_URL", &redis.url)
        .env(
            "SEALING_KEY",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        )
        .env("GOODCITY_URL", goodcity.url)
        .env("GOODCITY_APP", goodcity.app)
        .env("FYND_URL", fynd.url.unwrap())
        .env("FYND_APPLICATION_ID", fynd.application_id)
        .env("FYND_APPLICATION_TOKEN", fynd.application_token.expose())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap();
    assert_eq!(line, Some(format!("http://{listen}/")));
    program
}

/// Asks it to end, as a supervisor does.
async fn stop(mut program: Child) {
    let id = program.id().expect("it runs").to_string();
    let asked = Program::new("kill").args(["-TERM", &id]).status();
    assert!(asked.expect("kill runs").success());
    let ended = program.wait().await.expect("it ends");
    assert!(ended.success(), "{ended}");
}

/// Ends it as a crash does.
async fn kill(mut program: Child) {
    program.kill().await.expect("it can be killed");
}

/// A Redis of one's own.
struct Redis {
    url: String,
    _folder: tempfile::TempDir,
    _server: Child,
}

impl Redis {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder for Redis");
        let port = free_port();
        let mut server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server must be installed; scripts/browser.sh does that");
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap();
            let line = line.expect("redis-server says that it is ready");
            if line.contains("Ready to accept connections") {
                break;
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            url: format!("redis://127.0.0.1:{port}"),
            _folder: folder,
            _server: server,
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

//! The program, restarted on the same Redis.

use std::net::TcpListener;
use std::process::{Command as Program, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use vestibule::System;
use vestibule_axum_backend::demo::Mocks;

use crate::Fixture;
use crate::onboarding::send_code;
use crate::user::{User, code};

const ADA: &str = "+85261234567";
const NEW: &str = "+919000000009";

pub async fn a_restart_during_the_sign_in_loses_nothing(fixture: Fixture) {
    let redis = Redis::start().await;
    // The servers do not restart with the back end.
    let mocks = Mocks::start().await.unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let start = async || start(&listen, &redis, &mocks).await;

    let running = start().await;
    let user = User::at(
        &fixture.chrome,
        &format!("http://{listen}"),
        &fixture.page_checks,
    )
    .await;
    user.goes_to("/goodcity").await;
    user.does_not_see("Demo").await;
    send_code(&user, "852", "61234567").await;
    user.sees("We have sent a code to").await;
    stop(running).await;

    let running = start().await;
    user.reloads().await;
    user.sees("We have sent a code to +85261234567").await;
    user.shows("restarted").await;
    let pin = code(&mocks, System::GoodCity, ADA);
    user.types("Code", &pin).await;
    user.presses("Continue").await;
    user.sees("Hello, Ada Wong").await;
    user.goes_to("/fynd").await;
    send_code(&user, "91", "9000000009").await;
    kill(running).await;

    // A form that was filled in before the crash is submitted after it.
    user.types("Code", &code(&mocks, System::Fynd, NEW)).await;
    let running = start().await;
    user.presses("Continue").await;
    user.sees("What is your name?").await;
    kill(running).await;

    let running = start().await;
    user.types("First name", "Chandra").await;
    user.presses("Continue").await;
    user.sees("Hello, Chandra").await;
    stop(running).await;

    let running = start().await;
    user.reloads().await;
    user.sees("Hello, Chandra").await;
    user.goes_to("/goodcity").await;
    user.sees("Hello, Ada Wong").await;
    stop(running).await;
    user.leaves().await;
}

/// Starts the program and waits until it serves.
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

/// Terminates the program, as a supervisor does.
async fn stop(mut program: Child) {
    let id = program.id().expect("it runs").to_string();
    let asked = Program::new("kill").args(["-TERM", &id]).status();
    assert!(asked.expect("kill runs").success());
    let ended = program.wait().await.expect("it ends");
    assert!(ended.success(), "{ended}");
}

/// Kills the program, as in a crash.
async fn kill(mut program: Child) {
    program.kill().await.expect("it can be killed");
}

/// A Redis server for one test.
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

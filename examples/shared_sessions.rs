//! Two processes share sessions through Redis and refresh a token once (Wunder, on a mock).
//!
//! `cargo run --example shared_sessions --features redis`
//!
//! Uses the Redis at `REDIS_URL`; without it, the example starts `redis-server` and stops it at the end.

// An example prints its result.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use vestibule::Secret;
use vestibule::store::{RedisStore, Sealing, SealingKey};
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, SignIn};

/// In a deployment, read it from the same place as your other keys.
const SEALING_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const CALLS: usize = 25;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(server), Some(redis), Some(session)) => worker(&server, &redis, session).await,
        _ => parent().await,
    }
}

async fn client(server: &str, redis: &str) -> Result<Client, Box<dyn Error>> {
    let key = SealingKey::from_base64(1, &Secret::from(SEALING_KEY))?;
    let store = RedisStore::open(redis, Sealing::keys(key, [])).await?;
    Ok(Client::builder(server)
        .tenant("demo")
        .store(Arc::new(store))
        .build()?)
}

/// One instance of a back end. It knows the id of a session, for example from a cookie.
async fn worker(server: &str, redis: &str, session: String) -> Result<(), Box<dyn Error>> {
    let client = client(server, redis).await?;
    let session = client.resume_session(&Secret::from(session)).await?;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..CALLS {
        let session = session.clone();
        calls.spawn(async move { session.profile().await.map(drop) });
    }
    let failed = calls
        .join_all()
        .await
        .iter()
        .filter(|call| call.is_err())
        .count();
    println!(
        "process {}: {CALLS} calls, {failed} failed",
        std::process::id()
    );
    client.shutdown(Duration::from_secs(5)).await?;
    if failed > 0 {
        return Err("calls failed".into());
    }
    Ok(())
}

async fn parent() -> Result<(), Box<dyn Error>> {
    let redis = Redis::given_or_started().await?;
    let mock = Wunder::start().await;
    let ada = WunderUser::new().verified_email("ada@example.org");
    mock.add_user(ada.password("Correct-horse-7"));
    let client = client(&mock.base_url(), &redis.url).await?;
    let sign_in = client
        .sign_in_with_password("ada@example.org", "Correct-horse-7")
        .await?;
    let SignIn::SignedIn(session) = sign_in else {
        return Err("this user has no second factor".into());
    };
    // The access token has expired; the refresh token is valid once.
    mock.clock().advance(Duration::from_secs(6 * 3600));

    let this = std::env::current_exe()?;
    let start = || {
        let arguments = [&mock.base_url(), &redis.url, session.id().expose()];
        Command::new(&this).args(arguments).spawn()
    };
    for mut process in [start()?, start()?] {
        let ended = tokio::task::spawn_blocking(move || process.wait()).await??;
        if !ended.success() {
            return Err("a process failed".into());
        }
    }
    let refreshes = mock.count("refresh_token");
    println!("refreshes: {refreshes}");
    if refreshes != 1 {
        return Err("expected one refresh".into());
    }
    Ok(())
}

struct Redis {
    url: String,
    process: Option<Child>,
}

impl Redis {
    async fn given_or_started() -> Result<Self, Box<dyn Error>> {
        if let Ok(url) = std::env::var("REDIS_URL") {
            return Ok(Self { url, process: None });
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--bind",
                "127.0.0.1",
            ])
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("set REDIS_URL, or install redis-server: {error}"))?;
        let redis = Self {
            url: format!("redis://127.0.0.1:{port}"),
            process: Some(process),
        };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
            {
                return Ok(redis);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("redis-server does not respond".into())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

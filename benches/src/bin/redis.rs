//! Round trips to Redis of a call, of resuming a session and of a refresh, and the throughput that
//! one Redis supports.

use std::io;
use std::net::TcpListener as FreePort;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use vestibule::Secret;
use vestibule::session::Tokens;
use vestibule::store::{RedisStore, Sealing, SealingKey};
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, Session};
use vestibule_benches::profile::{EXPIRED, VALID, access_token};
use vestibule_benches::server::Server;
use vestibule_benches::table::figure;

/// A sealing key for benches, base64 of 32 bytes.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SESSIONS: usize = 20_000;
const CONCURRENCY: usize = 64;

struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    async fn start() -> io::Result<Self> {
        let port = FreePort::bind("127.0.0.1:0")?.local_addr()?.port();
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
            .spawn()?;
        let redis = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Proxies between a client and Redis. A round trip is a request of the client after a response of
/// Redis.
async fn count_trips(redis: u16) -> io::Result<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let trips = Arc::new(AtomicUsize::new(0));
    let counter = trips.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(("127.0.0.1", redis)).await else {
                return;
            };
            tokio::spawn(forward(client, server, counter.clone()));
        }
    });
    Ok((port, trips))
}

async fn forward(
    mut client: TcpStream,
    mut server: TcpStream,
    trips: Arc<AtomicUsize>,
) -> io::Result<()> {
    let (mut request, mut response) = ([0; 64 * 1024], [0; 64 * 1024]);
    let mut is_asking = false;
    loop {
        tokio::select! {
            read = client.read(&mut request) => match read? {
                0 => return Ok(()),
                length => {
                    if !is_asking {
                        trips.fetch_add(1, SeqCst);
                    }
                    is_asking = true;
                    server.write_all(&request[..length]).await?;
                }
            },
            read = server.read(&mut response) => match read? {
                0 => return Ok(()),
                length => {
                    is_asking = false;
                    client.write_all(&response[..length]).await?;
                }
            },
        }
    }
}

async fn client(server: &Server, port: u16) -> Client {
    client_of(&format!("{}/v1", server.address()), None, port).await
}

async fn client_of(base_url: &str, signing_key: Option<&str>, port: u16) -> Client {
    let key = SealingKey::from_base64(1, &Secret::from(KEY)).expect("a key");
    let url = format!("redis://127.0.0.1:{port}");
    let store = RedisStore::open(url, Sealing::keys(key, [])).await;
    let mut builder = Client::builder(base_url)
        .tenant("steady")
        .store(Arc::new(store.expect("Redis")));
    if let Some(key) = signing_key {
        builder = builder.signing_key(key);
    }
    builder.build().expect("a client")
}

async fn session(client: &Client, access: &str) -> Session {
    let tokens = Tokens::new(access, Some("a refresh token".into()));
    let session = client.resume_with_tokens(tokens).await;
    session.expect("a session")
}

/// Counts the round trips of `work`.
async fn trips<T>(counter: &AtomicUsize, work: impl Future<Output = T>) -> f64 {
    let before = counter.load(SeqCst);
    work.await;
    (counter.load(SeqCst) - before) as f64
}

async fn round_trips(server: &Server, redis: &Redis) {
    let (port, counter) = count_trips(redis.port).await.expect("a proxy");
    let (here, there) = (client(server, port).await, client(server, port).await);
    // Warm-up: each script is loaded once, and each connection is greeted once.
    let first = client(server, port).await;
    refreshed(&first, &session(&first, &access_token(EXPIRED)).await).await;
    let greeting = session(&there, &access_token(VALID)).await;
    drop(greeting);
    let fresh = session(&here, &access_token(VALID)).await;
    // A new connection looks at the server's eviction policy once, in the background.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let warm = trips(&counter, async {
        for _ in 0..10 {
            fresh.profile().await.expect("a profile");
        }
    });
    figure(
        "redis/round-trips-of-10-calls-on-a-warm-session",
        warm.await,
        0.0,
        0.0,
    );
    let cold = trips(&counter, there.resume_session(fresh.id()));
    figure(
        "redis/round-trips-of-taking-a-session-up",
        cold.await,
        1.0,
        1.0,
    );
    let over = session(&here, &access_token(EXPIRED)).await;
    let refresh = trips(&counter, refreshed(&here, &over));
    figure("redis/round-trips-of-a-refresh", refresh.await, 4.0, 4.0);
}

/// The round trips of a sign-in with a code, at the mock.
async fn round_trips_of_a_sign_in(redis: &Redis) {
    const PHONE: &str = "+43660000001";
    const WARM_UP: &str = "+43660000002";
    let (port, counter) = count_trips(redis.port).await.expect("a proxy");
    let mock = Wunder::start().await;
    for phone in [PHONE, WARM_UP] {
        mock.add_user(WunderUser::new().verified_phone(phone));
    }
    let client = client_of(&mock.base_url(), Some(Wunder::SIGNING_KEY), port).await;
    // Warm-up: each script is loaded once, and each connection is greeted once.
    let phone = WARM_UP.parse().expect("a phone number");
    let first = client.sign_in_with_phone_code(&phone).branch_id("2");
    let first = first.send().await.expect("a code");
    let code = mock.outbox().last_code(WARM_UP).expect("it was sent");
    let _ = first.confirm(code).await.expect("the right code");
    tokio::time::sleep(Duration::from_millis(200)).await;

    let phone = PHONE.parse().expect("a phone number");
    let mut pending = None;
    let send = trips(&counter, async {
        let request = client.sign_in_with_phone_code(&phone).branch_id("2");
        pending = Some(request.send().await.expect("a code"));
    });
    figure("redis/round-trips-of-sending-a-code", send.await, 2.0, 2.0);
    let code = mock.outbox().last_code(PHONE).expect("it was sent");
    let pending = pending.expect("it was sent");
    let confirm = trips(&counter, async {
        let _ = pending.confirm(code).await.expect("the right code");
    });
    figure(
        "redis/round-trips-of-confirming-a-code",
        confirm.await,
        3.0,
        3.0,
    );
}

/// A call with an expired token, until the lease is released, for which the caller does not wait.
async fn refreshed(client: &Client, session: &Session) {
    session.profile().await.expect("a profile");
    let given_back = client.shutdown(Duration::from_secs(5)).await;
    given_back.expect("in time");
}

/// Sessions per second that are stored and resumed, 64 concurrently.
async fn throughput(server: &Server, redis: &Redis) {
    let client = client(server, redis.port).await;
    let token = access_token(VALID);
    let began = Instant::now();
    let mut ids = Vec::new();
    let mut work = JoinSet::new();
    for _ in 0..CONCURRENCY {
        let (client, token) = (client.clone(), token.clone());
        work.spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..SESSIONS / CONCURRENCY {
                ids.push(session(&client, &token).await.id().clone());
            }
            ids
        });
    }
    while let Some(some) = work.join_next().await {
        ids.push(some.expect("no panic"));
    }
    let stored = SESSIONS as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut work = JoinSet::new();
    for ids in ids {
        let client = client.clone();
        work.spawn(async move {
            for id in ids {
                client.resume_session(&id).await.expect("it is there");
            }
        });
    }
    while work.join_next().await.is_some() {}
    let resumed = SESSIONS as f64 / began.elapsed().as_secs_f64();
    eprintln!("one Redis: {stored:.0} sessions a second stored, {resumed:.0} resumed");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start().expect("the server");
    let redis = Redis::start().await.expect("redis-server");
    round_trips(&server, &redis).await;
    round_trips_of_a_sign_in(&redis).await;
    throughput(&server, &redis).await;
}

//! The store in PostgreSQL: its tables, numbers, settings, round trips, and what it removes.
#![cfg(all(feature = "postgres", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_store/certificates.rs"]
mod certificates;
mod support;

use std::io::ErrorKind as Io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use support::log::Log;
use support::postgres_server::PostgresServer;
use support::store_steps::{
    LONG, create, invalid_setting, key, kind, numbers_keep_increasing, record, sealed,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::filter::LevelFilter;
use vestibule::ErrorKind;
use vestibule::deadpool_postgres::tokio_postgres::{Config, NoTls};
use vestibule::deadpool_postgres::{Manager, Pool};
use vestibule::store::{PostgresStore, Record, Sealing, SessionStore, StoreError};

async fn open(postgres: &PostgresServer) -> PostgresStore {
    PostgresStore::open(postgres.url(), sealed()).await.unwrap()
}

fn count(postgres: &PostgresServer, condition: &str) -> u32 {
    let rows = postgres.sql(&format!(
        "SELECT count(*) FROM vestibule.slots WHERE {condition}"
    ));
    rows.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_instances_can_create_the_tables() {
    let postgres = PostgresServer::start();
    let opening: Vec<_> = (0..8)
        .map(|_| tokio::spawn(PostgresStore::open(postgres.url(), sealed())))
        .collect();
    for (number, opened) in (0..).zip(opening) {
        create(&opened.await.unwrap().unwrap(), number)
            .await
            .unwrap();
    }
    assert_eq!(count(&postgres, "body IS NOT NULL"), 8);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_not_used() {
    let postgres = PostgresServer::start();
    let old = open(&postgres).await;
    create(&old, 1).await.unwrap();
    postgres.sql("UPDATE vestibule.schema_version SET version = 99");
    let error = PostgresStore::open(postgres.url(), sealed())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::UnknownSchema), "{error}");
    let lazy = PostgresStore::builder(postgres.url(), sealed()).build_lazy();
    let error = create(&lazy.unwrap(), 2).await.unwrap_err();
    let error = vestibule::Error::from(error);
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(
        error.to_string().contains("update this instance"),
        "{error}"
    );
    assert_eq!(
        postgres.sql("SELECT version FROM vestibule.schema_version"),
        "99"
    );
    assert_eq!(count(&postgres, "true"), 1);
}

#[tokio::test]
async fn a_role_that_may_create_nothing_uses_tables_that_exist() {
    let postgres = PostgresServer::start();
    open(&postgres).await;
    postgres.sql(
        "CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA vestibule TO app;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vestibule TO app",
    );
    let url = postgres.url().replace("//vestibule@", "//app@");
    let store = PostgresStore::open(url.clone(), sealed()).await.unwrap();
    create(&store, 1).await.unwrap();
    assert!(store.acquire(&key(1), LONG).await.unwrap().is_some());
    let elsewhere = PostgresStore::builder(url, sealed()).schema("elsewhere");
    assert_eq!(kind(elsewhere.build().await), Io::PermissionDenied);
}

#[tokio::test]
async fn a_schema_may_be_named_by_a_reserved_word() {
    let postgres = PostgresServer::start();
    for schema in ["user", "order"] {
        let store = PostgresStore::builder(postgres.url(), sealed()).schema(schema);
        create(&store.build().await.unwrap(), 1).await.unwrap();
        let stored = postgres.sql(&format!("SELECT count(*) FROM \"{schema}\".slots"));
        assert_eq!(stored, "1");
    }
}

#[tokio::test]
async fn slots_that_ended_an_hour_ago_are_removed_in_the_background() {
    let postgres = PostgresServer::start();
    open(&postgres).await;
    // More than one statement removes.
    postgres.sql(
        "INSERT INTO vestibule.slots (key, version, body, record_ends)
         SELECT int4send(n), n, 'x', now() - interval '61 minutes' FROM generate_series(1, 1200) n",
    );
    postgres.sql(
        "INSERT INTO vestibule.slots (key, version, body, record_ends, lease_ends) VALUES
         ('recent', 1, 'x', now() - interval '59 minutes', '-infinity'),
         ('leased', 1, 'x', now() - interval '2 hours', now() + interval '1 hour'),
         ('lives', 1, 'x', now() + interval '1 hour', '-infinity')",
    );
    let store = open(&postgres).await;
    create(&store, 1).await.unwrap();
    let begun = Instant::now();
    while count(&postgres, "true") > 4 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "they are not removed"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let left = "key IN ('recent', 'leased', 'lives')";
    assert_eq!(count(&postgres, left), 3);
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn numbers_keep_increasing_after_postgres_has_lost_its_data() {
    let postgres = PostgresServer::start();
    let store = open(&postgres).await;
    numbers_keep_increasing(&store, || drop(postgres.sql("TRUNCATE vestibule.slots"))).await;
}

#[tokio::test]
async fn a_deleted_record_leaves_no_bytes() {
    let postgres = PostgresServer::start();
    let store = open(&postgres).await;
    create(&store, 1).await.unwrap();
    store.delete(&key(1)).await.unwrap();
    assert_eq!(count(&postgres, "body IS NOT NULL"), 0);
}

#[tokio::test]
async fn the_pool_of_a_caller_is_used() {
    let postgres = PostgresServer::start();
    let config: Config = postgres.url().parse().unwrap();
    let pool = Pool::builder(Manager::new(config, NoTls)).max_size(1);
    let pool = pool.build().unwrap();
    let builder = PostgresStore::builder_with_pool(pool.clone(), sealed()).schema("shop");
    let store = builder
        .timeout(Duration::from_millis(500))
        .build()
        .await
        .unwrap();
    create(&store, 1).await.unwrap();
    assert_eq!(postgres.sql("SELECT count(*) FROM shop.slots"), "1");
    assert_eq!(pool.status().size, 1);
    let taken = pool.get().await.unwrap();
    assert_eq!(kind(store.load(&key(1)).await), Io::TimedOut);
    drop(taken);
    assert!(store.load(&key(1)).await.unwrap().is_some());
    pool.close();
    assert_eq!(kind(store.load(&key(1)).await), Io::NotConnected);
}

#[tokio::test]
async fn invalid_settings_are_refused() {
    for url in [
        "",
        "http://localhost",
        "postgres://",
        "postgres://host/?sslmode=maybe",
    ] {
        let opened = PostgresStore::open(url, sealed()).await;
        assert_eq!(invalid_setting(opened), "url", "{url}");
    }
    let lazy = |url: &str| PostgresStore::builder(url, sealed());
    for url in [
        "postgres://db.internal/app?sslmode=disable",
        "host=localhost,10.0.0.1 sslmode=disable",
    ] {
        assert_eq!(invalid_setting(lazy(url).build_lazy()), "url", "{url}");
        lazy(url).allow_plain_tcp(true).build_lazy().unwrap();
    }
    let local = || lazy("postgres://app@localhost/app");
    for schema in ["", "1st", "Upper", "a;b", "a\"b", "pg_app", &"x".repeat(64)] {
        let built = local().schema(schema).build_lazy();
        assert_eq!(invalid_setting(built), "schema", "{schema}");
    }
    let built = local().max_connections(0).build_lazy();
    assert_eq!(invalid_setting(built), "max_connections");
    let required = || lazy("postgres://app@localhost/app?sslmode=require");
    let built = required().root_certificates("no PEM").build_lazy();
    assert_eq!(invalid_setting(built), "root_certificates");
    let built = required().client_identity("no PEM").build_lazy();
    assert_eq!(invalid_setting(built), "client_identity");
    let config: Config = "postgres://app@localhost/app".parse().unwrap();
    let pool = Pool::builder(Manager::new(config, NoTls)).build().unwrap();
    let built = PostgresStore::builder_with_pool(pool, sealed()).max_connections(3);
    let error = vestibule::Error::from(built.build_lazy().unwrap_err());
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.field(), Some("max_connections"));
}

#[tokio::test]
async fn a_host_beyond_this_machine_is_reached_with_tls_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("host=db.internal hostaddr=127.0.0.1 port={port} user=app");
    let store = PostgresStore::builder(url, sealed()).build_lazy().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        // A server without TLS, or an attacker in between.
        stream.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        (request, rest)
    });
    kind(store.load(&key(1)).await);
    let (request, rest) = asked.await.unwrap();
    assert_eq!(request, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f], "SSLRequest");
    assert!(rest.is_empty(), "no user name is sent without TLS");
}

#[tokio::test]
async fn tls_accepts_only_the_configured_authority_and_sends_the_client_certificate() {
    let folder = tempfile::tempdir().unwrap();
    certificates::make(folder.path());
    let file = |name: &str| folder.path().join(name);
    let settings = [
        "ssl=on",
        "ssl_cert_file=server.pem",
        "ssl_key_file=server.key",
        "ssl_ca_file=ca.pem",
    ];
    let postgres = PostgresServer::start_with(&settings, |data| {
        for name in ["server.pem", "server.key", "ca.pem"] {
            std::fs::copy(file(name), data.join(name)).unwrap();
        }
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(data.join("server.key"), private).unwrap();
        let access = "hostnossl all vestibule all trust\nhostssl all app all trust clientcert=verify-ca\n\
                      hostssl all vestibule all trust\n";
        std::fs::write(data.join("pg_hba.conf"), access).unwrap();
    });
    let url = |user: &str| {
        let url = format!("postgres://{user}@127.0.0.1:{}/postgres", postgres.port());
        format!("{url}?sslmode=require")
    };
    let authority = std::fs::read(file("ca.pem")).unwrap();
    let open = |user: &str| PostgresStore::builder(url(user), sealed());
    let trusting = open("vestibule").root_certificates(authority.clone());
    create(&trusting.build().await.unwrap(), 1).await.unwrap();
    kind(open("vestibule").build().await);

    postgres.sql("CREATE ROLE app LOGIN SUPERUSER");
    let without_identity = open("app").root_certificates(authority.clone());
    kind(without_identity.build().await);
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    let identity = read("server.pem") + &read("server.key");
    let with_identity = open("app")
        .root_certificates(authority)
        .client_identity(identity);
    let store = with_identity.build().await.unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

/// Forwards to a server, each way with a delay, and counts how often the client sends after a response.
#[derive(Clone, Default)]
struct DistantServer {
    round_trips: Arc<AtomicUsize>,
    has_responded: Arc<AtomicBool>,
}

impl DistantServer {
    const ONE_WAY: Duration = Duration::from_millis(50);

    /// Returns the port to connect to.
    async fn start(&self, server: u16) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = self.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(this.clone().forward(from_client, to_server, false));
                tokio::spawn(this.clone().forward(from_server, to_client, true));
            }
        });
        port
    }

    async fn forward(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, responds: bool) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let had_responded = self.has_responded.swap(responds, Ordering::SeqCst);
            if had_responded && !responds {
                self.round_trips.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(Self::ONE_WAY).await;
            if to.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    }

    /// Runs a step and returns its result, and how many round trips it took.
    async fn count<T>(&self, step: impl Future<Output = T>) -> (T, usize) {
        let before = self.round_trips.load(Ordering::SeqCst);
        let result = step.await;
        (result, self.round_trips.load(Ordering::SeqCst) - before)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_takes_one_round_trip() {
    let postgres = PostgresServer::start();
    let distant = DistantServer::default();
    let port = distant.start(postgres.port()).await;
    let builder = PostgresStore::builder(postgres.url_by(port), sealed()).max_connections(1);
    let store = builder.build().await.unwrap();
    let first = key(1);
    // The first round prepares the statements, and removes what has ended.
    for is_prepared in [false, true] {
        let (version, create) = distant.count(create(&store, 1)).await;
        let version = version.unwrap();
        if !is_prepared {
            tokio::time::sleep(10 * DistantServer::ONE_WAY).await;
        }
        let (_, load) = distant.count(store.load(&first)).await;
        let (fence, acquire) = distant.count(store.acquire(&first, LONG)).await;
        let fence = fence.unwrap().unwrap();
        let (_, extend) = distant.count(store.extend(&first, fence, LONG)).await;
        let swap = |fence| store.compare_and_swap(&first, version, record(), LONG, fence);
        let (_, swapped) = distant.count(swap(Some(fence))).await;
        let (again, conflict) = distant.count(swap(Some(fence))).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
        let (again, unfenced) = distant.count(swap(None)).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
        let (_, release) = distant.count(store.release(&first, fence)).await;
        let (_, delete) = distant.count(store.delete(&first)).await;
        let all = [
            create, load, acquire, extend, swapped, conflict, unfenced, release, delete,
        ];
        assert!(!is_prepared || all == [1; 9], "{all:?}");
    }
}

#[tokio::test]
async fn the_log_of_the_driver_shows_no_record_and_no_key() {
    let log = Log::start(LevelFilter::TRACE);
    let postgres = PostgresServer::start();
    let store = PostgresStore::open(postgres.url(), Sealing::plaintext())
        .await
        .unwrap();
    let secret = b"a secret token";
    let version = store
        .create(&key(201), Record::new(secret.to_vec()), LONG)
        .await
        .unwrap();
    let fence = store.acquire(&key(201), LONG).await.unwrap();
    let record = Record::new(secret.to_vec());
    store
        .compare_and_swap(&key(201), version, record, LONG, fence)
        .await
        .unwrap();
    let logged = log.text();
    assert!(logged.contains("executing statement"), "{logged}");
    let listed = format!("{secret:?}");
    for shown in [
        "secret",
        listed.trim_matches(['[', ']']),
        "201, 201",
        "c9c9",
        "C9C9",
    ] {
        assert!(!logged.contains(shown), "{shown}: {logged}");
    }
}

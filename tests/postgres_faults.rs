//! Typed errors while PostgreSQL is down, slow, full or read-only, and recovery afterwards.
#![cfg(all(feature = "postgres", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::io::ErrorKind as Io;
use std::time::{Duration, Instant};

use support::free_port;
use support::postgres_server::PostgresServer;
use support::store_steps::{
    TIMEOUT, create, every_step_fails, key, kind, sealed, survives_a_crash, survives_a_freeze,
    works_again,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use vestibule::store::{PostgresStore, SessionStore, StoreError};

/// With the tables, because a step that has to create them takes longer.
async fn open(postgres: &PostgresServer) -> PostgresStore {
    PostgresStore::open(postgres.url(), sealed()).await.unwrap();
    lazy(postgres.url())
}

fn lazy(url: String) -> PostgresStore {
    let builder = PostgresStore::builder(url, sealed()).timeout(TIMEOUT);
    builder.build_lazy().unwrap()
}

#[tokio::test]
async fn a_killed_postgres_gives_typed_errors_and_keeps_the_sessions() {
    let mut postgres = PostgresServer::start();
    let store = open(&postgres).await;
    let (kill, restart) = (PostgresServer::kill, PostgresServer::restart);
    survives_a_crash(&store, &mut postgres, kill, restart).await;
}

#[tokio::test]
async fn the_first_step_after_an_outage_works() {
    let mut postgres = PostgresServer::start();
    let store = open(&postgres).await;
    let version = create(&store, 1).await.unwrap();
    for steps_meanwhile in [0, 1, 3] {
        postgres.kill();
        // The driver notices the lost connections.
        tokio::time::sleep(Duration::from_millis(100)).await;
        for _ in 0..steps_meanwhile {
            kind(store.load(&key(1)).await);
        }
        postgres.restart();
        assert_eq!(store.load(&key(1)).await.unwrap().unwrap().1, version);
    }
}

#[tokio::test]
async fn a_frozen_postgres_times_out_and_recovers() {
    let postgres = PostgresServer::start();
    let store = open(&postgres).await;
    survives_a_freeze(&store, || postgres.freeze(), || postgres.thaw()).await;
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let store = lazy(format!(
        "postgres://app@{}/app",
        silent.local_addr().unwrap()
    ));
    let kinds = every_step_fails(&store).await;
    assert!(kinds.iter().all(|kind| *kind == Io::TimedOut), "{kinds:?}");
}

/// Like a machine that has lost its power: nothing responds to a connection attempt.
#[tokio::test]
async fn a_host_that_is_gone_leaves_time_for_the_next() {
    let postgres = PostgresServer::start();
    open(&postgres).await;
    let gone = TcpSocket::new_v4().unwrap();
    gone.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = gone.listen(1).unwrap();
    let address = gone.local_addr().unwrap();
    // Once the queue is full, the kernel drops what comes.
    let mut queued = Vec::new();
    let connect = || timeout(Duration::from_millis(200), TcpStream::connect(address));
    while let Ok(connected) = connect().await {
        queued.push(connected.unwrap());
    }
    let port = postgres.port();
    let one = format!(":{port}/");
    let both = format!(":{},127.0.0.1:{port}/", address.port());
    let url = postgres.url().replace(&one, &both);
    assert!(url.contains(','), "{url}");
    let store = PostgresStore::builder(url, sealed()).build_lazy();
    create(&store.unwrap(), 1).await.unwrap();
}

#[tokio::test]
async fn a_service_can_start_while_postgres_is_down() {
    let mut postgres = PostgresServer::start();
    postgres.kill();
    let opened = PostgresStore::open(postgres.url(), sealed()).await;
    assert_eq!(kind(opened), Io::ConnectionRefused);
    let store = lazy(postgres.url());
    every_step_fails(&store).await;
    postgres.restart();
    works_again(&store).await;
    create(&store, 1).await.unwrap();
}

#[tokio::test]
async fn a_read_only_postgres_is_reported_stays_readable_and_is_left() {
    let postgres = PostgresServer::start();
    let store = open(&postgres).await;
    let version = create(&store, 1).await.unwrap();
    postgres.set_read_only(true);
    let begun = Instant::now();
    // The server tells its processes one after the other.
    let error = loop {
        match create(&store, 2).await {
            Ok(_) | Err(StoreError::Exists) => {}
            Err(error) => break error,
        }
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it is not read-only"
        );
    };
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    assert_eq!(store.load(&key(1)).await.unwrap().unwrap().1, version);
    let elsewhere = PostgresStore::builder(postgres.url(), sealed()).schema("elsewhere");
    let error = elsewhere.build().await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    let primary = format!("{}?target_session_attrs=read-write", postgres.url());
    let error = create(&lazy(primary), 2).await.unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    postgres.set_read_only(false);
    while let Err(error) = create(&store, 3).await {
        assert!(matches!(error, StoreError::ReadOnly), "{error}");
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it stays read-only"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_gives_a_typed_error_that_does_not_show_it() {
    let postgres = PostgresServer::start_with(&[], |data| {
        let access = "host all locked all scram-sha-256\nhost all all all trust\n";
        std::fs::write(data.join("pg_hba.conf"), access).unwrap();
    });
    postgres.sql("CREATE ROLE locked LOGIN SUPERUSER PASSWORD 'right'");
    let url = |password: &str| {
        let port = postgres.port();
        format!("postgres://locked:{password}@127.0.0.1:{port}/postgres")
    };
    let builder = PostgresStore::builder(url("wr0ng"), sealed()).timeout(TIMEOUT);
    assert!(!format!("{builder:?}").contains("wr0ng"));
    let store = builder.build_lazy().unwrap();
    assert!(!format!("{store:?}").contains("wr0ng"));
    for _ in 0..3 {
        let error = store.load(&key(1)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("wr0ng"));
        assert_eq!(kind(Err::<(), _>(error)), Io::PermissionDenied);
    }
    let right = PostgresStore::open(url("right"), sealed()).await.unwrap();
    create(&right, 1).await.unwrap();
    postgres.sql("ALTER ROLE locked PASSWORD 'wr0ng'");
    works_again(&store).await;
    create(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_database_that_does_not_exist_and_an_unused_port_are_told_apart() {
    let postgres = PostgresServer::start();
    let missing = format!("postgres://vestibule@127.0.0.1:{}/missing", postgres.port());
    let opened = PostgresStore::open(missing, sealed()).await;
    assert_eq!(kind(opened), Io::NotFound);
    let unused = format!("postgres://app@127.0.0.1:{}/app", free_port());
    let opened = PostgresStore::open(unused, sealed()).await;
    assert_eq!(kind(opened), Io::ConnectionRefused);
}

#[tokio::test]
async fn a_postgres_at_its_connection_limit_recovers() {
    let postgres = PostgresServer::start();
    open(&postgres).await;
    postgres.sql(
        "CREATE ROLE app LOGIN CONNECTION LIMIT 0; GRANT USAGE ON SCHEMA vestibule TO app;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vestibule TO app",
    );
    let store = lazy(postgres.url().replace("//vestibule@", "//app@"));
    assert_eq!(kind(create(&store, 1).await), Io::ResourceBusy);
    postgres.sql("ALTER ROLE app CONNECTION LIMIT -1");
    create(&store, 1).await.unwrap();
}

/// A server that refuses every connection with this code.
async fn refusing(code: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut startup = [0; 1024];
            let _ = stream.read(&mut startup).await;
            let fields = format!("SFATAL\0VFATAL\0C{code}\0Mquotes a row of app\0\0");
            let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
            let error = [b"E".as_slice(), &length, fields.as_bytes()].concat();
            let _ = stream.write_all(&error).await;
        }
    });
    format!("postgres://app@{address}/app")
}

#[tokio::test]
async fn the_codes_of_postgres_become_categories_without_its_words() {
    let cases = [
        ("53100", "the store is full"),
        ("57P03", "the store is loading its data"),
        (
            "25006",
            "the store is read-only: its server is a replica or was made read-only",
        ),
        ("58030", "the store cannot save to its disk"),
        ("28000", "the store failed: permission denied"),
        ("53300", "the store failed: resource busy"),
        ("57P01", "the store failed: connection reset"),
        ("57014", "the store failed: timed out"),
        ("53200", "the store failed: out of memory"),
        ("XX000", "the store failed: other error"),
    ];
    for (code, words) in cases {
        let store = lazy(refusing(code).await);
        let error = store.load(&key(1)).await.unwrap_err();
        assert_eq!(error.to_string(), words, "{code}");
        let error = vestibule::Error::from(error);
        assert!(
            !format!("{error:?}").contains("quotes"),
            "{code}: {error:?}"
        );
    }
}

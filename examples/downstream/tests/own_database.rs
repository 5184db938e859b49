//! The app's own SQLite database, used by sqlx, beside vestibule's store in SQLite.

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use vestibule::store::{Sealing, SealingKey, SqliteStore};
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Client, SignIn};

const PHONE: &str = "+43660000001";

#[tokio::test]
async fn sqlx_and_the_store_in_sqlite_are_in_one_program() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let database = SqlitePool::connect_with(options).await.unwrap();
    let create =
        sqlx::query("CREATE TABLE carts (session TEXT PRIMARY KEY, items INTEGER NOT NULL)");
    create.execute(&database).await.unwrap();

    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().verified_phone(PHONE));
    let sealing = Sealing::keys(SealingKey::new(1, [7; 32]), []);
    let store = SqliteStore::open(folder.path().join("sessions.db"), sealing);
    let client = Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store.await.unwrap())
        .build()
        .unwrap();
    let pending = client.sign_in_with_phone_code(&PHONE.parse().unwrap());
    let pending = pending.branch_id("2").send().await.unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    let SignIn::SignedIn(session) = pending.confirm(code).await.unwrap() else {
        panic!("no second factor was expected");
    };

    // A label, because the id is a secret.
    let label = "ada";
    let insert = sqlx::query("INSERT INTO carts VALUES (?1, 3)").bind(label);
    insert.execute(&database).await.unwrap();
    let items: i64 = sqlx::query_scalar("SELECT items FROM carts WHERE session = ?1")
        .bind(label)
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(items, 3);
    assert!(client.resume_session(session.id()).await.is_ok());
}

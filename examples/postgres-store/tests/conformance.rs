//! The store keeps every promise of `SessionStore`, on a real PostgreSQL.

#[path = "../../../tests/support/conformance.rs"]
mod conformance;

use std::path::Path;
use std::sync::Arc;

use postgres_store::PostgresStore;
use vestibule::testing::store_conformance;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_every_promise() {
    let url = std::env::var("POSTGRES_URL")
        .expect("POSTGRES_URL names a PostgreSQL; scripts/services.sh starts one");
    let store = PostgresStore::connect(&url)
        .await
        .expect("PostgreSQL can be reached");
    let report = store_conformance(Arc::new(store)).await;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    conformance::note(&target, "postgres", &report);
    report.assert_passed();
}

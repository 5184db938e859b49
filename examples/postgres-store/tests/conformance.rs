//! The conformance of the store, on a real PostgreSQL.

#[path = "../../../tests/support/conformance.rs"]
mod conformance;

use std::path::Path;
use std::sync::Arc;

use postgres_store::PostgresStore;
use vestibule::testing::store_conformance;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_conforms() {
    let url = std::env::var("POSTGRES_URL")
        .expect("set POSTGRES_URL; scripts/services.sh starts a PostgreSQL");
    let store = PostgresStore::connect(&url)
        .await
        .expect("PostgreSQL can be reached");
    let report = store_conformance(Arc::new(store)).await;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    conformance::note(&target, "postgres", &report);
    report.assert_passed();
}

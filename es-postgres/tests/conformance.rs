//! The suite that every store must pass, each case in a database of its own.

use es_postgres::testing::TestDatabase;

es_core::conformance!(async {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    (store, database)
});

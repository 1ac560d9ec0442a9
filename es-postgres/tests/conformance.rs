//! The suite that every store must pass, each case in a database of its own.

use es_postgres::testing::TestDatabase;

es_core::conformance!(async {
    let database = TestDatabase::new().await.expect("a test database");
    let store = database.store().await.expect("a migrated store");
    (store, database)
});

/// The same behind a pooler that keeps nothing on a connection between transactions.
mod behind_a_transaction_pooler {
    use super::TestDatabase;

    es_core::conformance!(async {
        let database = TestDatabase::new().await.expect("a test database");
        let store = database.options().transaction_pooler(true).connect().await.expect("a store");
        (store, database)
    });
}

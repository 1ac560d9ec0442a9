//! The suite that every store must pass.

use es_sqlite::SqliteStore;

es_core::conformance!(async { (SqliteStore::in_memory().await.expect("a store"), ()) });

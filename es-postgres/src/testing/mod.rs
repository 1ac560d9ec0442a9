//! Databases for tests, and a server for trying out programs.
//!
//! [`TestDatabase`] gives each test a fresh, migrated database of its own. It uses the server in
//! `ES_TEST_DATABASE_URL`, or else starts a temporary one with the installed PostgreSQL: found by `PG_BIN`,
//! in the usual folders, on the `PATH` or by `pg_config`. All test processes share that server; it stops, and
//! its files are removed, when the last of them ends.
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use es_postgres::testing::TestDatabase;
//!
//! let database = TestDatabase::new().await?;
//! let store = database.store().await?;
//! # Ok(()) }
//! ```
//!
//! [`Cluster`] starts the installed PostgreSQL in a persistent folder. [`Proxy`] injects network faults
//! between a program and a server.

mod binaries;
mod cluster;
mod database;
mod error;
mod proxy;
mod server;
mod shared;

pub use cluster::{Cluster, ClusterOptions};
pub use database::TestDatabase;
pub use error::TestDatabaseError;
pub use proxy::{Fault, Proxy};

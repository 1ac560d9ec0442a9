//! Databases for tests, and a server for programs that are only tried out.
//!
//! [`TestDatabase`] gives each test a fresh, migrated database of its own. It uses the server that
//! `ES_TEST_DATABASE_URL` names, else it starts a throw-away one with the PostgreSQL that is installed: found
//! by `PG_BIN`, in the usual folders, on the `PATH` or by `pg_config`. All test processes share that server;
//! it stops, and its files go, when the last of them ends.
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
//! [`Cluster`] starts the installed PostgreSQL in a folder that stays. [`Proxy`] is a network in front of a
//! server that breaks as a test tells it.

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

//! An event store, snapshots and read models in PostgreSQL.
//!
//! [`PostgresStore`] is an [`EventStore`](es_core::EventStore): plug it into a
//! [`Repository`](es_core::Repository). The server needs no extension and no superuser.
//! `docs/stored-format.md` describes the tables.
//!
//! ```no_run
//! # async fn open() -> Result<(), es_postgres::ConnectError> {
//! use es_postgres::PostgresStore;
//!
//! let store = PostgresStore::migrate("postgres://localhost/shop").await?;
//! # Ok(()) }
//! ```
//!
//! # Two roles
//!
//! The role that migrates owns the tables. Give the application a different one, with
//! [`grant_writer`](PostgresStore::grant_writer): it appends through functions and reads, and can do nothing
//! else. Even the owner's UPDATE, DELETE and TRUNCATE of events are refused by triggers.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | encrypted connections, with rustls |
//! | `testing` | no | [`testing`]: temporary servers and databases for tests |

mod connect;
mod copy;
mod event_store;
mod latch;
mod metrics;
mod open;
mod options;
mod parts;
mod projection;
mod read;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod upkeep;
mod wake;
mod write;

pub use connect::connection::StoreConnection;
pub use connect::error::{ConnectError, TriedHost};
pub use connect::lock_timeout::{LockHolder, LockTimeout};
pub use connect::slots::{PoolTimeout, Scarce};
pub use es_core::projection::{
    DeadLetter, OnFailure, PartitionStatus, ProjectionStatus, ProjectorError, Retried, Retrying,
};
pub use metrics::StoreMetrics;
pub use options::PostgresOptions;
pub use projection::{Inline, PostgresProjector, PostgresTarget, PostgresTargetError, Projector};
/// The driver whose types this crate's API uses, in the version that it was built with.
pub use sqlx;
pub use store::PostgresStore;
pub use upkeep::open_appends::OpenAppend;
pub use upkeep::snapshots::SnapshotGroup;

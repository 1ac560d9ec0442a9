//! Events and snapshots in PostgreSQL.
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
//! The role that migrates owns the tables. Give the application another one, with
//! [`grant_writer`](PostgresStore::grant_writer): it appends through functions and reads, and can do nothing
//! else. Even the owner's UPDATE, DELETE and TRUNCATE of events are refused by triggers.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `tls` | yes | encrypted connections, with rustls |
//! | `testing` | no | [`testing`]: throw-away servers and databases |

mod agree;
mod all;
mod append;
mod append_all;
mod caller;
mod check;
mod columns;
mod connect_error;
mod connection;
mod dial;
mod ends;
mod error;
mod find;
mod hints;
mod hosts;
mod idle;
mod json;
mod known_streams;
mod lanes;
mod lease;
mod load;
mod lock_timeout;
mod migrate;
mod names;
mod open_appends;
mod options;
mod outcome;
mod page;
mod patience;
mod pool;
mod projection;
mod read;
mod recover;
mod remember;
mod replay;
mod row;
mod schema_owner;
mod session_attrs;
mod silence;
mod slots;
mod snapshots;
mod sqlstate;
mod statements;
mod store;
mod streams;
#[cfg(feature = "testing")]
pub mod testing;
mod watermark;

pub use connect_error::{ConnectError, TriedHost};
pub use connection::StoreConnection;
pub use lock_timeout::{LockHolder, LockTimeout};
pub use open_appends::OpenAppend;
pub use options::PostgresOptions;
pub use projection::{
    DeadLetter, Inline, OnFailure, PartStatus, ProjectionStatus, Projector, ProjectorError, Retried, Retrying,
};
pub use slots::{PoolTimeout, Scarce};
pub use snapshots::SnapshotGroup;
/// The driver whose types this crate's API uses, in the version that it was built with.
pub use sqlx;
pub use store::PostgresStore;

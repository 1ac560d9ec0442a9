//! Events and snapshots in one file: an [`EventStore`](es_core::EventStore) that needs no server.
//!
//! ```
//! use es_core::{Aggregate, Apply, Events, Handle, Repository, emit, event};
//! use es_sqlite::SqliteStore;
//!
//! #[event(name = "counter.added")]
//! pub struct Added { pub by: u64 }
//!
//! #[derive(Aggregate, Default)]
//! #[aggregate(name = "counter", id = String, events(Added))]
//! pub struct Counter { total: u64 }
//!
//! impl Apply<Added> for Counter {
//!     fn apply(&mut self, event: Added) { self.total += event.by; }
//! }
//!
//! pub struct Add { pub by: u64 }
//!
//! impl Handle<Add> for Counter {
//!     type Error = std::convert::Infallible;
//!     fn handle(&self, command: &Add) -> Result<Events<Self>, Self::Error> {
//!         emit(Added { by: command.by })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("es-sqlite-crate-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("counters.db");
//! let counters = Repository::<Counter, _>::new(SqliteStore::open(&path).await?);
//! counters.execute(&String::from("visits"), Add { by: 2 }).await?;
//! # drop(counters);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(()) }
//! ```
//!
//! An acknowledged event is on disk. Concurrent appends share one sync (group commit), but each append
//! succeeds or fails by itself, so that a conflict of one does not affect the others. Several programs on one
//! host can open the file. `docs/stored-format-sqlite.md` describes its tables.

#![warn(missing_debug_implementations, unreachable_pub)]

mod checksum;
mod copy;
mod error;
mod event_store;
mod latch;
mod open;
mod projection;
mod read;
mod sql;
mod store;
mod temporary;
mod upkeep;
mod write;

pub use open::error::OpenError;
pub use open::options::{Durability, SqliteOptions};
pub use projection::{Projector, SqliteBatch, SqliteSession, SqliteTarget, SqliteTargetError};
/// The driver whose types appear in this crate's API, in the version that it was built with.
pub use sqlx;
pub use store::SqliteStore;
pub use upkeep::checkpoint::Checkpointed;
pub use upkeep::verify::Verified;
pub use write::turn::SqliteTransaction;

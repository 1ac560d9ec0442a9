//! The conformance suite for stores: each clause of the [contract](crate::EventStore) as a test.
//!
//! The author of a store writes in an integration test:
//!
//! ```
//! use es_core::MemoryStore;
//!
//! es_core::conformance!(async { (MemoryStore::new(), ()) });
//! # fn main() {}
//! ```
//!
//! This generates one `#[tokio::test]` for each case. The expression is evaluated once for each case: it
//! creates an empty store, and a value that is kept until the case ends, such as the database of the store.
//!
//! A store that does not implement all of the traits [`ReadAll`](crate::store::ReadAll),
//! [`ListStreams`](crate::store::ListStreams), [`FindEvents`](crate::store::FindEvents),
//! [`CloseStreams`](crate::store::CloseStreams) and [`ImportStore`](crate::store::ImportStore) names the
//! missing ones after `without`, which leaves out their cases:
//!
//! ```
//! # use es_core::{EventStore, MemoryStore};
//! struct OwnStore(MemoryStore);
//!
//! impl EventStore for OwnStore {
//!     // …
//! #   es_core::forward_event_store!(EventStore to |this| &this.0);
//! }
//!
//! es_core::conformance!(
//!     async { (OwnStore(MemoryStore::new()), ()) },
//!     without ReadAll, ListStreams, FindEvents, CloseStreams, ImportStore
//! );
//! # fn main() {}
//! ```
//!
//! The cases are also public functions, for other test harnesses than tokio's. Each takes an empty store that
//! implements the traits that it tests, and panics if the store breaks the contract.
//!
//! The suites for [targets] of projections, for [sinks] of publishers and for [sources] of consumers are in
//! modules of their own.

mod all;
mod append;
mod batch;
mod cases;
mod closing;
mod commands;
mod conditions;
mod copying;
mod decisions;
mod finding;
mod fixture;
mod listing;
mod model;
mod read;
mod registration;
mod renames;
pub mod sinks;
mod snapshots;
pub mod sources;
pub mod targets;
mod values;

pub use self::all::*;
pub use self::append::*;
pub use self::batch::*;
pub use self::closing::*;
pub use self::commands::*;
pub use self::conditions::*;
pub use self::copying::*;
pub use self::decisions::*;
pub use self::finding::*;
pub use self::listing::*;
pub use self::model::*;
pub use self::read::*;
pub use self::registration::*;
pub use self::renames::*;
pub use self::snapshots::*;
pub use self::values::*;

//! The suite that every store must pass: each line of the [contract](crate::EventStore) as a test.
//!
//! A store's author writes, in an integration test,
//!
//! ```
//! use es_core::MemoryStore;
//!
//! es_core::conformance!(async { (MemoryStore::new(), ()) });
//! # fn main() {}
//! ```
//!
//! and gets one `#[tokio::test]` a case. The expression is evaluated once a case: it makes an empty store,
//! and something that is kept until the case is over, such as the database behind it.
//!
//! A store that does not have each of the traits [`ReadAll`](crate::store::ReadAll),
//! [`ListStreams`](crate::store::ListStreams), [`FindEvents`](crate::store::FindEvents),
//! [`CloseStreams`](crate::store::CloseStreams) and [`ImportStore`](crate::store::ImportStore) leaves out the
//! cases of the others by name:
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
//! The cases are functions of their own, for harnesses other than tokio's. Each takes an empty store, asks of
//! it the traits that it tests, and panics when the store breaks the contract.

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
mod snapshots;
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

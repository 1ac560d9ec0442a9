//! Event sourcing with plain structs.
//!
//! Annotate structs with [`event`](macro@event) and [`Aggregate`](derive@Aggregate), implement how each event
//! changes the state ([`Apply`]) and which events a command yields ([`Handle`]), and execute commands through
//! a [`Repository`] on any [`EventStore`]: [`MemoryStore`] here, PostgreSQL in `es-postgres`.
//!
//! Events are appended, never updated or deleted. State is the fold of a stream; a snapshot shortens the
//! fold; any past state can be rebuilt. The [`guides`] go through all of it.
//!
//! ```
//! use es_core::{Aggregate, Apply, Events, Handle, MemoryStore, Repository, emit, event};
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
//! let counters = Repository::<Counter, _>::new(MemoryStore::new());
//! counters.execute("visits", Add { by: 2 }).await?;
//! counters.execute("visits", Add { by: 3 }).await?;
//! assert_eq!(counters.load("visits").await?.state.total, 5);
//! assert_eq!(counters.load_at("visits", 1).await?.state.total, 2);
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | `#[event]`, `#[command]`, `#[timer]`, `#[derive(Aggregate)]`, `#[derive(Process)]`, `#[derive(Projection)]`, `#[derive(Publisher)]`, `#[derive(Reactor)]`, `#[derive(Shape)]`, `#[derive(StreamKey)]` |
//! | `bigdecimal`, `bytes`, `chrono`, `indexmap`, `ordered-float`, `rust_decimal`, `smallvec`, `url` | no | the shapes of their types |
//! | `conformance` | no | the suites of tests that every store, target and sink must pass |

#![warn(missing_debug_implementations, unreachable_pub)]

mod counter;
mod error;
mod latch;
mod memory;
mod seldom;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
pub mod bulk;
pub mod catalogue;
pub mod codec;
#[cfg(feature = "conformance")]
#[allow(clippy::missing_panics_doc, reason = "each case panics when the store breaks the contract")]
pub mod conformance;
pub mod copy;
// Only in the documentation, and not among its tests: what compiles of the pages is compiled elsewhere.
#[cfg(all(doc, not(doctest)))]
pub mod guides;
pub mod lock;
pub mod messaging;
pub mod model;
pub mod process;
pub mod projection;
pub mod reactor;
pub mod record;
pub mod repository;
pub mod shape;
pub mod store;
pub mod stream;
pub mod subscription;
pub mod testing;
pub mod unique;

pub use error::{ExecuteError, StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub use model::{Aggregate, Apply, Event, Events, Handle, UpcastContext, UpcastFrom, emit};
pub use record::{Metadata, Recorded};
pub use repository::{ExecuteOptions, Executed, Loaded, Repository, Retry};
pub use store::EventStore;
pub use stream::{Position, Revision, StreamId, StreamKey};

#[cfg(feature = "macros")]
pub use es_macros::{Aggregate, StreamKey, event};

// The crates whose types are part of this interface, as docs/dependencies.md promises.
pub use {serde_json, time, uuid};

//! Event sourcing with plain structs.
//!
//! A user annotates structs with [`event`](macro@event) and [`Aggregate`](derive@Aggregate), says how each
//! event changes the state ([`Apply`]) and which events a command yields ([`Handle`]), and runs commands
//! through a [`Repository`] on any [`EventStore`]: [`MemoryStore`] here, PostgreSQL in `es-postgres`.
//!
//! Everything is appended, nothing is updated or deleted. State is the fold of a stream; a snapshot shortens
//! the fold; any past state can be rebuilt.
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
//! let id = String::from("visits");
//! counters.execute(&id, Add { by: 2 }).await?;
//! counters.execute(&id, Add { by: 3 }).await?;
//! assert_eq!(counters.load(&id).await?.state.total, 5);
//! assert_eq!(counters.load_at(&id, 1.into()).await?.state.total, 2);
//! # Ok(()) }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | `#[event]`, `#[derive(Aggregate)]`, `#[derive(Projection)]`, `#[derive(Shape)]`, `#[derive(StreamKey)]` |
//! | `bigdecimal`, `bytes`, `chrono`, `indexmap`, `ordered-float`, `rust_decimal`, `smallvec`, `url` | no | the shapes of their types |
//! | `conformance` | no | the suite of tests that every store must pass |

#![warn(missing_debug_implementations, unreachable_pub)]

mod aggregate;
mod catalogue;
#[allow(
    clippy::missing_panics_doc,
    reason = "a panic of constant code stops the build, which is what they are for"
)]
mod checks;
mod codec;
mod decode;
mod envelope;
mod error;
mod event;
mod guarded;
mod memory;
mod projection;
mod repository;
mod seldom;
mod snapshot;
mod store;
mod stored_time;
mod stream;
mod subscription;
mod upcast;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
#[cfg(feature = "conformance")]
#[allow(clippy::missing_panics_doc, reason = "each case panics when the store breaks the contract")]
pub mod conformance;
pub mod lock;
pub mod shape;
pub mod testing;

pub use aggregate::{Aggregate, Apply, Events, Handle, IntoEvents, emit};
pub use catalogue::{Catalogue, EventShape, Registration};
pub use codec::Payload;
pub use decode::{DecodeError, DecodeProblem, PayloadError};
pub use envelope::{Metadata, NewEvent, RawEvent, Recorded};
pub use error::{BoxError, EncodeError, ExecuteError, InvalidStreamId, StoreError};
pub use event::{Event, EventType};
pub use memory::MemoryStore;
pub use projection::{
    EventPlace, MemoryProjection, Part, Project, ProjectBatch, ProjectSetup, Projection, ProjectionError,
    ProjectionFailure, ProjectionPage, ProjectionReader,
};
pub use repository::{ExecuteOptions, Executed, Loaded, Repository, RepositoryMetrics, Retry};
pub use shape::Shape;
pub use snapshot::{Fingerprint, NewSnapshot, Snapshots};
pub use store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Appended, Bell, CategoryNames, Checkpoint,
    CommandKey, CommandOutcome, CommandRecord, Contiguous, Decision, EventStore, Filter, Find,
    InvalidCheckpoint, LargeAppend, LargeAppendError, Limits, Listener, Load, LoadItem, LoadSink, Progress,
    Remembered, Rest, Sink, StreamHead, StreamRange, StreamSummary, Submitted,
};
pub use stored_time::stored_time;
pub use stream::{InvalidKey, Position, Revision, StreamId, StreamKey};
pub use subscription::{Subscription, SubscriptionStatus, SubscriptionWatch, TypedSubscription};
pub use upcast::{DowncastTo, Retired, UpcastContext, UpcastFrom};

#[cfg(feature = "macros")]
pub use es_macros::{Aggregate, Projection, Shape, StreamKey, event};

pub use time::OffsetDateTime;
pub use uuid::Uuid;

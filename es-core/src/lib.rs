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
//! | `macros` | yes | `#[event]`, `#[derive(Aggregate)]`, `#[derive(Projection)]`, `#[derive(Publisher)]`, `#[derive(Reactor)]`, `#[derive(Shape)]`, `#[derive(StreamKey)]` |
//! | `bigdecimal`, `bytes`, `chrono`, `indexmap`, `ordered-float`, `rust_decimal`, `smallvec`, `url` | no | the shapes of their types |
//! | `conformance` | no | the suite of tests that every store must pass |

#![warn(missing_debug_implementations, unreachable_pub)]

mod bulk;
mod catalogue;
mod codec;
mod error;
mod latch;
mod memory;
mod model;
mod record;
mod repository;
mod seldom;
mod store;
mod stream;
mod subscription;

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
#[cfg(feature = "conformance")]
#[allow(clippy::missing_panics_doc, reason = "each case panics when the store breaks the contract")]
pub mod conformance;
pub mod copy;
pub mod lock;
pub mod messaging;
pub mod process;
pub mod projection;
pub mod reactor;
pub mod shape;
pub mod testing;

pub use bulk::{LargeAppend, LargeAppendError, Progress};
pub use catalogue::{Catalogue, EventShape};
pub use codec::Payload;
pub use error::{ExecuteError, StoreError};
pub use memory::MemoryStore;
pub use messaging::{Consumer, Publish, Publisher, PublisherRunner};
pub use model::{
    Aggregate, Apply, DowncastTo, Event, Events, Handle, IntoEvents, NewSnapshot, Retired, Snapshots,
    UpcastContext, UpcastFrom, emit,
};
pub use process::{Process, ProcessRunner};
pub use projection::{
    MemoryProjection, Part, Project, ProjectBatch, ProjectSetup, Projection, ProjectionFailure,
    ProjectionPage, ProjectionReader,
};
pub use reactor::{React, Reactor, ReactorRunner};
pub use record::{
    BoxError, DecodeError, DecodeProblem, EncodeError, EventPlace, EventType, Metadata, NewEvent,
    PayloadError, RawEvent, Recorded, stored_time,
};
pub use repository::{
    ExecuteOptions, Executed, Loaded, Planned, Repository, RepositoryMetrics, Retry, Transacted, Transaction,
    TransactionError, TransactionOptions,
};
pub use shape::{Fingerprint, Shape};
pub use store::{
    AllPage, AllQuery, Append, AppendIn, AppendOutcome, Appended, Bell, CategoryNames, Checkpoint,
    CloseStreams, CommandKey, CommandOutcome, CommandRecord, Contiguous, Decision, EventStore, ExportStore,
    Filter, Find, FindEvents, Following, ImportStore, InvalidCheckpoint, Limits, ListQuery, ListStreams,
    Listener, Load, LoadItem, LoadSink, ReadAll, Registration, Remembered, Rest, Sink, StoredCategory,
    StoredCommand, StoredEventType, StoredNames, StreamHead, StreamRange, StreamSummary, Submitted,
};
pub use stream::{InvalidKey, InvalidStreamId, Position, Revision, StreamId, StreamKey};
pub use subscription::{Subscription, SubscriptionStatus, SubscriptionWatch, TypedSubscription};

#[cfg(feature = "macros")]
pub use es_macros::{
    Aggregate, Process, Projection, Publisher, Reactor, Shape, StreamKey, command, event, timer,
};

pub use time::OffsetDateTime;
pub use uuid::Uuid;

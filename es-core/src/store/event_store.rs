//! What an aggregate needs of a store.

use async_trait::async_trait;

use super::{
    Append, AppendOutcome, Decision, Limits, Load, LoadManySink, LoadSink, Registration, Remembered, Sink,
    StreamHead, StreamRange, Submitted,
};
use crate::error::StoreError;
use crate::model::NewSnapshot;
use crate::shape::Fingerprint;
use crate::stream::StreamId;

/// An event store: what aggregates need of it, and all that a [`Repository`](crate::Repository) uses to load
/// states and to execute commands.
///
/// What other readers need is in separate traits, which a store may or may not implement:
///
/// | trait | needed by |
/// |---|---|
/// | [`ReadAll`](crate::store::ReadAll) | subscriptions and projections |
/// | [`ListStreams`](crate::store::ListStreams) | [`Repository::ids`](crate::Repository::ids) |
/// | [`FindEvents`](crate::store::FindEvents) | tools that look for events by id |
/// | [`CloseStreams`](crate::store::CloseStreams) | programs that end streams |
/// | [`AppendIn`](crate::store::AppendIn) | commands in the caller's own transaction |
///
/// # Contract
///
/// 1. An append is atomic: all events of the call or none. Revisions are contiguous from `expected + 1`.
/// 2. Of concurrent appends with the same expected revision exactly one wins; the others get
///    [`AppendOutcome::Conflict`].
/// 3. [`append_all`](Self::append_all) is atomic across its streams, including those with only a
/// [condition](Append::condition): until its events are visible, nobody appends to them.
/// 4. An event that was acknowledged is durable, and visible to every later read.
/// 5. Reading a stream returns revisions in order without gaps, in bounded memory; a gap in what is stored is
/// [`StoreError::Damaged`], as [`Contiguous`](crate::store::Contiguous) detects it.
/// 6. Positions increase in the order of an append's events.
/// 7. No event is ever updated or deleted.
/// 8. Bad input is a typed error before anything is written.
/// 9. A version of an event has one shape: [`register`](Self::register) rejects another one.
/// 10. All names of one category, joined by [`rename_category`](Self::rename_category), name the same streams
///     in every call.
///
/// # Implementing
///
/// Call [`Append::check`] on each append first, store the [`stored_time`](crate::record::stored_time) of its
/// occurred time and of the clock, and run `es_core::conformance` in the store's tests.
/// `docs/writing-a-store.md` goes through all of it, with a store in one file. A store that wraps another one
/// forwards with [`forward_event_store!`](crate::forward_event_store).
///
/// ```
/// use es_core::record::NewEvent;
/// use es_core::store::{Append, AppendOutcome};
/// use es_core::{EventStore, MemoryStore, Metadata, Revision, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (store, door) = (MemoryStore::new(), StreamId::new("door", "7")?);
/// let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
/// let outcome = store.append(Append::new(&door, Revision::EMPTY, &opened)).await?;
/// assert!(matches!(outcome, AppendOutcome::Appended(_)));
/// let again = store.append(Append::new(&door, Revision::EMPTY, &opened)).await?;
/// assert_eq!(again, AppendOutcome::Conflict { actual: Revision::new(1) });
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event store",
    label = "no `EventStore`",
    note = "use `es_core::MemoryStore`, or the store of a crate such as `es-postgres`",
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(EventStore to |this| \
            …);`"
)]
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends the events of one command to one stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for bad input, a closed stream, a reused command id, and a store that fails. A conflict
    /// is not an error but an [`AppendOutcome`].
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// Appends to several streams atomically: all or none. The outcomes are in the order of `appends`.
    ///
    /// Each event must have a name and a version that were [registered](Self::register), or that the store
    /// already holds: otherwise events copied from elsewhere one by one could be stored under a name that
    /// nobody reads. [`append`](Self::append) registers the names that it writes itself. Neither inspects
    /// payloads; [`LargeAppend`](crate::bulk::LargeAppend) decodes and folds them.
    ///
    /// An append without events is a [condition](Append::condition): its stream must be at the expected
    /// revision at the moment when the others are written, so of two calls that each write to a stream on
    /// which the other has a condition, at most one succeeds. Its outcome is [`AppendOutcome::Appended`] with
    /// no positions if all were met. A call with conditions alone checks whether all of them hold at one
    /// moment.
    ///
    /// Unless every outcome is [`AppendOutcome::Appended`], nothing was written; outcomes other than
    /// conflicts and repetitions are then [`AppendOutcome::NotWritten`].
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); also [`StoreError::DuplicateStream`] and [`StoreError::NotRegistered`].
    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// Remembers that a command wrote no event, so that a repetition gets this outcome: [`load`](Self::load)
    /// finds it, with a [count](crate::store::CommandOutcome::count) of 0, and an append of the command is
    /// [`AppendOutcome::Repeated`]. If this call and an append of the same command are concurrent, one
    /// succeeds.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, and [`StoreError::CommandIdReused`]. A conflict is not an error but a
    /// [`Remembered`].
    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError>;

    /// Reads a snapshot and the events after it, or all events, and looks up the outcome of a command, in one
    /// round trip.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink.
    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError>;

    /// Loads several streams, each as [`load`](Self::load) loads all of it from its newest snapshot of this
    /// fingerprint. The results are in the order of `streams`; what is wrong with one of them, such as a
    /// damaged event, is its result. The streams are read at once or one after the other: each is of one
    /// moment, and two of them may not be.
    ///
    /// # For a store that can do better
    ///
    /// Optional: defaults to one [`load`](Self::load) after the other. A store whose loads cost a round trip
    /// answers all of them in one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, for all of them.
    async fn load_many(
        &self,
        streams: &[StreamId],
        snapshot: Option<Fingerprint>,
        sink: LoadManySink<'_>,
    ) -> Result<Vec<Result<StreamHead, StoreError>>, StoreError> {
        let mut heads = Vec::with_capacity(streams.len());
        for (number, stream) in streams.iter().enumerate() {
            let load = Load::all(stream).snapshot(snapshot);
            heads.push(self.load(load, &mut |item| sink(number, item)).await);
        }
        Ok(heads)
    }

    /// Reads a part of one stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink.
    async fn read_stream(
        &self,
        stream: &StreamId,
        range: StreamRange,
        sink: Sink<'_>,
    ) -> Result<(), StoreError>;

    /// Stores a snapshot, unless a newer one of the same fingerprint exists. Nothing is stored if the stream
    /// does not exist, has not reached its revision, or holds another event there than
    /// [`NewSnapshot::event_id`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError>;

    /// Registers every event version that a program writes, and rejects a version that the store has
    /// registered with another fingerprint: two programs would write different payloads under it.
    ///
    /// A version that the store does not know is registered; one that it knows without a fingerprint gets
    /// this one. A version without a fingerprint is not compared. A [former](Registration::former) name is
    /// compared with what the store knows, and not registered. The call is idempotent.
    ///
    /// A [`Repository`](crate::Repository) calls it before its first command, so every writer does, and no
    /// reader. A store that can switch to another database in its lifetime makes sure of it there as well.
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`], also if `events` has two fingerprints for one version; nothing is
    /// changed then.
    async fn register(&self, events: &[Registration]) -> Result<(), StoreError>;

    /// Makes `name` and the category's former names one category, forever and for every program: a stream is
    /// found by each of them, and exists once whichever name it was created under. The call is idempotent.
    ///
    /// A [`Repository`](crate::Repository) whose aggregate has `was(…)` calls it before its first read or
    /// append. A store that can switch to another database in its lifetime makes sure of it there as well.
    ///
    /// # Errors
    ///
    /// [`StoreError::SplitCategory`] when two of the names are categories with streams of their own; nothing
    /// is changed then.
    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError>;

    /// The limits of this store. A [`Repository`](crate::Repository) does not encode more than that. Defaults
    /// to [`Limits::NONE`], for a store that enforces its own.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Enqueues an append and returns a future for its outcome.
    ///
    /// # For a store that can do better
    ///
    /// Optional: defaults to [`append`](Self::append), which completes before this returns. A store with a
    /// queue returns once the append is in it: appends to one stream that were submitted one after the other
    /// are executed in this order, and if one is a conflict, those after it are conflicts as well. So a
    /// caller can build on an append before it knows the outcome.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), if they can be determined at once.
    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = self.append(append).await;
        Ok(Box::pin(std::future::ready(outcome)))
    }
}

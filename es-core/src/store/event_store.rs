//! What an aggregate needs of a store.

use async_trait::async_trait;

use super::{
    Append, AppendOutcome, Decision, Limits, Load, LoadSink, Registration, Remembered, Sink, StreamHead,
    StreamRange, Submitted,
};
use crate::error::StoreError;
use crate::model::NewSnapshot;
use crate::stream::StreamId;

/// A place that keeps events: what an aggregate needs of it, and all that a [`Repository`](crate::Repository)
/// asks for to load states and to execute commands.
///
/// What other readers need are traits of their own, which a store may have or not:
///
/// | trait | who asks for it |
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
/// 3. [`append_all`](Self::append_all) is atomic across its streams, those included that it only has
///    [conditions](Append::condition) for: until its events are visible, nobody appends to them.
/// 4. An event that was acknowledged is durable, and visible to every later read.
/// 5. Reading a stream gives revisions in order without holes, in bounded memory; a hole in what is stored is
///    [`StoreError::Damaged`], as [`Contiguous`](crate::store::Contiguous) finds it.
/// 6. Positions increase in the order of an append's events.
/// 7. No event is ever updated or deleted.
/// 8. Bad input is a typed error before anything is written.
/// 9. A version of an event means one shape: [`register`](Self::register) refuses another one.
/// 10. Names of one category, made so by [`rename_category`](Self::rename_category), name the same streams in
///     every call.
///
/// # Implementing
///
/// Call [`Append::check`] on each append first, keep [`stored_time`](crate::record::stored_time) of its
/// occurred time and of the clock, and run `es_core::conformance` in the store's tests.
/// `docs/writing-a-store.md` goes through all of it, beside a store in one file. A store that wraps another
/// one forwards with [`forward_event_store!`](crate::forward_event_store).
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
    note = "a store that wraps another one forwards it: `es_core::forward_event_store!(EventStore to |this| …);`"
)]
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends the events of one command to one stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for bad input, a closed stream, a reused command id, and a store that fails. A conflict
    /// is no error but an [`AppendOutcome`].
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// Appends to several streams, to all or to none. The outcomes stand in the order of `appends`.
    ///
    /// Each event has a name and a version that were [registered](Self::register), or that the store holds
    /// already: what is copied from elsewhere, event by event as it stands, is otherwise stored under a name
    /// that nobody reads. [`append`](Self::append) makes the names that it writes known by itself.
    /// Neither looks into payloads; [`LargeAppend`](crate::bulk::LargeAppend) decodes and folds them.
    ///
    /// A part without events is a [condition](Append::condition): its stream has to be at the expected
    /// revision at the moment at which the others are written, so that of two calls that each write what the
    /// other one has a condition for, one at most goes through. Its outcome is [`AppendOutcome::Appended`]
    /// with no positions if all were met. Conditions alone say whether their streams stand so at one moment.
    ///
    /// Unless every outcome is [`AppendOutcome::Appended`], nothing was written; the outcomes that are not a
    /// conflict or a repetition are then [`AppendOutcome::NotWritten`].
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); also [`StoreError::DuplicateStream`] and [`StoreError::NotRegistered`].
    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// Remembers that a command wrote no event, so that a repetition gets this outcome: [`load`](Self::load)
    /// finds it, with a [count](crate::store::CommandOutcome::count) of 0, and an append of the command is
    /// [`AppendOutcome::Repeated`]. Of this call and an append of the same command that come at once, one
    /// goes through.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, and [`StoreError::CommandIdReused`]. A conflict is no error but a
    /// [`Remembered`].
    async fn remember(&self, decision: Decision<'_>) -> Result<Remembered, StoreError>;

    /// Reads a snapshot and the events after it, or all events, and looks up the outcome of a command: one
    /// round trip.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink.
    async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError>;

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

    /// Keeps a snapshot, unless a newer one of the same fingerprint is there. Of a stream that is not there,
    /// or not as far, or that holds another event at its revision than [`NewSnapshot::event_id`], nothing is
    /// kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError>;

    /// Takes in which events a program writes, in all their versions, and refuses a version that the store
    /// knows with another fingerprint: two programs would write different payloads under it.
    ///
    /// A version that the store does not know is made known; one that it knows without a fingerprint gets
    /// this one. What comes without a fingerprint is not compared. Under a name that an event had
    /// [before](Registration::former), what the store knows is compared, and nothing is made known. Doing all
    /// this again changes nothing.
    ///
    /// A [`Repository`](crate::Repository) calls it before its first command, so that every writer does, and
    /// no reader. A store that can turn to another database in its lifetime sees to it there as well.
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`], also where `events` has two fingerprints for one version; nothing is
    /// changed then.
    async fn register(&self, events: &[Registration]) -> Result<(), StoreError>;

    /// Makes `name` and the names that a category had before mean one category, for ever and for every
    /// program: a stream is found by each of them, and exists once whichever it was made under. Doing so
    /// again changes nothing.
    ///
    /// A [`Repository`](crate::Repository) whose aggregate has `was(…)` calls it before its first read or
    /// append. A store that can turn to another database in its lifetime sees to it there as well.
    ///
    /// # Errors
    ///
    /// [`StoreError::SplitCategory`] when two of the names are categories with streams of their own; nothing
    /// is changed then.
    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError>;

    /// How much this store takes. A [`Repository`](crate::Repository) does not encode beyond it. Defaults to
    /// [`Limits::NONE`], for a store that refuses by itself.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

    /// Takes an append, whose outcome comes later.
    ///
    /// # For a store that can do better
    ///
    /// Defaults to [`append`](Self::append), which ends before this returns, and need not be written. A store
    /// that has a queue returns once the append is in it: appends to one stream that were submitted one after
    /// the other are executed in this order, and should one be a conflict, those after it are conflicts as
    /// well. So a caller builds on an append before it knows the outcome.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), of what can be told at once.
    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = self.append(append).await;
        Ok(Box::pin(std::future::ready(outcome)))
    }
}

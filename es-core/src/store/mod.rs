//! The store contract: what any place that keeps events must do.
//!
//! The suite `es_core::conformance` tests every line of it.

mod all;
mod append;
mod bell;
mod checkpoint;
mod command;
mod contiguous;
mod decision;
mod forward;
mod json;
mod load;
mod sink;

use async_trait::async_trait;

pub use self::all::{AllPage, AllQuery, CategoryNames, Filter, Find, Rest};
pub(crate) use self::append::LastMetadata;
pub use self::append::{Append, AppendOutcome, Appended, Limits, Submitted};
pub use self::bell::{Bell, Listener};
pub use self::checkpoint::{Checkpoint, InvalidCheckpoint};
pub use self::command::{CommandKey, CommandOutcome, CommandRecord};
pub use self::contiguous::Contiguous;
pub(crate) use self::contiguous::read_whole;
pub use self::decision::{Decision, Remembered};
pub use self::load::{Load, LoadItem, StreamHead, StreamRange, StreamSummary};
pub(crate) use self::sink::recorded;
pub use self::sink::{LoadSink, Sink};

use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::model::NewSnapshot;
use crate::stream::{Revision, StreamId};

/// A place that keeps events.
///
/// # Contract
///
/// 1. An append is atomic: all events of the call or none. Revisions are contiguous from `expected + 1`.
/// 2. Of concurrent appends with the same expected revision exactly one wins; the others get
///    [`AppendOutcome::Conflict`].
/// 3. [`append_all`](Self::append_all) is atomic across its streams.
/// 4. An event that was acknowledged is durable, and visible to every later read.
/// 5. Reading a stream gives revisions in order without holes, in bounded memory; a hole in what is stored is
///    [`StoreError::Damaged`], as [`Contiguous`] finds it.
/// 6. Positions increase in the order of an append's events. Reading the whole store gives them in strictly
///    increasing order and in bounded memory, keeps each stream's order, and never passes an event that is
///    committed later with a lower position. No clock makes it safe.
/// 7. No event is ever updated or deleted. A closed stream takes no more events.
/// 8. Bad input is a typed error before anything is written.
/// 9. A version of an event means one shape: [`register`](Self::register) refuses another one.
/// 10. Names of one category, made so by [`rename_category`](Self::rename_category), name the same streams in
///     every call.
///
/// # Implementing
///
/// Call [`Append::check`] on each append first, keep [`stored_time`](crate::stored_time) of its occurred time
/// and of the clock, and run `es_core::conformance` in the store's tests.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends the events of one command to one stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for bad input, a closed stream, a reused command id, and a store that fails. A conflict
    /// is no error but an [`AppendOutcome`].
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// Hands over an append, whose outcome comes later: appends to one stream that were submitted one after
    /// the other are carried out in this order. So a caller can build on an append before it knows the
    /// outcome: should it be a conflict, those that build on it are conflicts as well.
    ///
    /// A store that has no use for it, as it has no queue, appends before it returns.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), of what can be told at once.
    async fn submit(&self, append: Append<'_>) -> Result<Submitted, StoreError> {
        let outcome = self.append(append).await;
        Ok(Box::pin(std::future::ready(outcome)))
    }

    /// Appends to several streams, to all or to none. The outcomes stand in the order of `appends`.
    ///
    /// Each event has a name and a version that were [registered](Self::register), or that the store holds
    /// already: what is copied from elsewhere, event by event as it stands, is otherwise stored under a name
    /// that nobody reads. [`append`](Self::append) makes a name that it meets known to the store by itself.
    /// Neither looks into payloads; [`LargeAppend`](crate::LargeAppend) decodes and folds them.
    ///
    /// Unless every outcome is [`AppendOutcome::Appended`], nothing was written; the outcomes that are not a
    /// conflict or a repetition are then [`AppendOutcome::NotWritten`].
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); also [`StoreError::DuplicateStream`] and [`StoreError::NotRegistered`].
    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// Remembers that a command wrote no event, so that a repetition gets this outcome: [`load`](Self::load)
    /// finds it, with a [count](CommandOutcome::count) of 0, and an append of the command is
    /// [`AppendOutcome::Repeated`]. Of this call and an append of the same command that come at once, one
    /// goes through.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store, and [`StoreError::CommandIdReused`]. A conflict is no error but a
    /// [`Remembered`]. A store that does not implement this refuses.
    async fn remember(&self, _decision: Decision<'_>) -> Result<Remembered, StoreError> {
        Err(cannot_remember())
    }

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

    /// Reads the whole store in the order of positions, from behind a checkpoint, one page.
    ///
    /// Never goes beyond an event that could still be committed with a lower position. An event that was
    /// acknowledged before the call, and behind which no append was open, is handed out.
    ///
    /// A stream is named as the filter names its category, or else by the first name that the category had.
    ///
    /// # Errors
    ///
    /// [`StoreError::ForeignCheckpoint`] when the checkpoint's event is not in this store, at its position;
    /// [`StoreError`] of the store or of the sink. A store that does not implement this refuses.
    async fn read_all(&self, _query: AllQuery<'_>, _sink: Sink<'_>) -> Result<AllPage, StoreError> {
        Err(StoreError::Backend { source: "this store cannot be read as a whole".into(), retryable: false })
    }

    /// Behind the last event that [`read_all`](Self::read_all) would hand out now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store. A store that does not implement this refuses.
    async fn head(&self) -> Result<Checkpoint, StoreError> {
        Err(StoreError::Backend { source: "this store cannot be read as a whole".into(), retryable: false })
    }

    /// Finds events by what is written on them, in the order of their positions. Unlike
    /// [`read_all`](Self::read_all) it hands out all that is committed, and waits for nothing.
    ///
    /// A store may have to look at every event for this; `es-postgres` does, unless there is an index:
    /// `docs/indexes.md`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store or of the sink. A store that does not implement this refuses.
    async fn find(&self, _what: Find, _sink: Sink<'_>) -> Result<(), StoreError> {
        Err(StoreError::Backend { source: "this store cannot find events".into(), retryable: false })
    }

    /// As [`list_streams`](Self::list_streams), only the streams whose key begins with `prefix`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store. A store that does not implement this refuses.
    async fn list_streams_with_prefix(
        &self,
        _category: &str,
        _prefix: &str,
        _after: Option<&str>,
        _limit: usize,
    ) -> Result<Vec<StreamSummary>, StoreError> {
        Err(StoreError::Backend { source: "this store cannot list by prefix".into(), retryable: false })
    }

    /// Hears of appends, so that a reader of the whole store looks again at once. A hint, not a promise: a
    /// store need not ring, and readers look by the clock as well.
    fn listen(&self) -> Listener {
        Bell::new().listen()
    }

    /// Lists the streams of a category in the byte order of their keys, after `after`, at most `limit` of
    /// them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn list_streams(
        &self,
        category: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StreamSummary>, StoreError>;

    /// Closes a stream for ever, if it is at the expected revision; `Ok(false)` if it is at another.
    /// Closing a closed stream again changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError>;

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
    /// this one. What the catalogue says without a fingerprint is not compared. Under a name that an event
    /// had before, what the store knows is compared, and nothing is made known. Doing all this again changes
    /// nothing.
    ///
    /// A [`Repository`](crate::Repository) calls it before its first command, so that every writer does, and
    /// no reader. A store that can turn to another database in its lifetime sees to it there as well.
    ///
    /// # Errors
    ///
    /// [`StoreError::SchemaConflict`]; nothing is changed then.
    async fn register(&self, catalogue: &Catalogue) -> Result<(), StoreError>;

    /// How much this store takes. A [`Repository`](crate::Repository) does not encode beyond it. Defaults to
    /// [`Limits::NONE`], for a store that refuses by itself.
    fn limits(&self) -> Limits {
        Limits::NONE
    }

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
    /// is changed then. A store that does not implement this refuses.
    async fn rename_category(&self, name: &str, was: &[&str]) -> Result<(), StoreError> {
        let source =
            format!("this store cannot find streams of `{name}` under its earlier names {was:?}").into();
        Err(StoreError::Backend { source, retryable: false })
    }
}

/// Appends within a transaction that the caller has begun and will commit: events and the caller's own rows
/// are written together or not at all.
///
/// End a transaction as it was begun: by the driver, or by a statement. A driver takes its transaction for
/// open after a `COMMIT` or `ROLLBACK` that was sent as a statement; `es-postgres` relies on the driver, and
/// cannot refuse such a connection.
///
/// One implementation a store, for the connection type of its transactions.
#[async_trait]
pub trait AppendIn<Tx: ?Sized>: EventStore {
    /// As [`EventStore::append`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append`]; also [`StoreError::IsolationLevel`], and [`StoreError::NoTransaction`] on a
    /// connection on which no transaction is open; nothing is written then. After
    /// [`StoreError::Unavailable`] the caller's transaction is lost with its connection, which is to be
    /// dropped: an answer may still be under way on it, for which the next statement would wait.
    async fn append_in(&self, tx: &mut Tx, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// As [`EventStore::load`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::load`]; also [`StoreError::NoTransaction`].
    async fn load_in(
        &self,
        tx: &mut Tx,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError>;

    /// As [`EventStore::remember`], in the caller's transaction: what is rolled back is not remembered.
    ///
    /// # Errors
    ///
    /// As [`EventStore::remember`]; also [`StoreError::IsolationLevel`] and [`StoreError::NoTransaction`].
    async fn remember_in(&self, _tx: &mut Tx, _decision: Decision<'_>) -> Result<Remembered, StoreError> {
        Err(cannot_remember())
    }
}

fn cannot_remember() -> StoreError {
    let source =
        "this store cannot remember commands that write no events; leave `remember_decision` away".into();
    StoreError::Backend { source, retryable: false }
}

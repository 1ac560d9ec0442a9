//! Bulk import: appending very many events in chunks, such as for a migration from another system.

mod readable;

use std::convert::Infallible;
use std::fmt;

use self::readable::Readable;
use crate::error::StoreError;
use crate::model::Aggregate;
use crate::record::{NewEvent, RawEvent};
use crate::store::{Append, AppendOutcome, Contiguous, EventStore, LastMetadata, StreamRange};
use crate::stream::{Revision, StreamId};

/// The default number of events in a chunk.
const CHUNK: usize = 5_000;
/// The maximum size of a chunk in bytes of JSON, unless a single append is larger.
const CHUNK_BYTES: usize = 8 << 20;

/// Appends very many events, of one stream or of many, in the order in which they are pushed.
///
/// Pushed events are gathered and appended in chunks, each of them atomically, with the same checks as any
/// append. Only one chunk is in memory. Positions follow the order of the pushes; so a stream that comes
/// again after another one starts a new chunk, and a history that is sorted by stream is the fastest to
/// import.
///
/// Nothing is written that cannot be read. Each stream belongs to an aggregate registered with
/// [`aggregate`](Self::aggregate); an event that it does not list, or cannot decode, ends the migration with
/// an error before any event of its chunk is written. So does an `apply` that panics, on streams that are
/// pushed from their first event; such a stream may span several consecutive chunks. Events may be raw
/// copies, in any version and under any name that the aggregate reads, or be encoded by [`NewEvent::of`].
///
/// It can be interrupted and run again: events that the stream already holds, under the same ids at the same
/// revisions, are skipped. For that, set [`NewEvent::id`] to a value that is always the same for an event,
/// such as a `UUIDv5` of its old id. If the connection is lost, the store determines the outcome of the
/// pending chunk, as for any append.
///
/// ```
/// # use std::sync::Arc;
/// # use es_core::bulk::LargeAppend;
/// # use es_core::record::NewEvent;
/// # use es_core::{Aggregate, Apply, MemoryStore, Metadata, Revision, StreamId, event};
/// # #[event(name = "account.deposited")] pub struct Deposited { pub cents: i64 }
/// # #[derive(Aggregate, Default)] #[aggregate(name = "account", id = String, events(Deposited))]
/// # pub struct Account { cents: i64 }
/// # impl Apply<Deposited> for Account { fn apply(&mut self, e: Deposited) { self.cents += e.cents; } }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = MemoryStore::new();
/// let metadata = Arc::new(Metadata::new());
/// let mut migration = LargeAppend::new(&store)
///     .aggregate::<Account>()
///     .on_progress(|done| println!("{} events", done.events));
/// for account in 0..100 {
///     let stream = StreamId::new("account", format!("A-{account}"))?;
///     let events = NewEvent::of::<Account>(Deposited { cents: 500 }, &metadata)?;
///     migration.push(stream, Revision::EMPTY, events).await?;
/// }
/// assert_eq!(migration.finish().await?.events, 100);
/// # Ok(()) }
/// ```
pub struct LargeAppend<'a, S: ?Sized> {
    store: &'a S,
    readable: Vec<Readable>,
    /// How many of those are registered with the store.
    registered: usize,
    chunk_events: usize,
    on_progress: Box<dyn FnMut(Progress) + Send + 'a>,
    gathered: Vec<Gathered>,
    events: usize,
    bytes: usize,
    done: Progress,
}

struct Gathered {
    stream: StreamId,
    expected: Revision,
    events: Vec<NewEvent>,
}

/// How far a [`LargeAppend`] has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Events that were appended.
    pub events: u64,
    /// Events that were already stored.
    pub passed_over: u64,
    /// Chunks, each of which was one append.
    pub chunks: u64,
}

/// Why a [`LargeAppend`] cannot continue. The previous chunks are stored; of this one, nothing is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LargeAppendError {
    /// The stream holds other events than expected.
    #[error(
        "stream {stream:?}: expected revision {expected}, found {actual} with different events",
        stream = stream.to_string()
    )]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The expected revision.
        expected: Revision,
        /// The revision found.
        actual: Revision,
    },
    /// The stream belongs to no aggregate that was registered with the migration, so whether its events can
    /// be read is unknown.
    #[error(
        "no aggregate was named for stream {stream:?}; call `.aggregate::<A>()` with the aggregate whose \
         `name` is `{}`",
        stream.category(),
        stream = stream.to_string()
    )]
    NoAggregate {
        /// The stream.
        stream: StreamId,
    },
    /// The store failed, or an event was refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<'a, S: EventStore + ?Sized> LargeAppend<'a, S> {
    /// A migration into a store.
    pub fn new(store: &'a S) -> Self {
        Self {
            store,
            readable: Vec::new(),
            registered: 0,
            chunk_events: CHUNK,
            on_progress: Box::new(|_| ()),
            gathered: Vec::new(),
            events: 0,
            bytes: 0,
            done: Progress::default(),
        }
    }

    /// Accepts streams of the aggregate `A`: its events are registered with the store before the first chunk,
    /// as by its first command, and everything pushed to its streams must be readable by it.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.readable.push(Readable::by::<A>());
        self
    }

    /// The number of events in a chunk. Defaults to 5,000, and never more than 8 MiB of them, or
    /// [`Limits::append_bytes`](crate::store::Limits::append_bytes) if that is less.
    #[must_use]
    pub fn chunk(mut self, events: usize) -> Self {
        self.chunk_events = events.max(1);
        self
    }

    /// Called after each chunk.
    #[must_use]
    pub fn on_progress(mut self, call: impl FnMut(Progress) + Send + 'a) -> Self {
        self.on_progress = Box::new(call);
        self
    }

    /// Adds events to the end of a stream, which is at `expected` by then. They are kept together in one
    /// chunk.
    ///
    /// # Errors
    ///
    /// [`LargeAppendError`], of this chunk or of the previous one, which is appended when this one does not
    /// fit into it; [`LargeAppendError::NoAggregate`] at once.
    pub async fn push(
        &mut self,
        stream: StreamId,
        expected: Revision,
        events: Vec<NewEvent>,
    ) -> Result<(), LargeAppendError> {
        if !self.readable.iter().any(|aggregate| aggregate.reads(&stream)) {
            return Err(LargeAppendError::NoAggregate { stream });
        }
        let bytes = bytes_of(&events);
        let most = CHUNK_BYTES.min(self.store.limits().append_bytes);
        let full = self.events + events.len() > self.chunk_events || self.bytes + bytes > most;
        let is_next = self.gathered.last().is_some_and(|last| {
            last.stream == stream && last.expected.plus(last.events.len() as u64) == expected
        });
        // Otherwise the positions of this stream would come before those of the streams in between.
        let again = !is_next && self.gathered.iter().any(|other| other.stream == stream);
        if full || again {
            self.flush().await?;
        }
        self.events += events.len();
        self.bytes += bytes;
        match self.gathered.last_mut().filter(|_| is_next) {
            Some(last) => last.events.extend(events),
            None => self.gathered.push(Gathered { stream, expected, events }),
        }
        Ok(())
    }

    /// Appends the rest, and returns the totals.
    ///
    /// # Errors
    ///
    /// [`LargeAppendError`] of the last chunk.
    pub async fn finish(mut self) -> Result<Progress, LargeAppendError> {
        self.flush().await?;
        Ok(self.done)
    }

    async fn flush(&mut self) -> Result<(), LargeAppendError> {
        let mut chunk = std::mem::take(&mut self.gathered);
        (self.events, self.bytes) = (0, 0);
        let parts = appends(&chunk);
        for aggregate in &mut self.readable {
            aggregate.check(&parts)?;
        }
        drop(parts);
        for aggregate in self.readable.iter().skip(self.registered) {
            aggregate.register(self.store).await?;
            self.registered += 1;
        }
        while !chunk.is_empty() {
            let outcomes = self.store.append_all(&appends(&chunk)).await?;
            let mut left = Vec::new();
            for (part, outcome) in chunk.into_iter().zip(outcomes) {
                match outcome {
                    AppendOutcome::Appended(_) => self.done.events += part.events.len() as u64,
                    AppendOutcome::Conflict { actual } => left.extend(self.rest_of(part, actual).await?),
                    AppendOutcome::NotWritten | AppendOutcome::Repeated(_) => left.push(part),
                }
            }
            if left.is_empty() {
                self.done.chunks += 1;
            }
            chunk = left;
        }
        (self.on_progress)(self.done);
        Ok(())
    }

    /// What the stream does not hold yet, if the events that it holds after the expected revision are the
    /// first of these.
    async fn rest_of(
        &mut self,
        mut part: Gathered,
        actual: Revision,
    ) -> Result<Option<Gathered>, LargeAppendError> {
        let Gathered { stream, expected, events } = &part;
        let mut ids = events.iter().map(|event| event.id);
        let (mut same, mut found) = (actual > *expected, 0);
        let range = StreamRange::from(expected.next()).to(actual);
        let mut order = Contiguous::range(stream, range);
        let mut compare = |event: RawEvent<'_>| {
            order.take(event.revision)?;
            // The stream may have grown beyond what is to be written here.
            if let Some(id) = ids.next() {
                same &= id == event.event_id;
                found += 1;
            }
            Ok(())
        };
        self.store.read_stream(stream, range, &mut compare).await?;
        order.reached(actual)?;
        if !same {
            return Err(LargeAppendError::Conflict { stream: part.stream, expected: part.expected, actual });
        }
        self.done.passed_over += found as u64;
        part.events.drain(..found);
        part.expected = part.expected.plus(found as u64);
        Ok(Some(part).filter(|part| !part.events.is_empty()))
    }
}

/// Payloads and metadata together.
fn bytes_of(events: &[NewEvent]) -> usize {
    let (mut last, mut sum) = (LastMetadata::default(), 0);
    for NewEvent { payload, metadata, .. } in events {
        let count = || Ok::<_, Infallible>(metadata.to_json().map_or(0, |json| json.len()));
        let Ok(bytes) = last.bytes(metadata, count);
        sum += payload.len() + bytes;
    }
    sum
}

fn appends(chunk: &[Gathered]) -> Vec<Append<'_>> {
    chunk.iter().map(|part| Append::new(&part.stream, part.expected, &part.events)).collect()
}

impl<S: ?Sized> fmt::Debug for LargeAppend<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LargeAppend").field("done", &self.done).finish_non_exhaustive()
    }
}

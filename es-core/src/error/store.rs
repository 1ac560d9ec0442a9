//! What can go wrong in a store, with the values that identify the place. No message contains a payload.

use std::cmp::Ordering;

use uuid::Uuid;

use crate::record::{BoxError, DecodeError, EncodeError, EventPlace, PayloadError};
use crate::shape::Fingerprint;
use crate::stream::{InvalidKey, InvalidStreamId, Position, Revision, StreamId};

/// An error returned by an event store.
///
/// [`is_retryable`](Self::is_retryable) tells whether the same call can succeed later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The id of the aggregate cannot name a stream.
    #[error(transparent)]
    InvalidStreamId(#[from] InvalidStreamId),
    /// A stored key is not an id of the aggregate.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// The stream is closed; nothing can be appended any more.
    #[error("stream {stream:?} is closed; nothing can be appended to it", stream = stream.to_string())]
    StreamClosed {
        /// The stream.
        stream: StreamId,
    },
    /// An append without events.
    #[error("the append to stream {stream:?} contains no event", stream = stream.to_string())]
    EmptyAppend {
        /// The stream.
        stream: StreamId,
    },
    /// The same stream twice in one call.
    #[error(
        "stream {stream:?} is named twice in one append; put its events into one",
        stream = stream.to_string()
    )]
    DuplicateStream {
        /// The stream.
        stream: StreamId,
    },
    /// Two names that should be one category, but are two.
    #[error(
        "`{name}` and `{other}` are two categories of this store, each with streams of its own, and cannot \
         become one; take `{other}` out of `was(…)`, or give the aggregate a name that is not in use"
    )]
    SplitCategory {
        /// The first of the category's former names, then of its current one, that belongs to another
        /// category than `other`.
        name: String,
        /// The first of these names that is a category.
        other: String,
    },
    /// The store has another shape registered for this version of the event.
    #[error(
        "`{name}` version {version} has the fingerprint {found} in this program and {registered} in the \
         store: two programs mean different events by it, most often because two branches both made version \
         {version}; give one of them the next version"
    )]
    SchemaConflict {
        /// The wire name.
        name: String,
        /// The version.
        version: u32,
        /// The fingerprint of the registered shape.
        registered: Fingerprint,
        /// The fingerprint of the shape in this program.
        found: Fingerprint,
    },
    /// A payload or metadata larger than the store's limit.
    #[error(
        "event `{name}` for stream {stream:?} has at least {bytes} bytes of {part}; the limit is {limit}",
        stream = stream.to_string()
    )]
    TooLarge {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// Payload or metadata.
        part: &'static str,
        /// The size, at least: encoding stops early when the limit is far exceeded.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// An append larger than the store's limit.
    #[error(
        "the events that are appended at once have at least {bytes} bytes of payloads and metadata, up to \
         those for stream {stream:?}; the limit is {limit}: yield fewer events, or raise \
         `Limits::append_bytes`",
        stream = stream.to_string()
    )]
    AppendTooLarge {
        /// The stream of the event that exceeds the limit.
        stream: StreamId,
        /// The size, at least.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A name or a version that not every store can hold.
    #[error(
        "event {name:?} version {version} for stream {stream:?} cannot be stored: a name has at least one \
         character and no NUL, and versions are 1 to 2147483647; correct it where the event is made",
        stream = stream.to_string()
    )]
    InvalidEventType {
        /// The stream.
        stream: StreamId,
        /// The wire name.
        name: &'static str,
        /// The version.
        version: u32,
    },
    /// A command name that not every store can hold.
    #[error(
        "the name {name:?} of command {command_id} on stream {stream:?} contains a NUL character; give the \
         command another name",
        stream = stream.to_string()
    )]
    InvalidCommandName {
        /// The stream.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
        /// The name.
        name: Box<str>,
    },
    /// A payload that is not JSON, or is nested more deeply than readers accept; nothing was written.
    #[error(
        "the payload of event `{name}` for stream {stream:?} is not JSON that can be read back, so nothing \
         was written: {source}",
        stream = stream.to_string()
    )]
    NotJson {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// What is wrong with it.
        source: BoxError,
    },
    /// A NUL character, which JSON stores cannot hold.
    #[error(
        "the {part} of event `{name}` for stream {stream:?} contains a NUL character (\\u0000); remove it \
         before executing the command",
        stream = stream.to_string()
    )]
    NulCharacter {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// Payload or metadata.
        part: &'static str,
    },
    /// A time that not every store can hold; see [`stored_time`](crate::record::stored_time).
    #[error(
        "the occurred time for stream {stream:?} is out of range, so nothing was written; it must be between \
         -4713-11-24T00:00:00Z and 9999-12-31T23:59:59.999999Z",
        stream = stream.to_string()
    )]
    TimeOutOfRange {
        /// The stream.
        stream: StreamId,
    },
    /// The metadata, once encoded, does not decode to the same value; nothing was written.
    #[error(
        "the metadata of event `{name}` for stream {stream:?} does not read back from what it writes, so \
         nothing was written: {source}; entries can be nested 125 levels deep",
        stream = stream.to_string()
    )]
    MetadataNotReadable {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// The decoding error.
        source: PayloadError,
    },
    /// No aggregate that writes to this store has an event of this name and version: readers of the stream
    /// would fail.
    #[error(
        "event `{name}` version {version} for stream {stream:?} is not registered in this store; register \
         the catalogue of the aggregate that lists it, or correct the name or the version",
        stream = stream.to_string()
    )]
    NotRegistered {
        /// The stream.
        stream: StreamId,
        /// The wire name.
        name: &'static str,
        /// The version.
        version: u32,
    },
    /// The event could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The event does not decode from its own encoding; it was not written.
    #[error(
        "event `{name}` version {version} does not decode from its own encoding, so it was not written: \
         {source}"
    )]
    NotReadable {
        /// The wire name.
        name: &'static str,
        /// The version.
        version: u32,
        /// The decoding error.
        source: DecodeError,
    },
    /// The aggregate's `apply` cannot handle the event; it was not written, as no later load could fold it.
    #[error(
        "`apply` of aggregate `{aggregate}` panicked on event `{name}` version {version}, so nothing was \
         written; `apply` must take every event that a command yields, so reject the command instead"
    )]
    NotApplicable {
        /// The aggregate's name.
        aggregate: &'static str,
        /// The event's name.
        name: &'static str,
        /// The event's version, after upcasting.
        version: u32,
    },
    /// A stored event could not be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A stored stream has a gap, or events out of order.
    #[error(
        "stream {stream:?} is damaged: {}",
        out_of_order(*.expected, *.found),
        stream = stream.to_string()
    )]
    Damaged {
        /// The stream.
        stream: StreamId,
        /// The revision that should come next.
        expected: Revision,
        /// The one that was found.
        found: Revision,
    },
    /// A stored event is not as an append writes it: its row names a type or a stream that does not exist, or
    /// holds what no store writes. If a store cannot tell which event it is, or whether it is one, the
    /// position is the one after the last event that it could read.
    #[error("the event at position {position} is damaged: {source}")]
    DamagedEvent {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The last event that a checkpoint passed is not in this store, at that position under that id.
    ///
    /// The store was restored from a backup, or a failover lost its last events; since then other events may
    /// have taken the positions. What was read after that point belongs to another history: the owner of the
    /// checkpoint must start over, or resume from a checkpoint older than the backup.
    #[error(
        "the checkpoint stands on event {event_id} at position {position}, where this store has {}; the \
         store was restored to an earlier state, or is another one: start again from the beginning, or from \
         a checkpoint taken before that state",
        .found.map_or_else(|| String::from("no event"), |found| format!("event {found}"))
    )]
    ForeignCheckpoint {
        /// The position.
        position: Position,
        /// The event that was read there.
        event_id: Uuid,
        /// The event that is there now.
        found: Option<Uuid>,
    },
    /// An imported event is not the next one.
    #[error(
        "the event at {place} does not follow what is stored, up to position {last}, with its stream at \
         revision {revision}; import events in the order of their positions, none left out, into a store \
         that holds those before"
    )]
    NotNext {
        /// The event.
        place: Box<EventPlace>,
        /// The last position before it.
        last: Position,
        /// The current revision of its stream.
        revision: Revision,
    },
    /// The store was opened for reading only.
    #[error(
        "this store was opened for reading only, so nothing was written; write through a store opened for \
         writing, on the primary"
    )]
    ReadOnly,
    /// The store was closed by this program.
    #[error("this store was closed")]
    Closed,
    /// A command id was used before, for another command or with another body.
    #[error(
        "command id {command_id} on stream {stream:?} was used before {}; give each command its own id",
        .first.as_ref().map_or_else(
            || String::from("with another body"),
            |first| format!("by the command `{first}`")
        ),
        stream = stream.to_string()
    )]
    CommandIdReused {
        /// The stream.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
        /// The name of the command that used it first, if it is another one.
        first: Option<Box<str>>,
    },
    /// A command whose rejection was remembered is no longer rejected on the same state: its code has
    /// changed, or it depends on something outside of the state. Nothing was written.
    #[error(
        "command {command_id} on stream {stream:?} was rejected at revision {revision}, which is remembered, \
         but deciding it again on the state of that revision does not reject it; nothing was written: send \
         it under a new command id, to decide it on the current state",
        stream = stream.to_string()
    )]
    NotRejectedAgain {
        /// The stream.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
        /// The revision at which it was rejected.
        revision: Revision,
    },
    /// A transaction of this command id was executed before, and repeating it on the same states gives a
    /// different result: its code has changed, it depends on more than its arguments and these states, or the
    /// id belongs to another transaction. Nothing was written.
    #[error(
        "transaction {command_id} was executed before, and repeating it on the same states gives a different \
         result at stream {stream:?}; nothing was written: a transaction may depend only on its arguments \
         and on the states that it reads, and each needs a command id of its own",
        stream = stream.to_string()
    )]
    NotRepeated {
        /// The first stream that differs.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
    },
    /// The caller's transaction has an isolation level at which conflicts cannot be detected.
    #[error("the transaction's isolation level is {found}; appending requires READ COMMITTED")]
    IsolationLevel {
        /// The level.
        found: String,
    },
    /// A call for the caller's transaction came over a connection without an open transaction: its events
    /// would be committed on their own, whether or not the caller's rows are.
    #[error(
        "the connection has no open transaction, so nothing was done on it; begin a transaction, and commit \
         it with all that belongs together"
    )]
    NoTransaction,
    /// The append was sent, and its outcome could not be determined: the connection was lost, or a disk
    /// failed during the write.
    ///
    /// The events may or may not be stored. Repeating the command with the same command id is safe.
    #[error(
        "the outcome of the append to stream {stream:?} is unknown; repeat the command with the same command \
         id: {source}",
        stream = stream.to_string()
    )]
    OutcomeUnknown {
        /// The stream.
        stream: StreamId,
        /// The error of the connection or the disk.
        source: BoxError,
    },
    /// The store cannot be reached or cannot serve now; no event was written. An idempotent call, such as a
    /// registration, may have succeeded.
    #[error("the store is not available: {source}")]
    Unavailable {
        /// The store's error.
        source: BoxError,
    },
    /// The store is not set up for this program: retrying does not help, something has to be changed.
    #[error("the store is not usable as it is: {source}")]
    Setup {
        /// What is wrong, and what to do.
        source: BoxError,
    },
    /// Any other error of the store; nothing was written.
    #[error("the store failed: {source}")]
    Backend {
        /// The store's error.
        source: BoxError,
        /// Whether the same call can succeed later.
        retryable: bool,
    },
}

/// How the revision found differs from the expected one; at the end of a stream, the one found is the last
/// one that the stream should have.
fn out_of_order(expected: Revision, found: Revision) -> String {
    match found.cmp(&expected) {
        Ordering::Greater => format!("revision {expected} is missing, before {found}"),
        Ordering::Equal => format!("its last revision, {found}, is missing"),
        Ordering::Less => format!("revision {found} was found where {expected} should be"),
    }
}

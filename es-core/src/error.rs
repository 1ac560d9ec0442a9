//! What can go wrong, with the values that say where. No message holds a payload.

use std::cmp::Ordering;
use std::error::Error;

use uuid::Uuid;

use crate::record::{BoxError, DecodeError, EncodeError, EventPlace, PayloadError};
use crate::shape::Fingerprint;
use crate::stream::{InvalidKey, InvalidStreamId, Position, Revision, StreamId};

/// What a store, or the way to it, has to say.
///
/// [`is_retryable`](Self::is_retryable) tells whether the same call can succeed later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The id of the aggregate cannot name a stream.
    #[error(transparent)]
    InvalidStreamId(#[from] InvalidStreamId),
    /// A stored key is no id of the aggregate.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// The stream was closed; nothing can be appended any more.
    #[error("stream {stream:?} is closed; nothing can be appended to it", stream = stream.to_string())]
    StreamClosed {
        /// The stream.
        stream: StreamId,
    },
    /// An append without events.
    #[error("the append to stream {stream:?} holds no event", stream = stream.to_string())]
    EmptyAppend {
        /// The stream.
        stream: StreamId,
    },
    /// The same stream twice in one call.
    #[error("stream {stream:?} is named twice in one append; put its events into one", stream = stream.to_string())]
    DuplicateStream {
        /// The stream.
        stream: StreamId,
    },
    /// Two names that should be one category, and are two.
    #[error(
        "`{name}` and `{other}` are two categories of this store, each with streams of its own, and cannot become one; \
         take `{other}` out of `was(…)`, or give the aggregate a name that is not in use"
    )]
    SplitCategory {
        /// The first name of another category than `other`, of those that the category had and then that of
        /// today.
        name: String,
        /// The first of these names that is a category.
        other: String,
    },
    /// The store knows this version of an event with another shape.
    #[error(
        "`{name}` version {version} has the fingerprint {found} in this program and {registered} in the store: two programs \
         mean different events by it, most often because two branches both made version {version}; give one of them the next \
         version"
    )]
    SchemaConflict {
        /// The wire name.
        name: String,
        /// The version.
        version: u32,
        /// The fingerprint of the shape that the store knows.
        registered: Fingerprint,
        /// That of the shape in this program.
        found: Fingerprint,
    },
    /// More than the store's limit.
    #[error("event `{name}` for stream {stream:?} has at least {bytes} bytes of {part}; the limit is {limit}", stream = stream.to_string())]
    TooLarge {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// Payload or metadata.
        part: &'static str,
        /// How many there are at least: what is far too large is not encoded to its end.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// More in one call than the store's limit.
    #[error(
        "the events that are appended at once have at least {bytes} bytes of payloads and metadata, up to those for stream \
         {stream:?}; the limit is {limit}: yield fewer events, or raise `Limits::append_bytes`",
        stream = stream.to_string()
    )]
    AppendTooLarge {
        /// The stream to which the event belongs that goes beyond the limit.
        stream: StreamId,
        /// How many there are at least.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A name or a version that not every store can hold.
    #[error(
        "event {name:?} version {version} for stream {stream:?} cannot be stored: a name has at least one character and no NUL, \
         and versions are 1 to 2147483647; correct it where the event is made",
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
    /// The name of a command that not every store can hold.
    #[error(
        "the name {name:?} of command {command_id} on stream {stream:?} holds a NUL character; give the command another name",
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
    /// A payload that is no JSON, or that is nested deeper than readers take; nothing was written.
    #[error(
        "the payload of event `{name}` for stream {stream:?} is no JSON that can be read back, so nothing was written: {source}",
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
    /// A NUL character, which no store of JSON can hold.
    #[error("the {part} of event `{name}` for stream {stream:?} holds a NUL character (\\u0000); remove it before the command", stream = stream.to_string())]
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
    /// The metadata, once encoded, does not decode to the same again; nothing was written.
    #[error(
        "the metadata of event `{name}` for stream {stream:?} does not read back from what it writes, so nothing was written: \
         {source}; entries can be nested 125 levels deep",
        stream = stream.to_string()
    )]
    MetadataNotReadable {
        /// The stream.
        stream: StreamId,
        /// The event's name.
        name: &'static str,
        /// What decoding it says.
        source: PayloadError,
    },
    /// No aggregate that writes to this store has an event of this name and version: whoever reads the stream
    /// would fail.
    #[error(
        "event `{name}` version {version} for stream {stream:?} is not registered in this store; register the catalogue of the \
         aggregate that lists it, or correct the name or the version",
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
    /// The event, once encoded, does not decode again; it was not written.
    #[error(
        "event `{name}` version {version} does not read back from what it writes, so it was not written: {source}"
    )]
    NotReadable {
        /// The wire name.
        name: &'static str,
        /// The version.
        version: u32,
        /// What decoding it says.
        source: DecodeError,
    },
    /// The state of the aggregate cannot take in the event; it was not written, as no later load could fold
    /// it.
    #[error(
        "`apply` of aggregate `{aggregate}` panicked on event `{name}` version {version}, so nothing was written; `apply` must \
         take every event that a command yields, so reject the command instead"
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
    /// A stored stream is not what an append leaves behind.
    #[error("stream {stream:?} is damaged: {}", out_of_order(*.expected, *.found), stream = stream.to_string())]
    Damaged {
        /// The stream.
        stream: StreamId,
        /// The revision that should come next.
        expected: Revision,
        /// The one that came.
        found: Revision,
    },
    /// A stored event is not what an append leaves behind: its row names a type or a stream that is not
    /// there, or holds what no store writes. Where a store cannot tell which event it is, or whether it is
    /// one, the position is the next one after what it could read.
    #[error("the event at position {position} is damaged: {source}")]
    DamagedEvent {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The event on which a checkpoint stands is not in this store, at that position under that id.
    ///
    /// The store was restored from a backup, or a failover lost its last events; since then other events may
    /// have taken the positions. What was read beyond that point was of another history: whoever keeps the
    /// checkpoint has to start over, or from a checkpoint that is older than the backup.
    #[error(
        "the checkpoint stands on event {event_id} at position {position}, where this store has {}; the store was restored to \
         an earlier state, or is another one: start again from the beginning, or from a checkpoint taken before that state",
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
    /// An imported event does not come next.
    #[error(
        "the event at {place} does not follow what is stored, up to position {last}, with its stream at revision {revision}; \
         import events in the order of their positions, none left out, into a store that holds those before"
    )]
    NotNext {
        /// The event.
        place: Box<EventPlace>,
        /// The last position before it.
        last: Position,
        /// The revision that its stream is at.
        revision: Revision,
    },
    /// The store was opened for reading only.
    #[error(
        "this store was opened for reading only, so nothing was written; write to one that is opened for writing, on the primary"
    )]
    ReadOnly,
    /// The store was closed by this program.
    #[error("this store was closed")]
    Closed,
    /// A command id was used before, for another command or another body.
    #[error(
        "command id {command_id} on stream {stream:?} was used before {}; give each command an id of its own",
        .first.as_ref().map_or_else(|| String::from("with another body"), |first| format!("by the command `{first}`")),
        stream = stream.to_string()
    )]
    CommandIdReused {
        /// The stream.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
        /// The name of the command that had it first, if it is another one.
        first: Option<Box<str>>,
    },
    /// A command that was rejected, and whose rejection was remembered, is not rejected any more by the same
    /// state: its code has changed, or it decides by something outside of the state. Nothing was written.
    #[error(
        "command {command_id} on stream {stream:?} was rejected at revision {revision}, which is remembered, but deciding it again \
         on the state of that revision does not reject it; nothing was written: send it under a new command id, and it is decided \
         on the state of today",
        stream = stream.to_string()
    )]
    NotRejectedAgain {
        /// The stream.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
        /// The revision on which it was rejected.
        revision: Revision,
    },
    /// A transaction of this command id was executed before, and executing it again on the states of then
    /// takes another course: its code has changed, it depends on something outside of its arguments and these
    /// states, or the id is that of another one. Nothing was written.
    #[error(
        "transaction {command_id} was executed before, and executing it again on the states of then differs from that at stream \
         {stream:?}; nothing was written: what a transaction does may depend on nothing but its arguments and the states that it \
         reads, and each takes a command id of its own",
        stream = stream.to_string()
    )]
    NotRepeated {
        /// The first stream that differs.
        stream: StreamId,
        /// The command id.
        command_id: Uuid,
    },
    /// The caller's transaction has an isolation level in which a conflict cannot be told.
    #[error("the transaction runs {found}; appending in it needs READ COMMITTED")]
    IsolationLevel {
        /// The level.
        found: String,
    },
    /// A call for the caller's transaction came over a connection on which none is open: its events would be
    /// committed by themselves, whatever becomes of the caller's own rows.
    #[error(
        "the connection has no open transaction, so nothing was done on it; begin a transaction, and commit it with all that \
         belongs together"
    )]
    NoTransaction,
    /// The append was sent, and the store could not find out what became of it: the connection was lost, or a
    /// disk failed in the middle.
    ///
    /// Whether the events are stored is not known. Repeating the command with the same command id is safe.
    #[error("whether the append to stream {stream:?} is stored is not known, repeat the command with the same command id: {source}", stream = stream.to_string())]
    OutcomeUnknown {
        /// The stream.
        stream: StreamId,
        /// What the connection or the disk said.
        source: BoxError,
    },
    /// The store cannot be reached or cannot serve now; no event was written. A call that can be repeated
    /// without harm, such as a registration, may have gone through.
    #[error("the store is not available: {source}")]
    Unavailable {
        /// What the store says.
        source: BoxError,
    },
    /// The store is not set up for this program: no retry helps, somebody has to change something.
    #[error("the store is not usable as it is: {source}")]
    Setup {
        /// What is wrong, and what to do.
        source: BoxError,
    },
    /// Anything else that the store says; nothing was written.
    #[error("the store failed: {source}")]
    Backend {
        /// What the store says.
        source: BoxError,
        /// Whether the same call can succeed later.
        retryable: bool,
    },
}

/// How a revision that came is not the one that should come; at the end of a stream, the one that came is the
/// last one that the stream should have.
fn out_of_order(expected: Revision, found: Revision) -> String {
    match found.cmp(&expected) {
        Ordering::Greater => format!("revision {expected} is missing, before {found}"),
        Ordering::Equal => format!("its last revision, {found}, is missing"),
        Ordering::Less => format!("revision {found} comes where {expected} should be"),
    }
}

impl StoreError {
    /// Whether the same call can succeed later, without any change.
    ///
    /// [`OutcomeUnknown`](Self::OutcomeUnknown) is not: its events may be stored already.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Backend { retryable, .. } => *retryable,
            _ => false,
        }
    }
}

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E: Error + 'static> {
    /// The domain said no.
    #[error(transparent)]
    Rejected(E),
    /// Other writers were faster each time, or the revision that the caller expects is not the stream's.
    #[error("stream {stream:?} is at revision {actual}, not at {expected}", stream = stream.to_string())]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The revision on which the decision rests.
        expected: Revision,
        /// The revision found.
        actual: Revision,
    },
    /// The store said no.
    #[error("{0}")]
    Store(#[from] StoreError),
}

impl<E: Error + 'static> ExecuteError<E> {
    /// Whether the same command can succeed later, without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(_) => false,
            Self::Conflict { .. } => true,
            Self::Store(error) => error.is_retryable(),
        }
    }
}

impl<E: Error + 'static> From<InvalidStreamId> for ExecuteError<E> {
    fn from(error: InvalidStreamId) -> Self {
        Self::Store(error.into())
    }
}

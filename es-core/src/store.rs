//! The store contract: what any place that keeps events must do.
//!
//! [`conformance`](crate::conformance) tests every line of it.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Fingerprint, NewEvent, NewSnapshot, Position, RawEvent, Revision, StoreError, StreamId};

/// Takes the events of a read, one by one, borrowed from the row. An error ends the read and is its result.
pub type Sink<'a> = &'a mut (dyn FnMut(RawEvent<'_>) -> Result<(), StoreError> + Send);

/// Takes what [`EventStore::load`] finds: at most one snapshot, first, then the events after it.
pub type LoadSink<'a> = &'a mut (dyn FnMut(LoadItem<'_>) -> Result<(), StoreError> + Send);

/// A place that keeps events.
///
/// # Contract
///
/// 1. An append is atomic: all events of the call or none. Revisions are contiguous from `expected + 1`.
/// 2. Of concurrent appends with the same expected revision exactly one wins; the others get
///    [`AppendOutcome::Conflict`].
/// 3. [`append_all`](Self::append_all) is atomic across its streams.
/// 4. An event that was acknowledged is durable, and visible to every later read.
/// 5. Reading a stream gives revisions in order without holes, in bounded memory.
/// 6. Positions increase in the order of an append's events.
/// 7. No event is ever updated or deleted. A closed stream takes no more events.
/// 8. Bad input is a typed error before anything is written.
///
/// # Implementing
///
/// Call [`Append::check`] on each append first, and run [`conformance`](crate::conformance) in the store's tests.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends the events of one command to one stream.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for bad input, a closed stream, a reused command id, and a store that fails. A conflict is no
    /// error but an [`AppendOutcome`].
    async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// Appends to several streams, to all or to none. The outcomes stand in the order of `appends`.
    ///
    /// Unless every outcome is [`AppendOutcome::Appended`], nothing was written; the outcomes that are not a conflict
    /// or a repetition are then [`AppendOutcome::NotWritten`].
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append); also [`StoreError::DuplicateStream`].
    async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError>;

    /// Reads a snapshot and the events after it, or all events, and looks up the outcome of a command: one round trip.
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

    /// Lists the streams of a category in the byte order of their keys, after `after`, at most `limit` of them.
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

    /// Keeps a snapshot, unless a newer one of the same fingerprint is there. Of a stream that is not there, or not
    /// as far, nothing is kept.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the store.
    async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError>;
}

/// Appends within a transaction that the caller has begun and will commit: events and the caller's own rows are
/// written together or not at all.
///
/// One implementation a store, for the connection type of its transactions.
#[async_trait]
pub trait AppendIn<Tx: ?Sized>: EventStore {
    /// As [`EventStore::append`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::append`]; also [`StoreError::IsolationLevel`].
    async fn append_in(&self, tx: &mut Tx, append: Append<'_>) -> Result<AppendOutcome, StoreError>;

    /// As [`EventStore::load`], in the caller's transaction.
    ///
    /// # Errors
    ///
    /// As [`EventStore::load`].
    async fn load_in(
        &self,
        tx: &mut Tx,
        load: Load<'_>,
        sink: LoadSink<'_>,
    ) -> Result<StreamHead, StoreError>;
}

/// Events for one stream, and what must be true of the stream for them to be written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Append<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The revision that the stream must be at; [`Revision::EMPTY`] for a new one.
    pub expected: Revision,
    /// The id of the stream's last event, if the caller knows it: tells a stream that was restored from a backup and
    /// grew again from the one that the caller has seen.
    pub head: Option<Uuid>,
    /// The events, in order.
    pub events: &'a [NewEvent],
    /// The command, if its outcome is to be remembered.
    pub command: Option<CommandRecord<'a>>,
}

impl<'a> Append<'a> {
    /// Events for a stream at a revision.
    #[must_use]
    pub const fn new(stream: &'a StreamId, expected: Revision, events: &'a [NewEvent]) -> Self {
        Self {
            stream,
            expected,
            head: None,
            events,
            command: None,
        }
    }

    /// Also asks for the id of the stream's last event.
    #[must_use]
    pub const fn head(mut self, event_id: Option<Uuid>) -> Self {
        self.head = event_id;
        self
    }

    /// Remembers the outcome under a command id.
    #[must_use]
    pub const fn command(mut self, command: Option<CommandRecord<'a>>) -> Self {
        self.command = command;
        self
    }

    /// The revision of the stream after this append.
    #[must_use]
    pub const fn last_revision(&self) -> Revision {
        self.expected.plus(self.events.len() as u64)
    }

    /// Refuses what no store may write: no events, too much, NUL characters.
    ///
    /// # Errors
    ///
    /// [`StoreError`] that names the stream and the event.
    pub fn check(&self, limits: Limits) -> Result<(), StoreError> {
        let stream = || self.stream.clone();
        if self.events.is_empty() {
            return Err(StoreError::EmptyAppend { stream: stream() });
        }
        for event in self.events {
            let metadata = event.metadata.to_json();
            let parts = [("payload", Some(&event.payload)), ("metadata", metadata.as_ref())];
            for (part, json) in parts {
                let Some(json) = json else { continue };
                let name = event.name;
                if json.len() > limits.payload_bytes {
                    let (bytes, limit) = (json.len(), limits.payload_bytes);
                    return Err(StoreError::TooLarge {
                        stream: stream(),
                        name,
                        part,
                        bytes,
                        limit,
                    });
                }
                if holds_nul(json) {
                    return Err(StoreError::NulCharacter {
                        stream: stream(),
                        name,
                        part,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whether JSON text has the escape of a NUL character in one of its strings.
fn holds_nul(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(next) = json[at..].iter().position(|&byte| byte == b'\\') {
        let escape = at + next;
        if json[escape + 1..].starts_with(b"u0000") {
            return true;
        }
        // The character after a backslash belongs to its escape: `\\u0000` is a backslash and five letters.
        at = (escape + 2).min(json.len());
    }
    false
}

/// How much a store takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest payload, and the longest metadata, in bytes of JSON. 1 MiB unless said otherwise.
    pub payload_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_bytes: 1 << 20,
        }
    }
}

/// What an append did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a conflict is no error: nothing was written"]
pub enum AppendOutcome {
    /// The events are stored.
    Appended(Appended),
    /// The stream is at another revision, or its last event is another one; nothing was written.
    Conflict {
        /// The revision that the stream is at.
        actual: Revision,
    },
    /// A command of this id was carried out before; nothing was written.
    Repeated(CommandOutcome),
    /// Only in [`EventStore::append_all`]: another stream stood in the way; nothing was written.
    NotWritten,
}

/// Where and when the events of an append were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The position of each event, in order.
    pub positions: Vec<Position>,
    /// The store's clock at the append.
    pub recorded_at: OffsetDateTime,
}

/// What one caller calls one command: repeating it gives the first outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandKey {
    /// Unique for the stream.
    pub id: Uuid,
    /// A hash of the body, where another body under the same id is to be an error.
    pub body_hash: Option<i64>,
}

impl From<Uuid> for CommandKey {
    fn from(id: Uuid) -> Self {
        Self { id, body_hash: None }
    }
}

/// A command whose outcome is to be remembered in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandRecord<'a> {
    /// What the caller calls it.
    pub key: CommandKey,
    /// The command's name, for people who read the ledger.
    pub name: &'a str,
}

/// What a command did when it was carried out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandOutcome {
    /// The revision of its first event.
    pub first: Revision,
    /// How many events it stored.
    pub count: u64,
    /// The hash of its body, if its caller gave one.
    pub body_hash: Option<i64>,
}

impl CommandOutcome {
    /// Refuses the outcome if both bodies are known and differ.
    ///
    /// # Errors
    ///
    /// [`StoreError::CommandIdReused`].
    pub fn check(&self, stream: &StreamId, key: CommandKey) -> Result<(), StoreError> {
        match (self.body_hash, key.body_hash) {
            (Some(first), Some(now)) if first != now => Err(StoreError::CommandIdReused {
                stream: stream.clone(),
                command_id: key.id,
            }),
            _ => Ok(()),
        }
    }
}

/// What [`EventStore::load`] is to find.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Load<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// Only events after this revision, and only a snapshot that is beyond it.
    pub after: Revision,
    /// Only events up to this revision, that one included, and no snapshot that is beyond it.
    pub up_to: Revision,
    /// Which snapshot will do; `None` for no snapshot.
    pub snapshot: Option<Fingerprint>,
    /// A command whose outcome is wanted.
    pub command_id: Option<Uuid>,
}

impl<'a> Load<'a> {
    /// All events of a stream.
    #[must_use]
    pub const fn all(stream: &'a StreamId) -> Self {
        Self {
            stream,
            after: Revision::EMPTY,
            up_to: Revision::MAX,
            snapshot: None,
            command_id: None,
        }
    }

    /// Starts from a snapshot, if there is one.
    #[must_use]
    pub const fn snapshot(mut self, fingerprint: Option<Fingerprint>) -> Self {
        self.snapshot = fingerprint;
        self
    }

    /// Only what comes after a revision.
    #[must_use]
    pub const fn after(mut self, revision: Revision) -> Self {
        self.after = revision;
        self
    }

    /// Only what comes up to a revision.
    #[must_use]
    pub const fn up_to(mut self, revision: Revision) -> Self {
        self.up_to = revision;
        self
    }

    /// Also looks up a command.
    #[must_use]
    pub const fn command_id(mut self, id: Option<Uuid>) -> Self {
        self.command_id = id;
        self
    }
}

/// What [`EventStore::load`] hands out.
#[derive(Debug, Clone, Copy)]
pub enum LoadItem<'a> {
    /// The newest snapshot of the fingerprint asked for.
    Snapshot {
        /// How far it was folded.
        revision: Revision,
        /// The state, as JSON.
        state: &'a [u8],
    },
    /// The next event.
    Event(RawEvent<'a>),
}

/// Where a stream stands, as of the read that says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamHead {
    /// The revision of the last event; [`Revision::EMPTY`] for a stream that is not there.
    pub revision: Revision,
    /// The id of the last event.
    pub event_id: Option<Uuid>,
    /// Whether the stream is closed.
    pub closed: bool,
    /// The outcome of the command asked for, if it was carried out before.
    pub command: Option<CommandOutcome>,
}

impl StreamHead {
    /// A stream at a revision.
    #[must_use]
    pub const fn new(revision: Revision, event_id: Option<Uuid>) -> Self {
        Self {
            revision,
            event_id,
            closed: false,
            command: None,
        }
    }

    /// Says whether the stream is closed.
    #[must_use]
    pub const fn closed(mut self, closed: bool) -> Self {
        self.closed = closed;
        self
    }

    /// Adds the outcome of a command.
    #[must_use]
    pub const fn command(mut self, outcome: Option<CommandOutcome>) -> Self {
        self.command = outcome;
        self
    }
}

/// A part of a stream, and the direction in which it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamRange {
    /// The lowest revision, included.
    pub from: Revision,
    /// The highest revision, included.
    pub to: Revision,
    /// From the highest down.
    pub backward: bool,
}

impl StreamRange {
    /// The whole stream.
    pub const ALL: Self = Self {
        from: Revision::new(1),
        to: Revision::MAX,
        backward: false,
    };

    /// From a revision on, that one included.
    #[must_use]
    pub const fn from(revision: Revision) -> Self {
        Self {
            from: revision,
            ..Self::ALL
        }
    }

    /// Up to a revision, that one included.
    #[must_use]
    pub const fn to(mut self, revision: Revision) -> Self {
        self.to = revision;
        self
    }

    /// From the highest revision down.
    #[must_use]
    pub const fn backward(mut self) -> Self {
        self.backward = true;
        self
    }
}

/// One stream of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamSummary {
    /// The stream.
    pub stream: StreamId,
    /// Where it stands.
    pub revision: Revision,
    /// Whether it is closed.
    pub closed: bool,
}

impl StreamSummary {
    /// A stream at a revision.
    #[must_use]
    pub const fn new(stream: StreamId, revision: Revision, closed: bool) -> Self {
        Self {
            stream,
            revision,
            closed,
        }
    }
}

macro_rules! forward_to_inner {
    ($($outer:ty),*) => {$(
        #[async_trait]
        impl<S: EventStore + ?Sized> EventStore for $outer {
            async fn append(&self, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
                (**self).append(append).await
            }
            async fn append_all(&self, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
                (**self).append_all(appends).await
            }
            async fn load(&self, load: Load<'_>, sink: LoadSink<'_>) -> Result<StreamHead, StoreError> {
                (**self).load(load, sink).await
            }
            async fn read_stream(
                &self,
                stream: &StreamId,
                range: StreamRange,
                sink: Sink<'_>,
            ) -> Result<(), StoreError> {
                (**self).read_stream(stream, range, sink).await
            }
            async fn list_streams(
                &self,
                category: &str,
                after: Option<&str>,
                limit: usize,
            ) -> Result<Vec<StreamSummary>, StoreError> {
                (**self).list_streams(category, after, limit).await
            }
            async fn close_stream(&self, stream: &StreamId, expected: Revision) -> Result<bool, StoreError> {
                (**self).close_stream(stream, expected).await
            }
            async fn save_snapshot(&self, snapshot: NewSnapshot) -> Result<(), StoreError> {
                (**self).save_snapshot(snapshot).await
            }
        }
    )*};
}

forward_to_inner!(Arc<S>, Box<S>, &S);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_escape_of_a_nul_character_is_one() {
        assert!(holds_nul(br#"{"a":"\u0000"}"#));
        assert!(holds_nul(br#"{"a":"\\\u0000"}"#));
        assert!(!holds_nul(br#"{"a":"\\u0000"}"#));
        assert!(!holds_nul(br#"{"a":"\u0001"}"#));
        assert!(!holds_nul(br#"{"a":"x\"#));
    }
}

//! The input of an append, its checks, and its outcome.

use std::pin::Pin;
use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommandOutcome, CommandRecord, json};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, stored_time};
use crate::stream::{Position, Revision, StreamId};

/// Events to append to one stream, and the expected state of the stream (optimistic concurrency).
///
/// In [`append_all`](super::EventStore::append_all) there may be no events: the append is then a
/// [condition](Self::condition) of the others.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Append<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// The expected revision of the stream; [`Revision::EMPTY`] for a new one.
    pub expected: Revision,
    /// The id of the stream's last event, if the caller knows it: distinguishes a stream that was restored
    /// from a backup and grew again from the one that the caller has read.
    pub last_event_id: Option<Uuid>,
    /// The events, in order.
    pub events: &'a [NewEvent],
    /// The command, if its outcome is to be remembered.
    pub command: Option<CommandRecord<'a>>,
}

/// The metadata of the previous event, and its size in bytes of JSON: the events of one command share it, so
/// it is serialized once to be counted.
#[derive(Default)]
pub(crate) struct LastMetadata<'a>(Option<(&'a Arc<Metadata>, usize)>);

impl<'a> LastMetadata<'a> {
    pub(crate) fn bytes<E>(
        &mut self,
        metadata: &'a Arc<Metadata>,
        count: impl FnOnce() -> Result<usize, E>,
    ) -> Result<usize, E> {
        let seen = self.0.filter(|(seen, _)| Arc::ptr_eq(seen, metadata));
        let bytes = seen.map_or_else(count, |(_, bytes)| Ok(bytes))?;
        self.0 = Some((metadata, bytes));
        Ok(bytes)
    }
}

impl<'a> Append<'a> {
    /// Events for a stream at a revision.
    #[must_use]
    pub const fn new(stream: &'a StreamId, expected: Revision, events: &'a [NewEvent]) -> Self {
        Self { stream, expected, last_event_id: None, events, command: None }
    }

    /// A condition for [`append_all`](super::EventStore::append_all): the stream must be at this revision,
    /// and nothing is written to it. A closed stream can meet it as well.
    ///
    /// With a [command](Self::command), the store also remembers that the command wrote no event to this
    /// stream, as [`remember`](super::EventStore::remember) does.
    ///
    /// ```
    /// use es_core::record::NewEvent;
    /// use es_core::store::{Append, AppendOutcome};
    /// use es_core::{EventStore, MemoryStore, Metadata, Revision, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let store = MemoryStore::new();
    /// let (door, house) = (StreamId::new("door", "7")?, StreamId::new("house", "1")?);
    /// let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
    /// let _appended = store.append(Append::new(&door, Revision::EMPTY, &opened)).await?;
    /// let outcomes = store
    ///     .append_all(&[
    ///         Append::new(&door, Revision::new(1), &opened),
    ///         Append::condition(&house, Revision::new(3)),
    ///     ])
    ///     .await?;
    /// let conflict = AppendOutcome::Conflict { actual: Revision::EMPTY };
    /// assert_eq!(outcomes, [AppendOutcome::NotWritten, conflict]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn condition(stream: &'a StreamId, expected: Revision) -> Self {
        Self::new(stream, expected, &[])
    }

    /// Whether it only checks the stream's revision.
    #[must_use]
    pub const fn is_condition(&self) -> bool {
        self.events.is_empty()
    }

    /// Also requires this to be the id of the stream's last event.
    #[must_use]
    pub const fn last_event_id(mut self, event_id: Option<Uuid>) -> Self {
        self.last_event_id = event_id;
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

    /// Rejects an event whose name and version are not registered. For stores, in
    /// [`EventStore::append_all`](super::EventStore::append_all).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotRegistered`], for the first such event.
    pub fn check_registered(
        &self,
        is_registered: impl Fn(&'static str, u32) -> bool,
    ) -> Result<(), StoreError> {
        match self.events.iter().find(|event| !is_registered(event.name, event.version)) {
            Some(NewEvent { name, version, .. }) => {
                Err(StoreError::NotRegistered { stream: self.stream.clone(), name, version: *version })
            }
            None => Ok(()),
        }
    }

    /// Rejects what no store may write: no events, too much data, names and versions that not every store can
    /// hold, invalid JSON, NUL characters, times out of range, metadata that cannot be read back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] that names the stream and the event.
    pub fn check(&self, limits: Limits) -> Result<(), StoreError> {
        self.checked_bytes(limits).map(drop)
    }

    /// The same; returns the total size of the payloads and the metadata of its events, in bytes of JSON.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn checked_bytes(&self, limits: Limits) -> Result<usize, StoreError> {
        let mut bytes = 0;
        if self.is_condition() {
            return Err(StoreError::EmptyAppend { stream: self.stream.clone() });
        }
        self.check_after(&mut bytes, limits)?;
        Ok(bytes)
    }

    /// The same check for several, which together must not exceed [`Limits::append_bytes`]. Those without
    /// events are conditions.
    ///
    /// # Errors
    ///
    /// [`StoreError`] that names the stream and the event.
    pub fn check_all(appends: &[Self], limits: Limits) -> Result<(), StoreError> {
        Self::checked_bytes_of_all(appends, limits).map(drop)
    }

    /// The same; returns the total size, as [`checked_bytes`](Self::checked_bytes) does.
    ///
    /// ```
    /// use es_core::record::NewEvent;
    /// use es_core::store::{Append, Limits};
    /// use es_core::{Metadata, Revision, StreamId};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (door, house) = (StreamId::new("door", "7")?, StreamId::new("house", "1")?);
    /// let opened = [NewEvent::new("door.opened", 1, b"{}".to_vec(), Metadata::new().into())];
    /// let appends = [
    ///     Append::new(&door, Revision::EMPTY, &opened),
    ///     Append::condition(&house, Revision::new(3)),
    /// ];
    /// assert_eq!(Append::checked_bytes_of_all(&appends, Limits::default())?, 2);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`check_all`](Self::check_all).
    pub fn checked_bytes_of_all(appends: &[Self], limits: Limits) -> Result<usize, StoreError> {
        let mut bytes = 0;
        appends.iter().try_for_each(|append| append.check_after(&mut bytes, limits))?;
        Ok(bytes)
    }

    /// Adds to the bytes of the previous appends.
    fn check_after(&self, bytes: &mut usize, limits: Limits) -> Result<(), StoreError> {
        let stream = || self.stream.clone();
        if let Some(command) = self.command {
            command.check(self.stream)?;
        }
        let mut last = LastMetadata::default();
        for event in self.events {
            let (name, version, limit) = (event.name, event.version, limits.payload_bytes);
            if name.is_empty() || name.contains('\0') || i32::try_from(version).map_or(true, |of| of < 1) {
                return Err(StoreError::InvalidEventType { stream: stream(), name, version });
            }
            let too_large = |part, bytes| StoreError::TooLarge { stream: stream(), name, part, bytes, limit };
            if event.payload.len() > limit {
                return Err(too_large("payload", event.payload.len()));
            }
            let metadata_bytes = last.bytes(&event.metadata, || self.check_metadata(event, limit))?;
            *bytes = bytes.saturating_add(event.payload.len()).saturating_add(metadata_bytes);
            if *bytes > limits.append_bytes {
                let (bytes, limit) = (*bytes, limits.append_bytes);
                return Err(StoreError::AppendTooLarge { stream: stream(), bytes, limit });
            }
            if json::holds_nul(&event.payload) {
                return Err(StoreError::NulCharacter { stream: stream(), name, part: "payload" });
            }
            json::check(&event.payload).map_err(|source| StoreError::NotJson {
                stream: stream(),
                name,
                source,
            })?;
        }
        Ok(())
    }

    /// The size of the metadata in bytes of JSON.
    fn check_metadata(&self, event: &NewEvent, limit: usize) -> Result<usize, StoreError> {
        let (name, metadata) = (event.name, &event.metadata);
        let stream = || self.stream.clone();
        if metadata.occurred_at.is_some_and(|time| stored_time(time).is_none()) {
            return Err(StoreError::TimeOutOfRange { stream: stream() });
        }
        let json = metadata.json_within(limit).map_err(|bytes| StoreError::TooLarge {
            stream: stream(),
            name,
            part: "metadata",
            bytes,
            limit,
        })?;
        let Some(json) = json else { return Ok(0) };
        if json::holds_nul(&json) {
            return Err(StoreError::NulCharacter { stream: stream(), name, part: "metadata" });
        }
        metadata.check_reads_back(&json).map_err(|source| StoreError::MetadataNotReadable {
            stream: stream(),
            name,
            source,
        })?;
        Ok(json.len())
    }
}

/// The limits of a store.
///
/// ```
/// use es_core::store::Limits;
///
/// let small = Limits::default().payload_bytes(64 << 10);
/// assert_eq!(small.snapshot_bytes, Limits::default().snapshot_bytes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest payload, and the longest metadata, in bytes of JSON. Defaults to 1 MiB.
    pub payload_bytes: usize,
    /// The longest snapshot, in bytes of JSON; a [`Repository`](crate::Repository) takes none of a larger
    /// state. Defaults to 64 MiB.
    pub snapshot_bytes: usize,
    /// The most that one call may append, payloads and metadata of all its events together, in bytes of JSON.
    /// Defaults to 64 MiB.
    pub append_bytes: usize,
}

impl Limits {
    /// No limits.
    pub const NONE: Self =
        Self { payload_bytes: usize::MAX, snapshot_bytes: usize::MAX, append_bytes: usize::MAX };

    /// With another limit of payloads, and of metadata.
    #[must_use]
    pub const fn payload_bytes(mut self, bytes: usize) -> Self {
        self.payload_bytes = bytes;
        self
    }

    /// With another limit of snapshots.
    #[must_use]
    pub const fn snapshot_bytes(mut self, bytes: usize) -> Self {
        self.snapshot_bytes = bytes;
        self
    }

    /// With another limit of what one call appends.
    #[must_use]
    pub const fn append_bytes(mut self, bytes: usize) -> Self {
        self.append_bytes = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { payload_bytes: 1 << 20, snapshot_bytes: 64 << 20, append_bytes: 64 << 20 }
    }
}

/// The outcome of an append that was [submitted](super::EventStore::submit). Dropping it does not cancel the
/// append.
pub type Submitted = Pin<Box<dyn Future<Output = Result<AppendOutcome, StoreError>> + Send>>;

/// The outcome of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a conflict is not an error: nothing was written"]
pub enum AppendOutcome {
    /// The events are stored.
    Appended(Appended),
    /// The stream is at another revision, or its last event is another one; nothing was written.
    Conflict {
        /// The revision that the stream is at.
        actual: Revision,
    },
    /// A command of this id was executed before; nothing was written.
    Repeated(CommandOutcome),
    /// Only in [`EventStore::append_all`](super::EventStore::append_all): another stream prevented the
    /// append; nothing was written.
    NotWritten,
}

/// Where and when the events of an append were stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The position of each event, in order.
    pub positions: Vec<Position>,
    /// The store's clock at the append.
    pub recorded_at: OffsetDateTime,
}

impl Appended {
    /// The position of each event, in order, and the store's clock at the append.
    #[must_use]
    pub const fn new(positions: Vec<Position>, recorded_at: OffsetDateTime) -> Self {
        Self { positions, recorded_at }
    }
}

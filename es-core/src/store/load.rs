//! What can be read of a stream, and what a read returns about it.

use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use uuid::Uuid;

use super::CommandOutcome;
use crate::record::RawEvent;
use crate::shape::Fingerprint;
use crate::stream::{Revision, StreamId};

/// The query of [`EventStore::load`](super::EventStore::load).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Load<'a> {
    /// The stream.
    pub stream: &'a StreamId,
    /// Only events after this revision, and only a snapshot after it.
    pub after: Revision,
    /// Only events up to this revision, inclusive, and no snapshot after it.
    pub up_to: Revision,
    /// Which snapshot is acceptable; `None` for no snapshot.
    pub snapshot: Option<Fingerprint>,
    /// A command whose outcome to look up.
    pub command_id: Option<Uuid>,
}

impl<'a> Load<'a> {
    /// All events of a stream.
    #[must_use]
    pub const fn all(stream: &'a StreamId) -> Self {
        Self { stream, after: Revision::EMPTY, up_to: Revision::MAX, snapshot: None, command_id: None }
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

/// What [`EventStore::load`](super::EventStore::load) passes to its sink.
#[derive(Debug, Clone, Copy)]
pub enum LoadItem<'a> {
    /// The newest snapshot of the requested fingerprint.
    #[non_exhaustive]
    Snapshot {
        /// The revision up to which it was folded.
        revision: Revision,
        /// The state, as JSON.
        state: &'a [u8],
    },
    /// The next event.
    Event(RawEvent<'a>),
}

impl<'a> LoadItem<'a> {
    /// A snapshot, as JSON, of the state at a revision.
    #[must_use]
    pub const fn snapshot(revision: Revision, state: &'a [u8]) -> Self {
        Self::Snapshot { revision, state }
    }
}

/// The state of a stream, as of the read that returned it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamHead {
    /// The revision of the last event; [`Revision::EMPTY`] for a stream that does not exist.
    pub revision: Revision,
    /// The id of the last event.
    pub event_id: Option<Uuid>,
    /// Whether the stream is closed.
    pub closed: bool,
    /// The outcome of the requested command, if it was executed before.
    pub command: Option<CommandOutcome>,
}

impl StreamHead {
    /// A stream at a revision.
    #[must_use]
    pub const fn new(revision: Revision, event_id: Option<Uuid>) -> Self {
        Self { revision, event_id, closed: false, command: None }
    }

    /// Sets whether the stream is closed.
    #[must_use]
    pub fn closed(mut self, closed: bool) -> Self {
        self.closed = closed;
        self
    }

    /// Adds the outcome of a command.
    #[must_use]
    pub fn command(mut self, outcome: Option<CommandOutcome>) -> Self {
        self.command = outcome;
        self
    }
}

/// A range of a stream, and the direction in which it is read.
///
/// Ranges of revisions, or of their numbers, convert into it:
///
/// ```
/// use es_core::store::StreamRange;
///
/// assert_eq!(StreamRange::ALL, (..).into());
/// assert_eq!(StreamRange::from(3.into()), (3..).into());
/// assert_eq!(StreamRange::from(3.into()).to(5.into()), (3..=5).into());
/// assert_eq!(StreamRange::from(3.into()).to(5.into()), (3..6).into());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamRange {
    /// The lowest revision, inclusive.
    pub from: Revision,
    /// The highest revision, inclusive.
    pub to: Revision,
    /// From the highest down.
    pub backward: bool,
}

impl StreamRange {
    /// The whole stream.
    pub const ALL: Self = Self { from: Revision::new(1), to: Revision::MAX, backward: false };

    /// From a revision on, inclusive.
    #[must_use]
    pub const fn from(revision: Revision) -> Self {
        Self { from: revision, ..Self::ALL }
    }

    /// Up to a revision, inclusive.
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

impl From<RangeFull> for StreamRange {
    fn from(_: RangeFull) -> Self {
        Self::ALL
    }
}

impl<R: Into<Revision>> From<RangeFrom<R>> for StreamRange {
    fn from(range: RangeFrom<R>) -> Self {
        Self::from(range.start.into())
    }
}

impl<R: Into<Revision>> From<RangeToInclusive<R>> for StreamRange {
    fn from(range: RangeToInclusive<R>) -> Self {
        Self::ALL.to(range.end.into())
    }
}

impl<R: Into<Revision>> From<RangeTo<R>> for StreamRange {
    fn from(range: RangeTo<R>) -> Self {
        Self::ALL.to(before(range.end.into()))
    }
}

impl<R: Into<Revision>> From<RangeInclusive<R>> for StreamRange {
    fn from(range: RangeInclusive<R>) -> Self {
        let (start, end) = range.into_inner();
        Self::from(start.into()).to(end.into())
    }
}

impl<R: Into<Revision>> From<Range<R>> for StreamRange {
    fn from(range: Range<R>) -> Self {
        Self::from(range.start.into()).to(before(range.end.into()))
    }
}

/// The last revision of a range that ends before this one.
const fn before(end: Revision) -> Revision {
    Revision::new(end.get().saturating_sub(1))
}

/// One stream of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamSummary {
    /// The stream.
    pub stream: StreamId,
    /// The revision of its last event.
    pub revision: Revision,
    /// Whether it is closed.
    pub closed: bool,
}

impl StreamSummary {
    /// A stream at a revision.
    #[must_use]
    pub const fn new(stream: StreamId, revision: Revision) -> Self {
        Self { stream, revision, closed: false }
    }

    /// Sets whether the stream is closed.
    #[must_use]
    pub const fn closed(mut self, closed: bool) -> Self {
        self.closed = closed;
        self
    }
}

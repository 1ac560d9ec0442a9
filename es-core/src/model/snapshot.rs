//! Snapshots: a stored state of a stream, valid only for the fingerprint with which it was taken.

use uuid::Uuid;

use crate::codec::Payload;
use crate::record::PayloadError;
use crate::shape::{Describe, Fingerprint, Schema};
use crate::stream::{Revision, StreamId};

/// How snapshots of an aggregate are taken: what `snapshot(every = N, build = R)` generates.
#[derive(Debug, Clone, Copy)]
pub struct Snapshots<A> {
    /// Take a snapshot every N events.
    pub every: u64,
    /// Covers the state's shape, the events with their versions and earlier names, the retired ones, and
    /// `build`.
    pub fingerprint: Fingerprint,
    pub(crate) encode: fn(&A, &mut Payload) -> Result<(), PayloadError>,
    pub(crate) decode: fn(&[u8]) -> Result<A, PayloadError>,
    pub(crate) describe: Describe,
}

impl<A> Snapshots<A> {
    /// The shape of the state.
    #[must_use]
    pub fn state(&self) -> Schema {
        Schema::described_in_current_form(self.describe)
    }

    /// Writes the state, as it is stored, to `out`.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] when the state cannot be written as JSON, or exceeds the limit of `out`.
    pub fn encode(&self, state: &A, out: &mut Payload) -> Result<(), PayloadError> {
        (self.encode)(state, out)
    }

    /// Decodes a stored state.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] when it does not decode; the snapshot is then treated as absent.
    pub fn decode(&self, json: &[u8]) -> Result<A, PayloadError> {
        (self.decode)(json)
    }
}

/// A snapshot to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSnapshot {
    /// The stream that was folded.
    pub stream: StreamId,
    /// The revision up to which it was folded.
    pub revision: Revision,
    /// The id of the event at that revision, if the caller knows it. If the stream holds another event there,
    /// or none, it was restored to an earlier state, and the snapshot is not kept.
    pub event_id: Option<Uuid>,
    /// The fingerprint for which the state is valid.
    pub fingerprint: Fingerprint,
    /// The state, as JSON.
    pub state: Vec<u8>,
}

impl NewSnapshot {
    /// A snapshot of `stream` at `revision`.
    #[must_use]
    pub const fn new(stream: StreamId, revision: Revision, fingerprint: Fingerprint, state: Vec<u8>) -> Self {
        Self { stream, revision, event_id: None, fingerprint, state }
    }

    /// Keeps it only if the stream holds this event at the revision.
    #[must_use]
    pub const fn event_id(mut self, event_id: Option<Uuid>) -> Self {
        self.event_id = event_id;
        self
    }
}

//! Snapshots: a stored fold of a stream, valid only for the fingerprint of the state that it holds.

use uuid::Uuid;

use crate::codec::Payload;
use crate::record::PayloadError;
use crate::shape::{Describe, Fingerprint, Schema};
use crate::stream::{Revision, StreamId};

/// How snapshots of an aggregate are taken: what `snapshot(every = N, build = R)` generates.
#[derive(Debug, Clone, Copy)]
pub struct Snapshots<A> {
    /// Take one when that many events were folded since the last.
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
        Schema::described_today(self.describe)
    }

    /// Writes the state, as it is stored, to `out`.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] when the state cannot be written as JSON, or goes beyond the limit of `out`.
    pub fn encode(&self, state: &A, out: &mut Payload) -> Result<(), PayloadError> {
        (self.encode)(state, out)
    }

    /// The state that was stored.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] when it does not decode; it is then treated as absent.
    pub fn decode(&self, json: &[u8]) -> Result<A, PayloadError> {
        (self.decode)(json)
    }
}

/// A snapshot on its way into a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSnapshot {
    /// The stream that was folded.
    pub stream: StreamId,
    /// How far it was folded.
    pub revision: Revision,
    /// The id of the event at that revision, if the caller knows it. A stream that holds another one there,
    /// or none, was set back to an earlier state, and the snapshot is not kept.
    pub event_id: Option<Uuid>,
    /// What the state is valid for.
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

    /// Keeps it only where the stream holds this event at the revision.
    #[must_use]
    pub const fn event_id(mut self, event_id: Option<Uuid>) -> Self {
        self.event_id = event_id;
        self
    }
}

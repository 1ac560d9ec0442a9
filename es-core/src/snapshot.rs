//! Snapshots: a stored fold of a stream, valid only for the fingerprint of the state that it holds.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalogue::AggregateDescription;
use crate::shape::{Describe, Schema};
use crate::{Aggregate, Payload, PayloadError, Revision, StreamId, Uuid};

/// A hash that tells one shape from another: of an event, or of a state and the way to fold it.
///
/// Computed with FNV-1a (64 bit), which is stable across
/// programs and compilers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of nothing.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// Takes in one more part. `a` then `b` differs from `ab`.
    #[must_use]
    pub const fn with(self, part: &str) -> Self {
        let bytes = part.as_bytes();
        let mut hash = self.0;
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        // 0xff is no byte of UTF-8, so it ends a part unmistakably.
        Self((hash ^ 0xff).wrapping_mul(0x0100_0000_01b3))
    }

    /// Takes in all that is folded: each event, the names that it had before, and what stands for other
    /// events today.
    fn with_events(mut self, aggregate: &AggregateDescription) -> Self {
        for (at, event) in aggregate.all().enumerate() {
            if at == aggregate.events.len() {
                self = self.with("retired");
            }
            self = self.with(event.name).with(&event.version.to_string());
            self = event.was.iter().fold(self, |fingerprint, was| fingerprint.with("was").with(was));
        }
        self
    }

    /// A hash that was stored as a signed number.
    #[must_use]
    pub const fn from_i64(hash: i64) -> Self {
        Self(hash.cast_unsigned())
    }

    /// The hash, as a signed number, which is what databases have.
    #[must_use]
    pub const fn to_i64(self) -> i64 {
        self.0.cast_signed()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// How snapshots of an aggregate are taken: what `snapshot(every = N, rev = R)` generates.
#[derive(Debug, Clone, Copy)]
pub struct Snapshots<A> {
    /// Take one when that many events were folded since the last.
    pub every: u64,
    /// Covers the state's shape, the events with their versions and earlier names, the retired ones, and
    /// `rev`.
    pub fingerprint: Fingerprint,
    encode: fn(&A, &mut Payload) -> Result<(), PayloadError>,
    decode: fn(&[u8]) -> Result<A, PayloadError>,
    describe: Describe,
}

impl<A: Aggregate + Serialize + DeserializeOwned> Snapshots<A> {
    /// Snapshots as JSON, of a state that `describe` describes.
    #[must_use]
    pub fn json(every: u64, rev: u64, describe: Describe) -> Self {
        Self {
            every,
            fingerprint: fingerprint_once(TypeId::of::<A>(), A::NAME, rev, describe, A::description()),
            describe,
            encode: |state, out| {
                crate::codec::write_json(state, out).map_err(|error| PayloadError::from(&error))
            },
            decode: |json| crate::codec::read_json(json).map_err(|error| PayloadError::from(&error)),
        }
    }
}

/// Describing a state takes time, so it is done once in a process. By type, as a static in a generic function
/// is shared by all its types.
///
/// Not generic, as it would be compiled for every aggregate of every user.
fn fingerprint_once(
    of: TypeId,
    name: &str,
    rev: u64,
    describe: Describe,
    events: &AggregateDescription,
) -> Fingerprint {
    static KNOWN: RwLock<Option<HashMap<TypeId, Fingerprint>>> = RwLock::new(None);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(fingerprint) = known.as_ref().and_then(|known| known.get(&of)) {
        return *fingerprint;
    }
    drop(known);
    // Described without the lock, as the user's own `Shape` is called; what two threads find is the same.
    let fingerprint = Fingerprint::EMPTY
        .with(name)
        .with(&format!("rev {rev}"))
        .with(&Schema::described_today(describe).text())
        .with_events(events);
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(of, fingerprint);
    fingerprint
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_keeps_parts_apart_and_never_changes() {
        let of = |parts: &[&str]| parts.iter().fold(Fingerprint::EMPTY, |hash, part| hash.with(part));
        assert_ne!(of(&["ab"]), of(&["a", "b"]));
        assert_ne!(of(&["a", "b"]), of(&["b", "a"]));
        assert_ne!(of(&[]), of(&[""]));
        // Stored in databases: a change of this value orphans every snapshot.
        assert_eq!(of(&["account", "cents: i64"]).to_string(), "a6d690e29e356ec4");
    }
}

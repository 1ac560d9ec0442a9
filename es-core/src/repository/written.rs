//! What a decision writes: encoded, read back and folded before the append, read with its places and times
//! after it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::codec::Payload;
use crate::error::StoreError;
use crate::model::{Aggregate, Events, asks_where_stored, guarded};
use crate::record::{Metadata, NewEvent, Recorded, stored_now};
use crate::store::{Appended, Limits};
use crate::stream::{Position, Revision, StreamId};

/// The outcome of a command.
#[non_exhaustive]
pub struct Executed<A: Aggregate> {
    /// The events, as every later read returns them, in order; empty if there was nothing to do.
    pub events: Vec<Recorded<A::Event>>,
    /// The revision of the last of them or, if there are none, the revision on which the decision was made.
    pub revision: Revision,
    /// Whether the command was executed before, and this is its first outcome.
    pub repeated: bool,
}

impl<A: Aggregate> fmt::Debug for Executed<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, revision, repeated } = self;
        f.debug_struct("Executed")
            .field("events", events)
            .field("revision", revision)
            .field("repeated", repeated)
            .finish()
    }
}

/// The events of a decision, encoded and read back.
pub(super) struct EncodedEvents<A: Aggregate> {
    pub(super) new: Vec<NewEvent>,
    /// What a later reader will see: decoded from the bytes that are written.
    copies: Vec<A::Event>,
    metadata: Option<Vec<u8>>,
    /// Whether the copies may differ from what a later reader will see, as a step asked for something that
    /// only the append determines.
    pub(super) provisional: bool,
}

impl<A: Aggregate> EncodedEvents<A> {
    pub(super) fn new(
        stream: &StreamId,
        expected: Revision,
        events: &Events<A>,
        metadata: &Arc<Metadata>,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        let limit = limits.payload_bytes;
        let mut encoded = Self {
            new: Vec::with_capacity(events.len()),
            copies: Vec::with_capacity(events.len()),
            metadata: None,
            provisional: false,
        };
        let Self { new, copies, provisional, .. } = &mut encoded;
        let json = metadata.json_within(limit);
        let (mut bytes, mut revision, now) = (0_usize, expected, stored_now());
        for event in events {
            revision = revision.next();
            let event_type = A::event_type(event);
            let json = match &json {
                Ok(json) => json.as_deref(),
                Err(bytes) => return Err(too_large(stream, event_type.name, "metadata", *bytes, limit)),
            };
            let payload = payload::<A>(stream, event, limit)?;
            bytes += payload.as_slice().len() + json.map_or(0, <[u8]>::len);
            if bytes > limits.append_bytes {
                let (stream, limit) = (stream.clone(), limits.append_bytes);
                return Err(StoreError::AppendTooLarge { stream, bytes, limit });
            }
            let event =
                NewEvent::new(event_type.name, event_type.written, payload.into_vec(), Arc::clone(metadata));
            let raw = event.raw(stream, revision, (Position::new(0), now), json);
            let (decoded, asks) = asks_where_stored(|| guarded::decode::<A>(&raw, |copy| copies.push(copy)));
            decoded.map_err(|source| StoreError::NotReadable {
                name: event.name,
                version: event.version,
                source,
            })?;
            *provisional |= asks;
            new.push(event);
        }
        encoded.metadata = json.unwrap_or_default();
        Ok(encoded)
    }

    /// Folds what was read back, so that an event that no later load could fold is not written.
    pub(super) fn fold_into(&mut self, mut state: A) -> Result<A, StoreError> {
        let copies = std::mem::take(&mut self.copies);
        let mut last = None;
        let fold = || {
            for event in copies {
                last = Some(A::event_type(&event));
                state.apply_event(event);
            }
        };
        // After a panic nobody sees the state any more.
        match (catch_unwind(AssertUnwindSafe(fold)), last) {
            (Err(_), Some(of)) => {
                Err(StoreError::NotApplicable { aggregate: A::NAME, name: of.name, version: of.version })
            }
            _ => Ok(state),
        }
    }

    /// Folds the same events again, into the state on which they were decided.
    pub(super) fn apply_to(
        &self,
        stream: &StreamId,
        expected: Revision,
        state: &mut A,
    ) -> Result<(), StoreError> {
        let (mut revision, now) = (expected, stored_now());
        for new in &self.new {
            revision = revision.next();
            let raw = new.raw(stream, revision, (Position::new(0), now), self.metadata.as_deref());
            guarded::apply(&raw, state)?;
        }
        Ok(())
    }

    /// The events, as later readers will see them.
    pub(super) fn events(&self, stream: &StreamId, expected: Revision) -> Result<Vec<A::Event>, StoreError> {
        let positions = vec![Position::new(0); self.new.len()];
        let executed = self.executed(stream, expected, &Appended { positions, recorded_at: stored_now() })?;
        Ok(executed.events.into_iter().map(|recorded| recorded.event).collect())
    }

    /// Adds the events of a later decision, of the same metadata, that were folded.
    pub(super) fn join(&mut self, later: Self) {
        self.new.extend(later.new);
        self.provisional |= later.provisional;
    }

    /// The outcome, read from what was written as every later reader reads it.
    pub(super) fn executed(
        &self,
        stream: &StreamId,
        expected: Revision,
        appended: &Appended,
    ) -> Result<Executed<A>, StoreError> {
        if appended.positions.len() != self.new.len() {
            let source = "the store did not return where each event was stored".into();
            return Err(StoreError::Backend { source, retryable: false });
        }
        let mut events = Vec::with_capacity(self.new.len());
        let mut revision = expected;
        for (new, position) in self.new.iter().zip(&appended.positions) {
            revision = revision.next();
            let place = (*position, appended.recorded_at);
            let raw = new.raw(stream, revision, place, self.metadata.as_deref());
            guarded::decode::<A>(&raw, |event| {
                let now = A::event_type(&event);
                events.push(Recorded::new(&raw, event, now, Arc::clone(&new.metadata)));
            })?;
        }
        Ok(Executed { events, revision, repeated: false })
    }
}

/// The payload of an event.
fn payload<A: Aggregate>(stream: &StreamId, event: &A::Event, limit: usize) -> Result<Payload, StoreError> {
    let mut payload = Payload::within(limit);
    let written = A::encode(event, &mut payload);
    // An event that exceeds the limit fails to be written as well.
    match payload.refused() {
        Some(bytes) => Err(too_large(stream, A::event_type(event).name, "payload", bytes, limit)),
        None => {
            written?;
            Ok(payload)
        }
    }
}

fn too_large(
    stream: &StreamId,
    name: &'static str,
    part: &'static str,
    bytes: usize,
    limit: usize,
) -> StoreError {
    StoreError::TooLarge { stream: stream.clone(), name, part, bytes, limit }
}

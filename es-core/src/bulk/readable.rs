//! Whether events that were encoded elsewhere can be read by the aggregate to whose stream they are appended.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::catalogue::Catalogue;
use crate::error::StoreError;
use crate::model::{Aggregate, guarded};
use crate::record::stored_now;
use crate::store::{Append, CategoryNames, EventStore, Registration};
use crate::stream::{Position, Revision, StreamId, StreamKey};

/// The reader of one category: an aggregate.
pub(super) struct Readable {
    names: CategoryNames,
    events: Vec<Registration>,
    reader: Box<dyn ChunkReader>,
}

impl Readable {
    pub(super) fn by<A: Aggregate>() -> Self {
        let events = Catalogue::of::<A>().registrations();
        let names = CategoryNames { name: A::NAME.into(), was: A::WAS.into() };
        Self { names, events, reader: Box::new(Folds::<A>(HashMap::new())) }
    }

    pub(super) fn reads(&self, stream: &StreamId) -> bool {
        self.names.has(stream.category())
    }

    /// Registers names and events with the store, as the first command of a repository does.
    pub(super) async fn register<S: EventStore + ?Sized>(&self, store: &S) -> Result<(), StoreError> {
        if !self.names.was.is_empty() {
            store.rename_category(&self.names.name, &self.names.was).await?;
        }
        store.register(&self.events).await
    }

    /// Rejects events of its streams that the aggregate does not list, cannot decode or cannot apply.
    pub(super) fn check(&mut self, chunk: &[Append<'_>]) -> Result<(), StoreError> {
        let own: Vec<&Append<'_>> = chunk.iter().filter(|part| self.reads(part.stream)).collect();
        // An aggregate that skips events unknown to it would decode them to nothing.
        for append in &own {
            append.check_registered(|name, version| {
                self.events.iter().any(|event| (event.name, event.version) == (name, version))
            })?;
        }
        self.reader.read(&own)
    }
}

impl fmt::Debug for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readable").field("names", &self.names).finish_non_exhaustive()
    }
}

trait ChunkReader: Send + Sync {
    fn read(&mut self, chunk: &[&Append<'_>]) -> Result<(), StoreError>;
}

/// The states of the streams of the last chunk, if they are known from the first event: a long stream that
/// spans several chunks is folded to its end, with one chunk in memory.
struct Folds<A>(HashMap<StreamId, (Revision, A)>);

impl<A: Aggregate> ChunkReader for Folds<A> {
    fn read(&mut self, chunk: &[&Append<'_>]) -> Result<(), StoreError> {
        let mut before = std::mem::take(&mut self.0);
        for part in chunk {
            A::Id::from_key(part.stream.key())?;
            let state = if part.expected == Revision::EMPTY {
                Some(A::initial())
            } else {
                before.remove(part.stream).filter(|(at, _)| *at == part.expected).map(|(_, state)| state)
            };
            if let (end, Some(state)) = fold(state, part)? {
                self.0.insert(part.stream.clone(), (end, state));
            }
        }
        Ok(())
    }
}

/// Decodes events as a later read will, and applies them if the state before them is known.
fn fold<A: Aggregate>(mut state: Option<A>, part: &Append<'_>) -> Result<(Revision, Option<A>), StoreError> {
    let mut revision = part.expected;
    let now = stored_now();
    let mut decoded = Vec::new();
    for event in part.events {
        revision = revision.next();
        let (name, version) = (event.name, event.version);
        let metadata = event.metadata.to_json();
        let raw = event.raw(part.stream, revision, (Position::new(0), now), metadata.as_deref());
        guarded::decode::<A>(&raw, |event| decoded.push(event))
            .map_err(|source| StoreError::NotReadable { name, version, source })?;
        for event in decoded.drain(..) {
            let Some(state) = &mut state else { continue };
            let of = A::event_type(&event);
            // After a panic nobody sees the state any more.
            catch_unwind(AssertUnwindSafe(|| state.apply_event(event))).map_err(|_| {
                StoreError::NotApplicable { aggregate: A::NAME, name: of.name, version: of.version }
            })?;
        }
    }
    Ok((revision, state))
}

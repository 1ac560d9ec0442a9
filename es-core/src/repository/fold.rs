//! Folding a stream: snapshot first, then each event, checked to be the next one.

use std::panic::catch_unwind;

use uuid::Uuid;

use super::cache::Folded;
use super::loaded::Loaded;
use super::port::Port;
use crate::error::StoreError;
use crate::model::{Aggregate, copy, guarded};
use crate::record::{PayloadError, RawEvent};
use crate::seldom::Seldom;
use crate::store::{CommandOutcome, Contiguous, Load, LoadItem, StreamHead};
use crate::stream::{Revision, StreamId};

/// Log lines about snapshots, of each category, that do not decode.
static BROKEN: Seldom = Seldom::new();

/// A state while a stream is folded into it.
pub(super) struct Fold<'a, A> {
    stream: &'a StreamId,
    pub(super) state: A,
    /// The last event folded.
    pub(super) revision: Revision,
    /// Its id, if a read has returned it.
    pub(super) last_event_id: Option<Uuid>,
    /// The snapshot from which the fold started.
    pub(super) snapshot: Revision,
    /// What the requested command did when it was first executed.
    pub(super) command: Option<CommandOutcome>,
    /// Whether the state may be older than the stream.
    pub(super) cached: bool,
    /// The last event folded, until the stream has been seen to hold it.
    unseen: Option<Uuid>,
    broken_snapshot: bool,
}

impl<'a, A: Aggregate> Fold<'a, A> {
    pub(super) fn new(stream: &'a StreamId) -> Self {
        Self {
            stream,
            state: A::initial(),
            revision: Revision::EMPTY,
            last_event_id: None,
            snapshot: Revision::EMPTY,
            command: None,
            cached: false,
            unseen: None,
            broken_snapshot: false,
        }
    }

    /// A fold that continues from the state of an earlier command.
    pub(super) fn cached(stream: &'a StreamId, folded: Folded<A>) -> Self {
        Self { cached: true, ..Self::resumed(stream, folded) }
    }

    /// The same, reading the events that have come since.
    pub(super) fn resumed(stream: &'a StreamId, folded: Folded<A>) -> Self {
        let Folded { state, revision, last_event_id, snapshot } = folded;
        Self { state, revision, last_event_id, snapshot, ..Self::new(stream) }
    }

    /// A copy of the state, if it can be copied.
    pub(super) fn copied(&self) -> Option<Folded<A>> {
        let Self { revision, last_event_id, snapshot, .. } = *self;
        Some(Folded { state: copy(&self.state)?, revision, last_event_id, snapshot })
    }

    /// Folds what the stream holds after the current revision. `narrow` restricts the query.
    ///
    /// After an error the fold must not be used again: it may hold part of a history.
    pub(super) async fn run(
        mut self,
        port: &mut impl Port,
        narrow: impl Fn(Load<'a>) -> Load<'a> + Send,
    ) -> Result<Self, StoreError> {
        let mut load = narrow(whole::<A>(self.stream).after(self.revision));
        if self.last_event_id.is_some() && self.revision > Revision::EMPTY {
            // That event is read again, and its id compared: the store may have been restored to an earlier
            // state, and have grown other events since.
            self.unseen = self.last_event_id;
            load = load.after(Revision::new(self.revision.get() - 1));
        }
        let mut head = port.load(load, &mut |item| self.take(item)).await?;
        while self.broken_snapshot || self.unseen.is_some() {
            // The start of the fold cannot be used: the stream is read from its beginning.
            if self.broken_snapshot {
                load = load.snapshot(None);
            }
            load = load.after(Revision::EMPTY);
            self = Self::new(self.stream);
            head = port.load(load, &mut |item| self.take(item)).await?;
        }
        self.order().reached(head.revision.min(load.up_to))?;
        self.last_event_id = head.event_id;
        self.command = head.command;
        self.cached = false;
        Ok(self)
    }

    /// Folds the next item of a load.
    pub(super) fn take(&mut self, item: LoadItem<'_>) -> Result<(), StoreError> {
        match item {
            _ if self.broken_snapshot => Ok(()),
            LoadItem::Snapshot { revision, state } => {
                self.restore(revision, state);
                Ok(())
            }
            LoadItem::Event(raw) => self.event(&raw),
        }
    }

    fn restore(&mut self, revision: Revision, state: &[u8]) {
        let Some(snapshots) = A::snapshots() else { return };
        // A panic of the user's `Deserialize` is another reason not to use the snapshot.
        let decoded = catch_unwind(|| snapshots.decode(state));
        match decoded.unwrap_or_else(|_| Err(PayloadError::panicked())) {
            Ok(state) => {
                self.state = state;
                self.revision = revision;
                self.snapshot = revision;
                self.unseen = None;
            }
            Err(error) => {
                if let Some(left_out) = BROKEN.due(A::NAME) {
                    let (stream, revision) = (self.stream.to_string(), revision.get());
                    tracing::warn!(
                        stream, revision, %error, left_out,
                        "snapshot does not decode; replaying the stream"
                    );
                }
                self.broken_snapshot = true;
            }
        }
    }

    fn event(&mut self, raw: &RawEvent<'_>) -> Result<(), StoreError> {
        if let Some(unseen) = self.unseen {
            if (raw.revision, raw.event_id) == (self.revision, unseen) {
                self.unseen = None;
            }
            return Ok(());
        }
        self.order().take(raw.revision)?;
        guarded::apply(raw, &mut self.state)?;
        self.revision = raw.revision;
        Ok(())
    }

    const fn order(&self) -> Contiguous<'a> {
        Contiguous::after(self.stream, self.revision)
    }

    /// The state after a load of the whole stream; `None` if it cannot be used.
    pub(super) fn loaded(mut self, head: &StreamHead) -> Option<Folded<A>> {
        if self.broken_snapshot || self.order().reached(head.revision).is_err() {
            return None;
        }
        self.last_event_id = head.event_id;
        Some(self.into_folded())
    }

    pub(super) fn into_folded(self) -> Folded<A> {
        let Self { state, revision, last_event_id, snapshot, .. } = self;
        Folded { state, revision, last_event_id, snapshot }
    }

    pub(super) fn into_loaded(self) -> Loaded<A> {
        Loaded { state: self.state, revision: self.revision }
    }
}

/// A query for all of a stream that may start from a snapshot of `A`.
fn whole<A: Aggregate>(stream: &StreamId) -> Load<'_> {
    Load::all(stream).snapshot(A::snapshots().map(|snapshots| snapshots.fingerprint))
}

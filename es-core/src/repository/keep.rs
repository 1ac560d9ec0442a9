//! Keeping the state after an append.

use std::sync::Arc;

use super::Repository;
use super::attempt::Run;
use super::cache::{Folded, TurnGuard};
use super::fold::Fold;
use super::port::Port;
use super::snapshots::snapshot_due;
use crate::model::{Aggregate, Snapshots};
use crate::store::EventStore;
use crate::stream::StreamId;

impl<A: Aggregate, S: EventStore + 'static> Repository<A, S> {
    /// Keeps a state for the next command, and stores a snapshot of it, if one is due.
    pub(super) fn keep(
        &self,
        turn: &mut TurnGuard<A>,
        stream: &StreamId,
        after: &Folded<()>,
        state: A,
        due: Option<Snapshots<A>>,
    ) {
        if due.is_none() && !turn.keeps() {
            return;
        }
        let mut snapshot = after.snapshot;
        if let Some(snapshots) = due
            && self.snapshots.write(&self.store, &snapshots, stream.clone(), after, &state)
        {
            snapshot = after.revision;
        }
        turn.keep(Folded { state, revision: after.revision, last_event_id: after.last_event_id, snapshot });
    }
}

impl<A: Aggregate, S: EventStore + 'static, P: Port> Run<'_, A, S, P> {
    /// The state after the append, as every later reader folds it, if it is to be kept.
    pub(super) async fn load_after(&mut self, stream: &StreamId, after: &Folded<()>) -> Option<A> {
        let due = snapshot_due::<A>(after).is_some() && !self.in_transaction;
        if !due && !self.turn.keeps() {
            return None;
        }
        let fold = Fold::new(stream).run(&mut self.port, |load| load.up_to(after.revision)).await.ok()?;
        // The id is that of the stream's last event, so if it is another one, more events have come since.
        (fold.revision == after.revision && fold.last_event_id == after.last_event_id).then_some(fold.state)
    }

    /// Keeps the state after the append for the next command; stores a snapshot of it, if one is due.
    pub(super) fn keep(&mut self, stream: &StreamId, after: &Folded<()>, state: A) {
        let due = snapshot_due::<A>(after).filter(|_| !self.in_transaction);
        self.repository.keep(&mut self.turn, stream, after, state, due);
    }

    /// Keeps a state that no append has changed, unless the decision has kept it.
    pub(super) fn keep_unchanged(&mut self, mut fold: Fold<'_, A>, state: Arc<A>) {
        if let Some(state) = Arc::into_inner(state) {
            fold.state = state;
            self.turn.keep(fold.into_folded());
        }
    }
}

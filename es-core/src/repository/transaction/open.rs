//! Opening an aggregate in a transaction.

use std::sync::Arc;

use super::super::Repository;
use super::super::cache::{Folded, TurnGuard};
use super::super::fold::Fold;
use super::super::port::Direct;
use super::super::repeated::written;
use super::part::{First, Part};
use crate::error::StoreError;
use crate::model::Aggregate;
use crate::store::{CommandOutcome, CommandRecord, EventStore};
use crate::stream::{Revision, StreamId};

/// Which states a transaction uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateSource {
    /// Those that earlier commands have cached, if there are any.
    Kept,
    /// Those in the store.
    Read,
}

impl<A: Aggregate, S: EventStore + 'static> Part<A, S> {
    /// From a cached state, or from the store, which is then asked for the command as well.
    pub(super) async fn open(
        repository: &Repository<A, S>,
        store: &Arc<S>,
        stream: &StreamId,
        mut turn: TurnGuard<A>,
        (start, command): (StateSource, Option<CommandRecord<'_>>),
    ) -> Result<Self, StoreError> {
        repository.know_earlier_names().await?;
        repository.register().await?;
        let kept = turn.take();
        turn.settle().await;
        let part = |turn, Folded { state, revision, last_event_id, snapshot }, cached| Self {
            repository: repository.clone(),
            store: Arc::clone(store),
            turn,
            base: Folded { state: (), revision, last_event_id, snapshot },
            cached,
            state: Some(Arc::new(state)),
            written: None,
            first: None,
        };
        if let Some(kept) = kept
            && start == StateSource::Kept
            && turn.is_sound()
        {
            repository.counters.warm.count();
            return Ok(part(turn, kept, true));
        }
        turn.renew();
        let fold = turn.confirmed().map_or_else(|| Fold::new(stream), |state| Fold::resumed(stream, state));
        let id = command.map(|command| command.key.id);
        let mut fold = fold.run(&mut Direct(&**store), |load| load.command_id(id)).await?;
        turn.confirm(|| fold.copied());
        let outcome = fold.command.take();
        let part = part(turn, fold.into_folded(), false);
        match (outcome, command) {
            (Some(outcome), Some(command)) => part.again(stream, outcome, command).await,
            _ => Ok(part),
        }
    }

    /// The state of the stream when the transaction was first executed.
    async fn again(
        self,
        stream: &StreamId,
        outcome: CommandOutcome,
        command: CommandRecord<'_>,
    ) -> Result<Self, StoreError> {
        outcome.check(stream, command)?;
        let CommandOutcome { first, count, rejected, .. } = outcome;
        if rejected {
            return Err(StoreError::NotRepeated { stream: stream.clone(), command_id: command.key.id });
        }
        let (revision, events) = if count == 0 {
            (first, Vec::new())
        } else {
            let executed = written::<A>(&mut Direct(&*self.store), stream, &outcome).await?;
            (Revision::new(first.get().saturating_sub(1)), executed.events)
        };
        let base = Folded { state: (), revision, last_event_id: None, snapshot: Revision::EMPTY };
        let first = First { count, events: events.into_iter(), passed: 0 };
        Ok(Self { turn: TurnGuard::none(), base, state: None, first: Some(first), ..self })
    }
}

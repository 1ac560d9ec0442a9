//! The first outcome of a command, returned to its repetition.

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

use super::fold::Fold;
use super::port::Port;
use super::written::Executed;
use crate::error::{ExecuteError, StoreError};
use crate::model::{Aggregate, Events};
use crate::store::{CommandOutcome, CommandRecord, Contiguous, Load, LoadItem, recorded};
use crate::stream::{Revision, StreamId};

pub(super) async fn repeated<A, F, Fut, E>(
    port: &mut impl Port,
    stream: &StreamId,
    command: CommandRecord<'_>,
    outcome: CommandOutcome,
    decide: &F,
) -> Result<Executed<A>, ExecuteError<E>>
where
    A: Aggregate,
    F: Fn(Arc<A>) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Events<A>, E>> + Send,
    E: Error + Send + Sync + 'static,
{
    let revision = outcome.first;
    if outcome.rejected {
        // The domain's error is not stored: it is found again by deciding on the same state.
        let fold = Fold::<A>::new(stream).run(port, |load| load.up_to(revision)).await?;
        if fold.revision == revision
            && let Err(rejection) = decide(Arc::new(fold.state)).await
        {
            return Err(ExecuteError::Rejected(rejection));
        }
        let (stream, command_id) = (stream.clone(), command.key.id);
        return Err(StoreError::NotRejectedAgain { stream, command_id, revision }.into());
    }
    if outcome.count == 0 {
        return Ok(Executed { events: Vec::new(), revision, repeated: true });
    }
    Ok(written(port, stream, &outcome).await?)
}

/// Reads the events that a command wrote.
pub(super) async fn written<A: Aggregate>(
    port: &mut impl Port,
    stream: &StreamId,
    outcome: &CommandOutcome,
) -> Result<Executed<A>, StoreError> {
    let last = Revision::new(outcome.first.get() + outcome.count - 1);
    let before = Revision::new(outcome.first.get() - 1);
    let mut events = Vec::new();
    let mut order = Contiguous::after(stream, before);
    let mut take = |item: LoadItem<'_>| match item {
        LoadItem::Event(raw) => {
            order.take(raw.revision)?;
            recorded::<A>(&raw, &mut |event| {
                events.push(event);
                Ok(())
            })
        }
        LoadItem::Snapshot { .. } => Ok(()),
    };
    port.load(Load::all(stream).after(before).up_to(last), &mut take).await?;
    order.reached(last)?;
    Ok(Executed { events, revision: last, repeated: true })
}

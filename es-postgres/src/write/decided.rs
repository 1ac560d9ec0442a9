//! What became of commands that were decided before without events.

use std::sync::Arc;

use es_core::{Append, AppendOutcome, Load, Revision, StoreError};

use crate::connect::pool::Pool;
use crate::read::load;
use crate::write::answer::later;

/// The outcome of an append that was refused because its command was decided before.
pub(crate) async fn one(pool: &Arc<Pool>, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
    match Box::pin(find(pool, append)).await? {
        Some(outcome) => Ok(outcome),
        None => Err(later("the outcome of the command is being forgotten")),
    }
}

/// The same of appends to several streams, to all or to none.
pub(crate) async fn all(pool: &Arc<Pool>, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        outcomes.push(match Box::pin(find(pool, append)).await? {
            Some(outcome) => outcome,
            None => Box::pin(stands(pool, append)).await?,
        });
    }
    if !outcomes.iter().any(|outcome| matches!(outcome, AppendOutcome::Repeated(_))) {
        return Err(later("the outcome of a command is being forgotten"));
    }
    Ok(outcomes)
}

async fn find(pool: &Arc<Pool>, append: &Append<'_>) -> Result<Option<AppendOutcome>, StoreError> {
    let Some(command) = append.command else { return Ok(None) };
    let wanted = Load::all(append.stream).after(Revision::MAX).command_id(Some(command.key.id));
    let Some(outcome) = load::load(pool, wanted, &mut |_| Ok(())).await?.command else { return Ok(None) };
    outcome.check(append.stream, command)?;
    Ok(Some(AppendOutcome::Repeated(outcome)))
}

/// What becomes of an append beside one that was refused: its stream is elsewhere, or it is not written.
async fn stands(pool: &Arc<Pool>, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
    let wanted = Load::all(append.stream).after(Revision::MAX);
    let head = load::load(pool, wanted, &mut |_| Ok(())).await?;
    if head.closed && !append.is_condition() {
        return Err(StoreError::StreamClosed { stream: append.stream.clone() });
    }
    let is_there =
        head.revision == append.expected && (append.head.is_none() || append.head == head.event_id);
    Ok(if is_there { AppendOutcome::NotWritten } else { AppendOutcome::Conflict { actual: head.revision } })
}

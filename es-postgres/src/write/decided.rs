//! Appends whose command was decided before, without events.

use std::sync::Arc;

use es_core::store::{Append, AppendOutcome, CommandOutcome, Load, StreamHead};
use es_core::{Revision, StoreError};

use crate::connect::pool::Pool;
use crate::read::load;
use crate::write::answer::later;

/// The outcome of an append that was refused because its command had been decided.
pub(crate) async fn one(pool: &Arc<Pool>, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
    let head = Box::pin(head(pool, append)).await?;
    repeated(append, head.command)?.ok_or_else(|| later("the outcome of the command is being pruned"))
}

/// The same for an atomic append to several streams.
pub(crate) async fn all(pool: &Arc<Pool>, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        let mut head = Box::pin(head(pool, append)).await?;
        outcomes.push(match repeated(append, head.command.take())? {
            Some(outcome) => outcome,
            None => not_written(append, &head)?,
        });
    }
    if !outcomes.iter().any(|outcome| matches!(outcome, AppendOutcome::Repeated(_))) {
        return Err(later("the outcome of a command is being pruned"));
    }
    Ok(outcomes)
}

/// The head of an append's stream, with the outcome of its command.
async fn head(pool: &Arc<Pool>, append: &Append<'_>) -> Result<StreamHead, StoreError> {
    let command = append.command.map(|command| command.key.id);
    let wanted = Load::all(append.stream).after(Revision::MAX).command_id(command);
    load::load(pool, wanted, &mut |_| Ok(())).await
}

fn repeated(append: &Append<'_>, found: Option<CommandOutcome>) -> Result<Option<AppendOutcome>, StoreError> {
    let (Some(command), Some(outcome)) = (append.command, found) else { return Ok(None) };
    outcome.check(append.stream, command)?;
    Ok(Some(AppendOutcome::Repeated(outcome)))
}

/// The outcome of an append next to a refused one: a conflict if its stream has moved on, otherwise not
/// written.
fn not_written(append: &Append<'_>, head: &StreamHead) -> Result<AppendOutcome, StoreError> {
    if head.closed && !append.is_condition() {
        return Err(StoreError::StreamClosed { stream: append.stream.clone() });
    }
    let is_there = head.revision == append.expected
        && (append.last_event_id.is_none() || append.last_event_id == head.event_id);
    Ok(if is_there { AppendOutcome::NotWritten } else { AppendOutcome::Conflict { actual: head.revision } })
}

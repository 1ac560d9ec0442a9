//! Remembering that a command wrote no event.

use std::pin::pin;
use std::sync::Arc;

use es_core::{
    Append, AppendOutcome, CommandOutcome, Decision, Load, Remembered, Revision, StoreError, StreamId,
};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::connect::caller;
use crate::connect::failure::unexpected;
use crate::connect::lock_timeout::told_to_caller;
use crate::connect::names::Known;
use crate::connect::patience::Patience;
use crate::connect::pool::{Pool, Session};
use crate::connect::statements::Statements;
use crate::read::load;
use crate::write::columns::bigint;
use crate::write::one::{Attempts, CallError};

/// The row of the stream, the id of the command, and a stream that somebody else is making.
const LOCKS: usize = 3;

/// Remembers on a connection of the pool.
pub(crate) async fn remember(pool: &Arc<Pool>, decision: Decision<'_>) -> Result<Remembered, StoreError> {
    decision.command.check(decision.stream)?;
    let mut patience = Patience::of(pool);
    loop {
        let mut lease = patience.lease(pool).await?;
        let backend = lease.session.backend;
        let lock_timeout = patience.milliseconds(pool);
        let answer = {
            let call = pin!(send(&mut lease.session, pool, decision, lock_timeout));
            patience.answer(pool, backend, LOCKS, call).await
        };
        match lease.end(answer) {
            Ok(remembered) => return remembered,
            Err(failure) if failure.is_held_up() => patience.held_up(pool, [decision.stream])?,
            // Should the connection be lost, the caller may ask again: what was remembered is found then.
            Err(failure) => return Err(failure.into()),
        }
    }
}

async fn send(
    session: &mut Session,
    pool: &Pool,
    decision: Decision<'_>,
    lock_timeout: i64,
) -> Result<Remembered, CallError> {
    let of_stream = Append::new(decision.stream, decision.revision, &[]);
    let mut names = Attempts::begin(&mut session.connection, pool, &[of_stream]).await?;
    loop {
        session.begin(pool).await?;
        let known = names.known();
        let remembered = call(&mut session.connection, pool, decision, known, lock_timeout).await?;
        pool.commit(&mut session.connection).await?;
        match remembered {
            Some(remembered) => return Ok(remembered),
            None => names.again(&mut session.connection, pool, &[of_stream]).await?,
        }
    }
}

/// Remembers in a transaction of the caller.
pub(crate) async fn remember_in(
    pool: &Pool,
    connection: &mut PgConnection,
    decision: Decision<'_>,
) -> Result<Remembered, StoreError> {
    decision.command.check(decision.stream)?;
    caller::has_begun(pool.settings.answer_within, connection).await?;
    let of_stream = Append::new(decision.stream, decision.revision, &[]);
    let mut names = Attempts::apart(pool, of_stream).await?;
    loop {
        let answer = {
            let lock_timeout = pool.settings.lock_timeout();
            let call = pin!(call(connection, pool, decision, names.known(), lock_timeout));
            pool.settings.answered_to_caller(LOCKS, call).await
        };
        match answer {
            Ok(Some(remembered)) => return Ok(remembered),
            Ok(None) => names.again_apart(connection, pool, of_stream).await?,
            Err(error) => return Err(told_to_caller(pool, decision.stream, error)),
        }
    }
}

/// `None` where the names are of another history; nothing was written then.
async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    decision: Decision<'_>,
    known: &Known,
    lock_timeout: i64,
) -> Result<Option<Remembered>, CallError> {
    let Decision { stream, revision, head, command, rejected, .. } = decision;
    let row = pool
        .statements
        .remember
        .call()
        .bind(known.category(stream.category()))
        .bind(stream.key())
        .bind(bigint(revision))
        .bind(head)
        .bind(command.key.id)
        .bind(command.name)
        .bind(command.key.body_hash)
        .bind(rejected)
        .bind(known.token())
        .bind(lock_timeout)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let number = |at: usize| row.try_get::<Option<i64>, _>(at).map(|number| number.map(i64::unsigned_abs));
    match row.try_get::<&str, _>(0)? {
        "remembered" => Ok(Some(Remembered::Kept)),
        "conflict" => {
            Ok(Some(Remembered::Conflict { actual: Revision::new(number(1)?.unwrap_or_default()) }))
        }
        "repeated" => {
            let (Some(first), Some(count)) = (number(1)?, number(2)?) else {
                return Err(unexpected("the outcome of a command is incomplete").into());
            };
            let (name, rejected) =
                command_of(connection, &pool.statements, stream, command.key.id, count).await?;
            let outcome = CommandOutcome {
                first: Revision::new(first),
                count,
                rejected,
                body_hash: row.try_get(3)?,
                name,
            };
            outcome.check(stream, command)?;
            Ok(Some(Remembered::Repeated(outcome)))
        }
        "held" => Err(later("another transaction is making the stream").into()),
        level @ ("repeatable read" | "serializable") => {
            Err(StoreError::IsolationLevel { found: level.to_owned() }.into())
        }
        other => Err(unexpected(format!("the decision was answered with {other:?}")).into()),
    }
}

/// The name of a command that was executed or decided before, and whether it was rejected. What it did may
/// have been forgotten in the meantime.
pub(crate) async fn command_of(
    connection: &mut PgConnection,
    statements: &Statements,
    stream: &StreamId,
    id: Uuid,
    count: u64,
) -> Result<(Option<Arc<str>>, bool), CallError> {
    let statement = if count == 0 { &statements.decision } else { &statements.command_name };
    let call = statement.call().bind(stream.category()).bind(stream.key()).bind(id);
    match call.fetch_optional(connection).await? {
        Some(row) => {
            let rejected = count == 0 && row.try_get(1)?;
            Ok((Some(row.try_get::<&str, _>(0)?.into()), rejected))
        }
        None if count == 0 => Err(later("the outcome of the command is being forgotten").into()),
        None => Ok((None, false)),
    }
}

/// The outcome of an append that was refused because its command was decided before.
pub(crate) async fn decided(pool: &Arc<Pool>, append: &Append<'_>) -> Result<AppendOutcome, StoreError> {
    match Box::pin(find(pool, append)).await? {
        Some(outcome) => Ok(outcome),
        None => Err(later("the outcome of the command is being forgotten")),
    }
}

/// The same of appends to several streams, to all or to none.
pub(crate) async fn decided_all(
    pool: &Arc<Pool>,
    appends: &[Append<'_>],
) -> Result<Vec<AppendOutcome>, StoreError> {
    let mut outcomes = Vec::with_capacity(appends.len());
    for append in appends {
        outcomes.push(Box::pin(find(pool, append)).await?.unwrap_or(AppendOutcome::NotWritten));
    }
    if outcomes.iter().all(|outcome| matches!(outcome, AppendOutcome::NotWritten)) {
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

fn later(source: &'static str) -> StoreError {
    StoreError::Backend { source: source.into(), retryable: true }
}

//! Remembering that a command wrote no event.

use std::pin::pin;
use std::sync::Arc;

use es_core::{Append, CommandOutcome, Decision, Remembered, Revision, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::connect::caller;
use crate::connect::columns::remember;
use crate::connect::failure::{CallError, unexpected};
use crate::connect::lease::Ended;
use crate::connect::lock_timeout::told_to_caller;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::patience::Patience;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer::{command_of, later};
use crate::write::names::Attempts;

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
            Ended::Answered(remembered) => return remembered,
            Ended::Idled => {}
            Ended::Failed(failure) if failure.is_held_up() => patience.held_up(pool, [decision.stream])?,
            // Should the connection be lost, the caller may ask again: what was remembered is found then.
            Ended::Failed(failure) => return Err(failure.into()),
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
        session.begin(&pool.settings).await?;
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
    match row {
        Some(row) => answer(connection, pool, decision, &row).await.map(Some),
        None => Ok(None),
    }
}

/// What the function answers. The name of a command that was executed or decided before is read apart.
async fn answer(
    connection: &mut PgConnection,
    pool: &Pool,
    Decision { stream, command, .. }: Decision<'_>,
    row: &PgRow,
) -> Result<Remembered, CallError> {
    let number = |at: usize| row.try_get::<Option<i64>, _>(at).map(|number| number.map(i64::unsigned_abs));
    match row.try_get::<&str, _>(remember::OUTCOME)? {
        "remembered" => Ok(Remembered::Kept),
        "conflict" => {
            let actual = Revision::new(number(remember::REVISION)?.unwrap_or_default());
            Ok(Remembered::Conflict { actual })
        }
        "repeated" => {
            let (first, count) = (number(remember::REVISION)?, number(remember::EVENT_COUNT)?);
            let (Some(first), Some(count)) = (first.map(Revision::new), count) else {
                return Err(unexpected("the outcome of a command is incomplete").into());
            };
            let (name, rejected) =
                command_of(connection, &pool.statements, stream, command.key.id, count).await?;
            let body_hash = row.try_get(remember::BODY_HASH)?;
            let outcome = CommandOutcome { first, count, rejected, body_hash, name };
            outcome.check(stream, command)?;
            Ok(Remembered::Repeated(outcome))
        }
        "held" => Err(later("another transaction is making the stream").into()),
        level @ ("repeatable read" | "serializable") => {
            Err(StoreError::IsolationLevel { found: level.to_owned() }.into())
        }
        other => Err(unexpected(format!("the decision was answered with {other:?}")).into()),
    }
}

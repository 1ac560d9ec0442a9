//! Storing the outcome of a command that wrote no event.

use std::pin::pin;
use std::sync::Arc;

use es_core::StoreError;
use es_core::store::{Append, Decision, Remembered};
use sqlx::PgConnection;

use crate::connect::caller;
use crate::connect::failure::CallError;
use crate::connect::lease::Ended;
use crate::connect::lock_timeout::caller_error;
use crate::connect::lock_wait::LockWait;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer::Answer;
use crate::write::names::Attempts;

/// The row of the stream, the id of the command, and a stream that another transaction is creating.
const LOCKS: usize = 3;

/// Stores the decision on a connection of the pool.
pub(crate) async fn remember(pool: &Arc<Pool>, decision: Decision<'_>) -> Result<Remembered, StoreError> {
    decision.command.check(decision.stream)?;
    let mut lock_wait = LockWait::of(pool);
    loop {
        let mut lease = lock_wait.lease(pool).await?;
        let backend = lease.session.backend;
        let lock_timeout = lock_wait.milliseconds(pool);
        let answer = {
            let call = pin!(send(&mut lease.session, pool, decision, lock_timeout));
            lock_wait.answer(pool, backend, LOCKS, call).await
        };
        match lease.end(answer) {
            Ended::Answered(remembered) => return remembered,
            Ended::LostWhileIdle => {}
            Ended::Failed(failure) if failure.is_held_up() => lock_wait.held_up(pool, [decision.stream])?,
            // If the connection is lost, the caller may retry: a stored decision is found then.
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

/// Stores the decision in a transaction of the caller.
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
            Err(error) => return Err(caller_error(pool, decision.stream, error)),
        }
    }
}

/// Returns `None`, and writes nothing, if the name ids belong to another history.
async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    decision: Decision<'_>,
    known: &Known,
    lock_timeout: i64,
) -> Result<Option<Remembered>, CallError> {
    let Decision { stream, revision, last_event_id, command, rejected, .. } = decision;
    let row = pool
        .statements
        .remember
        .call()
        .bind(known.category(stream.category()))
        .bind(stream.key())
        .bind(bigint(revision))
        .bind(last_event_id)
        .bind(command.key.id)
        .bind(command.name)
        .bind(command.key.body_hash)
        .bind(rejected)
        .bind(known.token())
        .bind(lock_timeout)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut answer = Answer::read_decision(&row)?;
    answer.name(connection, &pool.statements, stream, Some(command)).await?;
    Ok(Some(answer.of_decision(stream, command)?))
}

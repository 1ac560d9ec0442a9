//! Appending to one stream: one call of one function, one round trip.

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;

use es_core::StoreError;
use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use sqlx::PgConnection;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use crate::connect::caller;
use crate::connect::failure::{CallError, Failure};
use crate::connect::lease::Ended;
use crate::connect::lock_timeout::caller_error;
use crate::connect::lock_wait::LockWait;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer::Answer;
use crate::write::columns::{self, EventColumns, MetadataColumns};
use crate::write::decided;
use crate::write::json::Json;
use crate::write::lost::Lost;
use crate::write::names::Attempts;

/// Appends on a connection of the pool, and waits for the lock of the stream. Boxed: see [`Pool::connect`].
pub(crate) async fn apart(
    pool: &Arc<Pool>,
    append: Append<'_>,
    lock_wait: LockWait,
) -> Result<AppendOutcome, StoreError> {
    Box::pin(append_apart(pool, append, lock_wait)).await
}

async fn append_apart(
    pool: &Arc<Pool>,
    append: Append<'_>,
    mut lock_wait: LockWait,
) -> Result<AppendOutcome, StoreError> {
    loop {
        let mut lease = lock_wait.lease(pool).await?;
        let backend = lease.session.backend;
        let lock_timeout = lock_wait.lock_timeout(pool);
        let answer = {
            let call = pin!(send(&mut lease.session, pool, append, Some(&lock_timeout)));
            lock_wait.answer(pool, backend, 1, call).await
        };
        let failure = match lease.end(answer) {
            Ended::Answered(outcome) => return outcome,
            Ended::LostWhileIdle => continue,
            Ended::Failed(failure) => failure,
        };
        if failure.is_held_up() {
            lock_wait.held_up(pool, [append.stream])?;
        } else if failure.is_decided() {
            return decided::one(pool, &append).await;
        } else if failure.has_unknown_outcome() {
            return Lost { backend, failure }.find(pool, append).await;
        } else {
            return Err(failure.into());
        }
    }
}

/// Sends an append over a session, in one round trip. `lock_timeout` overrides that of the session.
pub(crate) async fn send(
    session: &mut Session,
    pool: &Pool,
    append: Append<'_>,
    lock_timeout: Option<&str>,
) -> Result<AppendOutcome, CallError> {
    let mut names = Attempts::begin(&mut session.connection, pool, &[append]).await?;
    let mode = match lock_timeout {
        None if !pool.settings.pooler => CallMode::Plain,
        lock_timeout => CallMode::WithLockTimeout(lock_timeout),
    };
    loop {
        session.begin(&pool.settings).await?;
        let known = names.known();
        let answer = call(&mut session.connection, pool, append, known, mode).await?;
        pool.commit(&mut session.connection).await?;
        match answer {
            Some(answer) => return Ok(answer.of(&append)?),
            None => names.again(&mut session.connection, pool, &[append]).await?,
        }
    }
}

/// Appends in a transaction of the caller. If that connection breaks, its transaction can no longer commit.
pub(crate) async fn append_in(
    pool: &Pool,
    connection: &mut PgConnection,
    append: Append<'_>,
) -> Result<AppendOutcome, StoreError> {
    append.check(pool.settings.limits)?;
    caller::has_begun(pool.settings.answer_within, connection).await?;
    let mut names = Attempts::apart(pool, append).await?;
    loop {
        let answer = {
            let call = pin!(call(connection, pool, append, names.known(), CallMode::InTransaction));
            pool.settings.answered_to_caller(1, call).await
        };
        match answer {
            Ok(Some(answer)) => return answer.of(&append),
            Ok(None) => names.again_apart(connection, pool, append).await?,
            Err(error) => return Err(caller_error(pool, append.stream, error)),
        }
    }
}

/// How an append is sent.
#[derive(Debug, Clone, Copy)]
enum CallMode<'a> {
    /// On a session with the settings of `dial::SESSION`, on which plans depend, and with a lock timeout.
    Plain,
    /// With this lock timeout, or else that of the session.
    WithLockTimeout(Option<&'a str>),
    /// In a transaction of the caller.
    InTransaction,
}

/// Returns `None`, and writes nothing, if the name ids belong to another history.
async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    append: Append<'_>,
    known: &Known,
    mode: CallMode<'_>,
) -> Result<Option<Answer>, CallError> {
    let command = append.command;
    let (statement, one) = match (append.events, mode) {
        ([event], CallMode::Plain) => (&pool.statements.append_one, Some(event)),
        (_, CallMode::Plain) => (&pool.statements.append_many, None),
        (_, CallMode::InTransaction) => (&pool.statements.append_in, None),
        (_, CallMode::WithLockTimeout(_)) => (&pool.statements.append, None),
    };
    let call = statement
        .call()
        .bind(known.category(append.stream.category()))
        .bind(append.stream.key())
        .bind(bigint(append.expected))
        .bind(append.last_event_id);
    let call = columns::bound(|| match one {
        Some(event) => bind_event(call, event, known),
        None => bind_events(call, append.events, known),
    })?;
    let call = call
        .bind(command.map(|command| command.key.id))
        .bind(command.map(|command| command.name))
        .bind(command.and_then(|command| command.key.body_hash))
        .bind(known.token());
    let call = match mode {
        CallMode::Plain if one.is_some() => call.bind(known.registration()),
        CallMode::Plain => call,
        CallMode::WithLockTimeout(lock_timeout) => call.bind(lock_timeout),
        CallMode::InTransaction => call.bind(pool.settings.lock_timeout()),
    };
    let row = match call.fetch_optional(&mut *connection).await.map_err(Failure::from) {
        Ok(Some(row)) => row,
        Ok(None) => return Ok(None),
        Err(failure) if failure.is_of_another_history() => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    let mut answer = if one.is_some() { Answer::read_one(&row) } else { Answer::read(&row) }?;
    answer.name(connection, &pool.statements, append.stream, command).await?;
    Ok(Some(answer))
}

type Call<'q> = Query<'q, Postgres, PgArguments>;

fn bind_event<'q>(call: Call<'q>, event: &'q NewEvent, known: &Known) -> Result<Call<'q>, StoreError> {
    let metadata = &event.metadata;
    Ok(call
        .bind(event.id)
        .bind(columns::type_id(event, known)?)
        .bind(Json(Cow::Borrowed(&event.payload)))
        .bind(columns::occurred(metadata))
        .bind(metadata.correlation_id)
        .bind(metadata.causation_id)
        .bind(metadata.to_json().map(|json| Json(Cow::Owned(json)))))
}

fn bind_events<'q>(call: Call<'q>, events: &'q [NewEvent], known: &Known) -> Result<Call<'q>, StoreError> {
    let mut columns = EventColumns::for_events(events.len());
    columns.extend(events, known)?;
    let metadata = MetadataColumns::of(events);
    Ok(call
        .bind(columns.ids)
        .bind(columns.types)
        .bind(columns.payloads)
        .bind(metadata.occurred)
        .bind(metadata.correlations)
        .bind(metadata.causations)
        .bind(metadata.json))
}

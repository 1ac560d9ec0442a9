//! Appending to several streams atomically: one call of one function.

use std::pin::pin;
use std::sync::Arc;

use es_core::StoreError;
use es_core::store::{Append, AppendOutcome};
use sqlx::PgConnection;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;
use uuid::Uuid;

use crate::connect::failure::{CallError, unexpected};
use crate::connect::lease::Ended;
use crate::connect::lock_timeout::caller_error;
use crate::connect::lock_wait::LockWait;
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::write::answer::Answer;
use crate::write::columns::{EventColumns, MetadataColumns, bound};
use crate::write::decided;
use crate::write::lost::Lost;
use crate::write::names::Attempts;

/// Rejects what no store may write, and two appends to one stream; returns the total size of all events.
pub(crate) fn check(pool: &Pool, appends: &[Append<'_>]) -> Result<usize, StoreError> {
    let bytes = Append::checked_bytes_of_all(appends, pool.settings.limits)?;
    for (at, append) in appends.iter().enumerate() {
        if appends[..at].iter().any(|other| other.stream == append.stream) {
            return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
        }
    }
    Ok(bytes)
}

/// Appends on a connection of the pool, and waits for the locks of the streams. Boxed: see [`Pool::connect`].
pub(crate) async fn apart(
    pool: &Arc<Pool>,
    appends: &[Append<'_>],
) -> Result<Vec<AppendOutcome>, StoreError> {
    Box::pin(go_apart(pool, appends)).await
}

async fn go_apart(pool: &Arc<Pool>, appends: &[Append<'_>]) -> Result<Vec<AppendOutcome>, StoreError> {
    let mut lock_wait = LockWait::of(pool);
    loop {
        let mut lease = lock_wait.lease(pool).await?;
        let backend = lease.session.backend;
        let lock_timeout = lock_wait.lock_timeout(pool);
        let answer = {
            let call = pin!(run(&mut lease.session.connection, pool, appends, &lock_timeout));
            lock_wait.answer(pool, backend, appends.len(), call).await
        };
        let failure = match lease.end(answer) {
            Ended::Answered(answers) => {
                return answers?.into_iter().zip(appends).map(|(answer, append)| answer.of(append)).collect();
            }
            Ended::LostWhileIdle => continue,
            Ended::Failed(failure) => failure,
        };
        if failure.is_held_up() {
            lock_wait.held_up(pool, appends.iter().map(|append| append.stream))?;
        } else if failure.is_decided() {
            return decided::all(pool, appends).await;
        } else if failure.has_unknown_outcome() {
            return Lost { backend, failure }.find_all(pool, appends).await;
        } else {
            return Err(failure.into());
        }
    }
}

async fn run(
    connection: &mut PgConnection,
    pool: &Pool,
    appends: &[Append<'_>],
    lock_timeout: &str,
) -> Result<Vec<Answer>, CallError> {
    let counts: Vec<usize> = appends.iter().map(|append| append.events.len()).collect();
    let mut names = Attempts::registered(connection, pool, appends).await?;
    loop {
        distinct(appends, names.known())?;
        let call = bound(|| call(pool, appends, names.known()))?.bind(lock_timeout);
        pool.begin(connection).await?;
        let row = call.fetch_optional(&mut *connection).await?;
        let Some(row) = row else {
            pool.commit(connection).await?;
            names.again(connection, pool, appends).await?;
            continue;
        };
        let mut answers = Answer::read_all(&row, &counts)?;
        for (answer, append) in answers.iter_mut().zip(appends) {
            answer.name(connection, &pool.statements, append.stream, append.command).await?;
        }
        pool.commit(connection).await?;
        return Ok(answers);
    }
}

/// Checks a condition, and keeps it true until the end of the transaction on this connection.
pub(crate) async fn hold(
    pool: &Pool,
    connection: &mut PgConnection,
    condition: Append<'_>,
) -> Result<AppendOutcome, StoreError> {
    let (parts, lock_timeout) = ([condition], pool.settings.lock_timeout().to_string());
    let mut names = Attempts::apart(pool, condition).await?;
    loop {
        let answer = {
            let asked = async {
                let call = call(pool, &parts, names.known())?.bind(&*lock_timeout);
                let Some(row) = call.fetch_optional(&mut *connection).await? else { return Ok(None) };
                let mut answer = Answer::read_all(&row, &[0])?.pop();
                if let Some(answer) = &mut answer {
                    answer.name(connection, &pool.statements, condition.stream, condition.command).await?;
                }
                Ok::<_, CallError>(answer)
            };
            pool.settings.answered_to_caller(1, pin!(asked)).await
        };
        match answer {
            Ok(Some(answer)) => return answer.of(&condition),
            Ok(None) => names.again_apart(connection, pool, condition).await?,
            Err(error) => return Err(caller_error(pool, condition.stream, error)),
        }
    }
}

/// Refuses two appends to one stream, also when they use two names of its category.
fn distinct(appends: &[Append<'_>], known: &Known) -> Result<(), StoreError> {
    for (at, append) in appends.iter().enumerate() {
        let of = |append: &Append<'_>| known.category(append.stream.category());
        let same = |other: &Append<'_>| of(other) == of(append) && other.stream.key() == append.stream.key();
        if appends[..at].iter().any(same) {
            return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
        }
    }
    Ok(())
}

fn call<'q>(
    pool: &Pool,
    appends: &[Append<'q>],
    known: &Known,
) -> Result<Query<'q, Postgres, PgArguments>, StoreError> {
    let count = appends.iter().map(|append| append.events.len()).sum();
    let mut events = EventColumns::for_events(count);
    let mut metadata = MetadataColumns::for_events(count);
    for append in appends {
        events.extend(append.events, known)?;
        metadata.extend(append.events);
    }
    let commands = || appends.iter().map(|append| append.command);
    let mut counts = Vec::with_capacity(appends.len());
    for append in appends {
        counts.push(i32::try_from(append.events.len()).map_err(unexpected)?);
    }
    Ok(pool
        .statements
        .append_all
        .call()
        .bind(appends.iter().map(|append| known.category(append.stream.category())).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| append.stream.key()).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| bigint(append.expected)).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| append.last_event_id).collect::<Vec<Option<Uuid>>>())
        .bind(counts)
        .bind(commands().map(|command| command.map(|c| c.key.id)).collect::<Vec<Option<Uuid>>>())
        .bind(commands().map(|command| command.map(|c| c.name)).collect::<Vec<Option<&str>>>())
        .bind(commands().map(|command| command.and_then(|c| c.key.body_hash)).collect::<Vec<Option<i64>>>())
        .bind(events.ids)
        .bind(events.types)
        .bind(events.payloads)
        .bind(metadata.occurred)
        .bind(metadata.correlations)
        .bind(metadata.causations)
        .bind(metadata.json)
        .bind(known.token()))
}

//! Appending to one stream: one call of one function, one round trip.

use std::borrow::Cow;
use std::sync::Arc;

use es_core::{Append, AppendOutcome, NewEvent, StoreError};
use sqlx::PgConnection;
use sqlx::postgres::{PgArguments, Postgres};
use sqlx::query::Query;

use crate::caller;
use crate::columns::{self, EventColumns, MetadataColumns, bigint, unknown_types};
use crate::error::Failure;
use crate::json::Json;
use crate::names::{self, Known, Names};
use crate::outcome::Answer;
use crate::pool::{Pool, Session};
use crate::recover::Lost;
use crate::remember;

/// Appends on a connection of the pool, and waits for whoever holds the stream.
pub(crate) async fn apart(pool: &Arc<Pool>, append: Append<'_>) -> Result<AppendOutcome, StoreError> {
    let mut lease = pool.lease().await?;
    match send(&mut lease.session, pool, append).await {
        Ok(outcome) => {
            lease.keep();
            Ok(outcome)
        }
        Err(CallError::Refused(error)) => {
            lease.keep_unless_begun();
            Err(error)
        }
        Err(CallError::Failed(failure)) => {
            let backend = lease.session.backend;
            let doubt = failure.leaves_doubt();
            lease.keep_after(&failure);
            if failure.is_decided() {
                return remember::decided(pool, &append).await;
            }
            if doubt { Lost { backend, failure }.find(pool, append).await } else { Err(failure.into()) }
        }
    }
}

/// Sends an append over a session; one round trip.
pub(crate) async fn send(
    session: &mut Session,
    pool: &Pool,
    append: Append<'_>,
) -> Result<AppendOutcome, CallError> {
    let known = names_for(session, pool, &[append]).await.map_err(CallError::Failed)?;
    session.begin(pool).await?;
    let answer = call(&mut session.connection, pool, append, &known, !pool.settings.pooler).await?;
    pool.commit(&mut session.connection).await?;
    Ok(answer.of(&append)?)
}

/// Appends in a transaction of the caller. When that connection breaks, its transaction can never be committed.
pub(crate) async fn append_in(
    pool: &Pool,
    connection: &mut PgConnection,
    append: Append<'_>,
) -> Result<AppendOutcome, StoreError> {
    append.check(pool.settings.limits)?;
    caller::has_begun(connection).await?;
    let known = names_apart(pool, append).await?;
    match call(connection, pool, append, &known, false).await {
        Ok(answer) => answer.of(&append),
        Err(CallError::Refused(error)) => Err(error),
        Err(CallError::Failed(failure)) => Err(failure.into()),
    }
}

/// The ids of all names in an append of the caller's transaction. They outlive its rollback, so they are given in another one; not
/// in one of the pool, which may all be waiting for a stream that the caller's transaction has locked.
pub(crate) async fn names_apart(pool: &Pool, append: Append<'_>) -> Result<Arc<Known>, StoreError> {
    let known = pool.names().known();
    if knows_all(&known, &[append]) {
        return Ok(known);
    }
    let mut session = pool.connect().await?;
    Ok(register(&mut session.connection, pool, &session.names, &[append]).await?)
}

/// Why a call ended without an outcome.
pub(crate) enum CallError {
    Failed(Failure),
    Refused(StoreError),
}

impl From<sqlx::Error> for CallError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// `set_up` says that the connection was told what `session.sql` tells: what makes plans for one event depend on nothing else.
async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    append: Append<'_>,
    known: &Known,
    set_up: bool,
) -> Result<Answer, CallError> {
    let command = append.command;
    let (statement, one) = match append.events {
        [event] if set_up => (&pool.statements.append_one, Some(event)),
        _ => (&pool.statements.append, None),
    };
    let call = statement
        .call()
        .bind(known.category(append.stream.category()))
        .bind(append.stream.key())
        .bind(bigint(append.expected))
        .bind(append.head);
    let call = columns::bound(|| match one {
        Some(event) => bind_event(call, event, known),
        None => bind_events(call, append.events, known),
    })?;
    let row = call
        .bind(command.map(|command| command.key.id))
        .bind(command.map(|command| command.name))
        .bind(command.and_then(|command| command.key.body_hash))
        .fetch_one(&mut *connection)
        .await?;
    let mut answer = if one.is_some() { Answer::read_one(&row) } else { Answer::read(&row) }?;
    answer.name(connection, &pool.statements, &append).await?;
    Ok(answer)
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

fn knows_all(known: &Known, appends: &[Append<'_>]) -> bool {
    appends.iter().all(|append| {
        known.category(append.stream.category()).is_some()
            && append.events.iter().all(|event| known.type_id(event.name, event.version).is_some())
    })
}

/// The ids of all names in these appends; those without one get it now.
pub(crate) async fn names_for(
    session: &mut Session,
    pool: &Pool,
    appends: &[Append<'_>],
) -> Result<Arc<Known>, Failure> {
    let known = session.names.known();
    if knows_all(&known, appends) {
        return Ok(known);
    }
    let names = Arc::clone(&session.names);
    register(&mut session.connection, pool, &names, appends).await
}

async fn register(
    connection: &mut PgConnection,
    pool: &Pool,
    names: &Names,
    appends: &[Append<'_>],
) -> Result<Arc<Known>, Failure> {
    let known = names.known();
    let types = unknown_types(appends, &known);
    let mut categories: Vec<&str> = appends.iter().map(|append| append.stream.category()).collect();
    categories.sort_unstable();
    categories.dedup();
    pool.begin(connection).await?;
    let found = names::register(connection, &pool.statements, &categories, &types).await?;
    pool.commit(connection).await?;
    names.learn(found);
    Ok(names.known())
}

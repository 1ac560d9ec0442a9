//! What became of an append whose connection broke before the answer came.

use std::time::Duration;

use es_core::{Append, AppendOutcome, Appended, Position, StoreError};
use sqlx::Row;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::check::Backend;
use crate::columns::bigint;
use crate::error::{Failure, unexpected};
use crate::pool::{Pool, Session};

/// How often the server is asked again.
const EVERY: Duration = Duration::from_millis(20);

/// The connection that broke.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) backend: Backend,
    pub(crate) failure: Failure,
}

/// Finds out: waits until the old backend is gone, so that nothing more can come of the append, then looks for the
/// events. If they are there, they were appended; else nothing was written, and the caller may try again.
pub(crate) async fn outcome(
    pool: &Pool,
    lost: Lost,
    appends: &[Append<'_>],
) -> Result<Vec<AppendOutcome>, StoreError> {
    let Some(first) = appends.first() else { return Ok(Vec::new()) };
    tracing::warn!(stream = %first.stream, error = %lost.failure, "connection lost while appending, looking for the outcome");
    let deadline = Instant::now() + pool.settings.patience;
    while Instant::now() < deadline {
        match ask(pool, &lost.backend, appends, deadline).await {
            Ok(Some(found)) => return Ok(found.into_iter().map(AppendOutcome::Appended).collect()),
            // Behind a pooler nobody can tell whether the old backend is gone: it may still write them.
            Ok(None) if pool.settings.pooler => sleep(EVERY).await,
            Ok(None) => return Err(lost.failure.into()),
            Err(Unanswered::Away) => sleep(EVERY).await,
            Err(Unanswered::Refused(refusal)) => {
                return Err(StoreError::OutcomeUnknown {
                    stream: first.stream.clone(),
                    source: refusal.into(),
                });
            }
        }
    }
    Err(StoreError::OutcomeUnknown { stream: first.stream.clone(), source: lost.failure.into() })
}

/// Why nobody could answer.
enum Unanswered {
    /// The server is still away, or has gone again.
    Away,
    /// A server is there, and it is not one that this store may talk to: waiting does not help.
    Refused(StoreError),
}

async fn ask(
    pool: &Pool,
    backend: &Backend,
    appends: &[Append<'_>],
    deadline: Instant,
) -> Result<Option<Vec<Appended>>, Unanswered> {
    let mut session = pool.connect().await.map_err(|error| match StoreError::from(error) {
        error if error.is_retryable() => Unanswered::Away,
        error => Unanswered::Refused(error),
    })?;
    pool.begin(&mut session.connection).await.map_err(|_| Unanswered::Away)?;
    while !pool.settings.pooler && lives(&mut session, pool, backend).await.map_err(|_| Unanswered::Away)? {
        if Instant::now() >= deadline {
            return Err(Unanswered::Away);
        }
        sleep(EVERY).await;
    }
    let mut found = Vec::with_capacity(appends.len());
    for append in appends {
        match find(&mut session, pool, append).await.map_err(|_| Unanswered::Away)? {
            Some(appended) => found.push(appended),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

async fn lives(session: &mut Session, pool: &Pool, backend: &Backend) -> Result<bool, Failure> {
    let call = pool.statements.backend_lives.call().bind(backend.pid).bind(backend.started);
    let row = call.fetch_one(&mut session.connection).await?;
    Ok(row.try_get(0)?)
}

/// The events of an append, if the stream holds them with these ids at these revisions.
async fn find(
    session: &mut Session,
    pool: &Pool,
    append: &Append<'_>,
) -> Result<Option<Appended>, StoreError> {
    let rows = pool
        .statements
        .find_appended
        .call()
        .bind(append.stream.category())
        .bind(append.stream.key())
        .bind(bigint(append.expected.next()))
        .bind(bigint(append.last_revision()))
        .fetch_all(&mut session.connection)
        .await
        .map_err(Failure::from)?;
    let mut appended = None;
    let mut positions = Vec::with_capacity(rows.len());
    for (row, event) in rows.iter().zip(append.events) {
        let id: Uuid = row.try_get(0).map_err(unexpected)?;
        if id != event.id {
            return Ok(None);
        }
        positions.push(Position::new(row.try_get::<i64, _>(1).map_err(unexpected)?.cast_unsigned()));
        appended = Some(row.try_get::<OffsetDateTime, _>(2).map_err(unexpected)?);
    }
    let complete = positions.len() == append.events.len();
    Ok(appended.filter(|_| complete).map(|recorded_at| Appended { positions, recorded_at }))
}

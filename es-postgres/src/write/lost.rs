//! Finding the outcome of an append whose connection broke before the answer arrived.

use std::sync::Arc;
use std::time::Duration;

use es_core::store::{Append, AppendOutcome, Appended};
use es_core::{Position, StoreError};
use sqlx::Row;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};
use uuid::Uuid;

use crate::connect::check::Backend;
use crate::connect::columns::{ONLY, find_appended};
use crate::connect::failure::{Failure, unexpected};
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;

/// The interval at which the server is asked again.
const LOST_APPEND_POLL: Duration = Duration::from_millis(20);

const LOOKING_FOR_OUTCOME: &str = "connection lost while appending, looking for the outcome";

/// The connection that broke, and how.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) backend: Backend,
    pub(crate) failure: Failure,
}

impl Lost {
    /// Finds the outcome of one append.
    pub(crate) async fn find(
        self,
        pool: &Arc<Pool>,
        append: Append<'_>,
    ) -> Result<AppendOutcome, StoreError> {
        let mut found = self.find_each(pool, &[append]).await;
        found.pop().unwrap_or_else(|| Err(unexpected("no outcome")))
    }

    /// Finds the outcomes of an atomic append to several streams.
    pub(crate) async fn find_all(
        self,
        pool: &Arc<Pool>,
        appends: &[Append<'_>],
    ) -> Result<Vec<AppendOutcome>, StoreError> {
        let written = written(appends);
        if written.is_empty() {
            return Err(self.failure.into());
        }
        let mut found = self.find_each(pool, &written).await.into_iter();
        of_all(appends, &mut found)
    }

    /// Finds the outcome of each append. Boxed: see [`Pool::connect`].
    pub(crate) async fn find_each(
        self,
        pool: &Arc<Pool>,
        appends: &[Append<'_>],
    ) -> Vec<Result<AppendOutcome, StoreError>> {
        pool.counters.lost_answers.add(appends.len());
        let outcomes = Box::pin(self.look_for_each(pool, appends)).await;
        for outcome in &outcomes {
            match outcome {
                Ok(_) => pool.counters.found_answers.count(),
                Err(StoreError::OutcomeUnknown { .. }) => pool.counters.unknown_outcomes.count(),
                Err(_) => {}
            }
        }
        outcomes
    }

    /// Waits until the old backend has ended, so that it can no longer write, then looks for the events of
    /// each append. If they are stored, it was appended; otherwise nothing was written, and the caller may
    /// try again.
    async fn look_for_each(
        self,
        pool: &Arc<Pool>,
        appends: &[Append<'_>],
    ) -> Vec<Result<AppendOutcome, StoreError>> {
        let Self { backend, failure } = self;
        let lost = appends.len();
        // When a server fails, there are many at once.
        match pool.seldom.due("lost appends") {
            Some(left_out) => warn!(appends = lost, error = %failure, left_out, "{LOOKING_FOR_OUTCOME}"),
            None => debug!(appends = lost, error = %failure, "{LOOKING_FOR_OUTCOME}"),
        }
        let deadline = Instant::now() + pool.settings.patience;
        let mut found = Vec::new();
        let mut unknown = failure.to_string();
        while Instant::now() < deadline {
            match ask(pool, &backend, appends, deadline).await {
                // Behind a pooler it is unknown whether the old backend has ended: it may still write them.
                Ok(answers) if pool.settings.pooler && answers.contains(&None) => found = answers,
                Ok(answers) => {
                    return answers
                        .into_iter()
                        .map(|answer| appended_or(answer, || failure.clone().into()))
                        .collect();
                }
                Err(Unanswered::Away) => {}
                Err(Unanswered::Refused(refusal)) => {
                    unknown = refusal.to_string();
                    break;
                }
            }
            sleep(LOST_APPEND_POLL).await;
        }
        found.resize(appends.len(), None);
        let answers = found.into_iter().zip(appends);
        answers
            .map(|(answer, append)| {
                appended_or(answer, || StoreError::OutcomeUnknown {
                    stream: append.stream.clone(),
                    source: unknown.clone().into(),
                })
            })
            .collect()
    }
}

/// The appends that leave a trace. Conditions leave none: they were met if the events of the others are
/// stored.
pub(crate) fn written<'a>(appends: &[Append<'a>]) -> Vec<Append<'a>> {
    appends.iter().filter(|append| !append.is_condition()).copied().collect()
}

/// The outcomes of an atomic append, from what was found of those that leave a trace, in their order.
pub(crate) fn of_all(
    appends: &[Append<'_>],
    found: &mut impl Iterator<Item = Result<AppendOutcome, StoreError>>,
) -> Result<Vec<AppendOutcome>, StoreError> {
    let count = written(appends).len();
    // All of them are taken, whatever the first one is.
    let found: Vec<_> = found.take(count).collect();
    let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
    let recorded_at = found.iter().find_map(|outcome| match outcome {
        AppendOutcome::Appended(appended) => Some(appended.recorded_at),
        _ => None,
    });
    let met = recorded_at.map(|recorded_at| Appended::new(Vec::new(), recorded_at));
    let met = met.map_or(AppendOutcome::NotWritten, AppendOutcome::Appended);
    let mut found = found.into_iter();
    let outcome = |append: &Append<'_>| {
        if append.is_condition() { met.clone() } else { found.next().unwrap_or(AppendOutcome::NotWritten) }
    };
    Ok(appends.iter().map(outcome).collect())
}

fn appended_or(
    found: Option<Appended>,
    error: impl FnOnce() -> StoreError,
) -> Result<AppendOutcome, StoreError> {
    found.map(AppendOutcome::Appended).ok_or_else(error)
}

/// Why there was no answer.
enum Unanswered {
    /// The server is unavailable.
    Away,
    /// The server is there, but this store may not use it: waiting does not help.
    Refused(StoreError),
}

async fn ask(
    pool: &Pool,
    backend: &Backend,
    appends: &[Append<'_>],
    deadline: Instant,
) -> Result<Vec<Option<Appended>>, Unanswered> {
    let mut session = pool.connect().await.map_err(|error| match StoreError::from(error) {
        error if error.is_retryable() => Unanswered::Away,
        error => Unanswered::Refused(error),
    })?;
    pool.begin(&mut session.connection).await.map_err(|_| Unanswered::Away)?;
    end(&mut session, pool, backend).await;
    while !pool.settings.pooler
        && is_alive(&mut session, pool, backend).await.map_err(|_| Unanswered::Away)?
    {
        if Instant::now() >= deadline {
            return Err(Unanswered::Away);
        }
        sleep(LOST_APPEND_POLL).await;
    }
    let mut found = Vec::with_capacity(appends.len());
    for append in appends {
        found.push(find(&mut session, pool, append).await.map_err(|_| Unanswered::Away)?);
    }
    if found.iter().any(Option::is_some) {
        let kept = tokio::time::timeout_at(deadline, keep(&mut session, pool)).await;
        kept.map_err(|_| Unanswered::Away)?.map_err(|_| Unanswered::Away)?;
    }
    Ok(found)
}

/// Waits for what an append waits for before it is acknowledged: after a crash a server shows events of
/// commits that were still waiting for a synchronous standby, and the next failover would lose them.
async fn keep(session: &mut Session, pool: &Pool) -> Result<(), sqlx::Error> {
    pool.settings.answered(pool.statements.keep_found.call().execute(&mut session.connection)).await?;
    pool.commit(&mut session.connection).await
}

/// Terminates the old backend if it is idle: it waits for a client that is gone. A role that may not
/// terminate it waits until it ends by itself.
async fn end(session: &mut Session, pool: &Pool, backend: &Backend) {
    if pool.settings.pooler {
        return;
    }
    let call = pool.statements.end_backend.call().bind(backend.pid).bind(backend.started);
    if let Err(error) =
        pool.settings.answered::<_, Failure>(async { Ok(call.execute(&mut session.connection).await?) }).await
    {
        debug!(%error, "the old server process was not ended");
    }
}

async fn is_alive(session: &mut Session, pool: &Pool, backend: &Backend) -> Result<bool, Failure> {
    let call = pool.statements.backend_lives.call().bind(backend.pid).bind(backend.started);
    let row = pool.settings.answered(call.fetch_one(&mut session.connection)).await?;
    Ok(row.try_get(ONLY)?)
}

/// Finds the events of an append, if the stream has them with these ids at these revisions.
async fn find(
    session: &mut Session,
    pool: &Pool,
    append: &Append<'_>,
) -> Result<Option<Appended>, StoreError> {
    let call = pool
        .statements
        .find_appended
        .call()
        .bind(append.stream.category())
        .bind(append.stream.key())
        .bind(bigint(append.expected.next()))
        .bind(bigint(append.last_revision()));
    let rows =
        pool.settings.answered(call.fetch_all(&mut session.connection)).await.map_err(Failure::from)?;
    let mut appended = None;
    let mut positions = Vec::with_capacity(rows.len());
    for (row, event) in rows.iter().zip(append.events) {
        let id: Uuid = row.try_get(find_appended::EVENT_ID).map_err(unexpected)?;
        if id != event.id {
            return Ok(None);
        }
        let position: i64 = row.try_get(find_appended::POSITION).map_err(unexpected)?;
        positions.push(Position::new(position.cast_unsigned()));
        appended = Some(row.try_get::<OffsetDateTime, _>(find_appended::RECORDED_AT).map_err(unexpected)?);
    }
    let complete = positions.len() == append.events.len();
    Ok(appended.filter(|_| complete).map(|recorded_at| Appended::new(positions, recorded_at)))
}

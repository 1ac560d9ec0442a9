//! Appending to several streams: one call of one function, all or nothing.

use es_core::{Append, AppendOutcome, StoreError};
use sqlx::PgConnection;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::postgres::types::PgRecordDecoder;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::append::names_for;
use crate::columns::{EventColumns, MetadataColumns, bigint};
use crate::error::{Failure, unexpected};
use crate::names::Known;
use crate::outcome::{Answer, positions};
use crate::pool::Pool;
use crate::recover::{self, Lost};

pub(crate) async fn append_all(
    pool: &Pool,
    appends: &[Append<'_>],
) -> Result<Vec<AppendOutcome>, StoreError> {
    for (at, append) in appends.iter().enumerate() {
        append.check(pool.settings.limits)?;
        if appends[..at].iter().any(|other| other.stream == append.stream) {
            return Err(StoreError::DuplicateStream { stream: append.stream.clone() });
        }
    }
    if appends.is_empty() {
        return Ok(Vec::new());
    }
    let mut lease = pool.lease().await?;
    let known = match names_for(&mut lease, pool, appends).await {
        Ok(known) => known,
        Err(failure) => {
            lease.keep_after(&failure);
            return Err(failure.into());
        }
    };
    let row = match call(&mut lease.session.connection, pool, appends, &known).await? {
        Ok(row) => row,
        Err(failure) => {
            let backend = lease.session.backend;
            let lost = failure.is_lost();
            lease.keep_after(&failure);
            if !lost {
                return Err(failure.into());
            }
            return recover::outcome(pool, Lost { backend, failure }, appends).await;
        }
    };
    lease.keep();
    let answers = Answers::read(&row)?.split(appends)?;
    answers.into_iter().zip(appends).map(|(answer, append)| answer.of(append)).collect()
}

async fn call(
    connection: &mut PgConnection,
    pool: &Pool,
    appends: &[Append<'_>],
    known: &Known,
) -> Result<Result<PgRow, Failure>, StoreError> {
    let mut events = EventColumns::default();
    let mut metadata = MetadataColumns::default();
    for append in appends {
        events.extend(append.events, known)?;
        metadata.extend(append.events);
    }
    let commands = || appends.iter().map(|append| append.command);
    let called = pool
        .statements
        .append_all
        .call()
        .bind(true)
        .bind(appends.iter().map(|append| known.category(append.stream.category())).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| append.stream.key()).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| bigint(append.expected)).collect::<Vec<_>>())
        .bind(appends.iter().map(|append| append.head).collect::<Vec<Option<Uuid>>>())
        .bind(
            appends
                .iter()
                .map(|append| i32::try_from(append.events.len()))
                .collect::<Result<Vec<_>, _>>()
                .map_err(unexpected)?,
        )
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
        .fetch_one(connection)
        .await;
    Ok(called.map_err(Failure::from))
}

/// The record of `append_all`: one element for each append, and the positions of all events in a row.
struct Answers {
    outcomes: Vec<String>,
    positions: Vec<i64>,
    recorded_at: Option<OffsetDateTime>,
    revisions: Vec<Option<i64>>,
    event_counts: Vec<Option<i64>>,
    body_hashes: Vec<Option<i64>>,
}

impl Answers {
    fn read(row: &PgRow) -> Result<Self, StoreError> {
        let mut record = PgRecordDecoder::new(row.try_get_raw(0).map_err(unexpected)?).map_err(unexpected)?;
        Ok(Self {
            outcomes: record.try_decode().map_err(unexpected)?,
            positions: record.try_decode::<Option<_>>().map_err(unexpected)?.unwrap_or_default(),
            recorded_at: record.try_decode().map_err(unexpected)?,
            revisions: record.try_decode::<Option<_>>().map_err(unexpected)?.unwrap_or_default(),
            event_counts: record.try_decode::<Option<_>>().map_err(unexpected)?.unwrap_or_default(),
            body_hashes: record.try_decode::<Option<_>>().map_err(unexpected)?.unwrap_or_default(),
        })
    }

    fn split(self, appends: &[Append<'_>]) -> Result<Vec<Answer>, StoreError> {
        if self.outcomes.len() != appends.len() {
            return Err(unexpected("append_all did not answer each append"));
        }
        let at = |numbers: &[Option<i64>], index: usize| numbers.get(index).copied().flatten();
        let mut rest = self.positions.into_iter();
        let answers = self.outcomes.into_iter().zip(appends).enumerate();
        Ok(answers
            .map(|(index, (outcome, append))| Answer {
                outcome,
                positions: positions(rest.by_ref().take(append.events.len()).collect()),
                recorded_at: self.recorded_at,
                revision: at(&self.revisions, index),
                event_count: at(&self.event_counts, index),
                body_hash: at(&self.body_hashes, index),
            })
            .collect())
    }
}

//! Many appends in one call, each of which stands for itself.

use std::pin::pin;
use std::sync::Arc;
use std::vec;

use es_core::{Append, AppendOutcome, Appended, Revision, StoreError};
use sqlx::Row;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use time::OffsetDateTime;
use uuid::Uuid;

use super::queue::Chain;
use crate::connect::columns::append_batch;
use crate::connect::failure::{CallError, Failure, unexpected};
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer;
use crate::write::columns::{EventColumns, MetadataColumns, bound};
use crate::write::lost::Lost;
use crate::write::names::Attempts;

/// What `append_batch` answers: what became of each chain, and where the events of those that were appended
/// are stored, in a row.
pub(super) struct Answer {
    pub(super) fates: Vec<Fate>,
    pub(super) positions: Vec<i64>,
}

/// What became of a chain.
pub(super) enum Fate {
    /// When.
    Appended(OffsetDateTime),
    Conflict(Revision),
    /// Nothing was written; another call has to tell.
    Apart,
}

/// Why a batch has no answer.
pub(super) enum Trouble {
    NotWritten,
    Lost(Lost),
}

/// Sends all in one call.
pub(super) async fn send(pool: &Arc<Pool>, chains: &[Chain]) -> Result<Answer, Trouble> {
    // If there is no connection to be had, each caller is told why.
    let mut session = pool.hurried().await.map_err(|_| Trouble::NotWritten)?;
    let backend = session.backend;
    let longest = pool.settings.lock_patience;
    let answer = {
        let call = pin!(call(&mut session, pool, chains));
        pool.settings.answered_after(longest, chains.len(), call).await
    };
    match answer {
        Ok(row) => match Answer::read(&row, chains) {
            Ok(answer) => {
                pool.keep_hurried(session, None);
                Ok(answer)
            }
            // What was written can still be found, once the session is gone.
            Err(error) => Err(Trouble::Lost(Lost { backend, failure: Failure::Client(error.to_string()) })),
        },
        Err(stopped) => {
            pool.keep_hurried(session, Some(&stopped));
            Err(match stopped {
                CallError::Failed(failure) if failure.leaves_doubt() => {
                    Trouble::Lost(Lost { backend, failure })
                }
                _ => Trouble::NotWritten,
            })
        }
    }
}

async fn call(session: &mut Session, pool: &Pool, chains: &[Chain]) -> Result<PgRow, CallError> {
    let appends: Vec<Append<'_>> = chains.iter().flatten().map(|waiting| waiting.append()).collect();
    let mut names = Attempts::begin(&mut session.connection, pool, &appends).await?;
    loop {
        let call = bound(|| bind(pool, chains, names.known()))?;
        session.begin(&pool.settings).await?;
        let row = call.fetch_optional(&mut session.connection).await?;
        pool.commit(&mut session.connection).await?;
        match row {
            Some(row) => return Ok(row),
            None => names.again(&mut session.connection, pool, &appends).await?,
        }
    }
}

/// The commands of a batch, one array for each column.
#[derive(Default)]
struct CommandColumns<'a> {
    appends: Vec<i32>,
    offsets: Vec<i32>,
    counts: Vec<i32>,
    ids: Vec<Uuid>,
    names: Vec<&'a str>,
    body_hashes: Vec<Option<i64>>,
}

/// What a batch writes: an array for each parameter.
struct BatchColumns<'a> {
    /// For each chain, how many events there are up to its end.
    through: Vec<i32>,
    /// For each event, the number of its chain.
    appends: Vec<i32>,
    events: EventColumns<'a>,
    metadata: MetadataColumns,
    commands: CommandColumns<'a>,
}

impl<'a> BatchColumns<'a> {
    fn gather(chains: &'a [Chain], known: &Known) -> Result<Self, StoreError> {
        let count = chains.iter().flatten().map(|waiting| waiting.events.len()).sum();
        let mut columns = Self {
            through: Vec::with_capacity(chains.len()),
            appends: Vec::with_capacity(count),
            events: EventColumns::for_events(count),
            metadata: MetadataColumns::for_events(count),
            commands: CommandColumns::default(),
        };
        let Self { through, appends, events, metadata, commands } = &mut columns;
        for (chain, ordinal) in chains.iter().zip(1_i32..) {
            let mut count = 0;
            for waiting in chain {
                events.extend(&waiting.events, known)?;
                metadata.extend(&waiting.events);
                let length = i32::try_from(waiting.events.len()).map_err(unexpected)?;
                if let Some((key, name)) = &waiting.command {
                    commands.appends.push(ordinal);
                    commands.offsets.push(count);
                    commands.counts.push(length);
                    commands.ids.push(key.id);
                    commands.names.push(name);
                    commands.body_hashes.push(key.body_hash);
                }
                count += length;
            }
            appends.resize(events.ids.len(), ordinal);
            through.push(i32::try_from(events.ids.len()).map_err(unexpected)?);
        }
        Ok(columns)
    }
}

fn bind<'q>(
    pool: &Pool,
    chains: &'q [Chain],
    known: &Known,
) -> Result<Query<'q, Postgres, PgArguments>, StoreError> {
    let BatchColumns { through, appends, events, metadata, commands } = BatchColumns::gather(chains, known)?;
    let firsts = || chains.iter().filter_map(|chain| chain.first());
    Ok(pool
        .statements
        .append_batch
        .call()
        .bind(firsts().map(|first| known.category(first.stream.category())).collect::<Vec<_>>())
        .bind(firsts().map(|first| first.stream.key()).collect::<Vec<_>>())
        .bind(firsts().map(|first| bigint(first.expected)).collect::<Vec<_>>())
        .bind(firsts().map(|first| first.head).collect::<Vec<_>>())
        .bind(through)
        .bind(appends)
        .bind(events.ids)
        .bind(events.types)
        .bind(events.payloads)
        .bind(unless_null(metadata.occurred))
        .bind(unless_null(metadata.correlations))
        .bind(unless_null(metadata.causations))
        .bind(unless_null(metadata.json))
        .bind(commands.appends)
        .bind(commands.offsets)
        .bind(commands.counts)
        .bind(commands.ids)
        .bind(commands.names)
        .bind(commands.body_hashes)
        .bind(known.token()))
}

/// An array of nulls is sent as an empty one.
fn unless_null<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

impl Answer {
    /// Refused unless it says where and when each event is stored.
    fn read(row: &PgRow, chains: &[Chain]) -> Result<Self, StoreError> {
        let outcomes: Option<Vec<String>> = row.try_get(append_batch::OUTCOMES).map_err(unexpected)?;
        let positions: Option<Vec<i64>> = row.try_get(append_batch::POSITIONS).map_err(unexpected)?;
        let recorded_at: Option<OffsetDateTime> =
            row.try_get(append_batch::RECORDED_AT).map_err(unexpected)?;
        let revisions: Option<Vec<Option<i64>>> = row.try_get(append_batch::REVISIONS).map_err(unexpected)?;
        let incomplete = || unexpected("append_batch did not answer each append");
        // No outcomes: all were appended.
        if outcomes.as_ref().is_some_and(|outcomes| outcomes.len() != chains.len()) {
            return Err(incomplete());
        }
        let mut outcomes = outcomes.into_iter().flatten();
        let mut revisions = revisions.into_iter().flatten();
        let (mut fates, mut stored) = (Vec::with_capacity(chains.len()), 0);
        for chain in chains {
            let (outcome, revision) = (outcomes.next(), revisions.next().flatten());
            fates.push(match outcome.as_deref() {
                None | Some("appended") => {
                    stored += chain.iter().map(|waiting| waiting.events.len()).sum::<usize>();
                    Fate::Appended(recorded_at.ok_or_else(incomplete)?)
                }
                Some("conflict") => {
                    Fate::Conflict(Revision::new(revision.unwrap_or_default().cast_unsigned()))
                }
                // Also a session with another isolation level: the call of its own says so.
                Some(_) => Fate::Apart,
            });
        }
        let positions = positions.unwrap_or_default();
        if positions.len() == stored { Ok(Self { fates, positions }) } else { Err(incomplete()) }
    }
}

/// Hands each append of a chain its part of the positions.
pub(super) fn answer_each(chain: Chain, positions: &mut vec::IntoIter<i64>, recorded_at: OffsetDateTime) {
    for waiting in chain {
        let positions = answer::positions(positions.take(waiting.events.len()).collect());
        waiting.answer(Ok(AppendOutcome::Appended(Appended { positions, recorded_at })));
    }
}

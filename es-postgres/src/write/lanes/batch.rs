//! A batch: many independent appends in one call.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use es_core::store::{Append, AppendOutcome, Appended};
use es_core::{Revision, StoreError};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use uuid::Uuid;

use super::queue::Chain;
use crate::connect::failure::{CallError, Failure, unexpected};
use crate::connect::names::Known;
use crate::connect::number::bigint;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer::{Answer, Outcome};
use crate::write::columns::{EventColumns, MetadataColumns, bound};
use crate::write::lost::Lost;
use crate::write::names::Attempts;

/// The outcome of a chain.
pub(super) enum ChainOutcome {
    Appended(Appended),
    Conflict(Revision),
    /// Nothing was written; the chain has to be sent in a call of its own.
    Apart,
}

impl ChainOutcome {
    /// The outcome of a chain with this many events.
    fn of(answer: Answer, events: usize) -> Result<Self, StoreError> {
        match answer.outcome {
            Outcome::Appended => Ok(Self::Appended(answer.appended(events)?)),
            Outcome::Conflict => Ok(Self::Conflict(answer.revision()?)),
            // Includes a session with the wrong isolation level: the separate call reports that.
            _ => Ok(Self::Apart),
        }
    }
}

/// Why a batch got no answer.
pub(super) enum BatchError {
    NotWritten,
    Lost(Lost),
}

/// Sends all chains in one call, and returns the outcome of each.
pub(super) async fn send(pool: &Arc<Pool>, chains: &[Chain]) -> Result<Vec<ChainOutcome>, BatchError> {
    // Without a connection each append is sent separately, and fails with its own error.
    let mut session = pool.append_session().await.map_err(|_| BatchError::NotWritten)?;
    let backend = session.backend;
    let longest = pool.settings.append_lock_timeout;
    let answer = {
        let call = pin!(call(&mut session, pool, chains));
        pool.settings.answered_after(longest, chains.len(), call).await
    };
    match answer {
        Ok(row) => match read(&row, chains) {
            Ok(outcomes) => {
                pool.keep_append_session(session, None);
                Ok(outcomes)
            }
            // The events may have been written; they can be looked for once the session has ended.
            Err(error) => {
                Err(BatchError::Lost(Lost { backend, failure: Failure::Client(error.to_string()) }))
            }
        },
        Err(stopped) => {
            pool.keep_append_session(session, Some(&stopped));
            Err(match stopped {
                CallError::Failed(failure) if failure.has_unknown_outcome() => {
                    BatchError::Lost(Lost { backend, failure })
                }
                _ => BatchError::NotWritten,
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

fn read(row: &PgRow, chains: &[Chain]) -> Result<Vec<ChainOutcome>, StoreError> {
    let events = |chain: &Chain| chain.iter().map(|waiting| waiting.events.len()).sum();
    let counts: Vec<usize> = chains.iter().map(events).collect();
    let answers = Answer::read_batch(row, &counts)?;
    answers.into_iter().zip(counts).map(|(answer, events)| ChainOutcome::of(answer, events)).collect()
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

/// The contents of a batch: one array for each parameter.
struct BatchColumns<'a> {
    /// For each chain, the number of events up to its end.
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

/// An array that holds only nulls is sent as an empty one.
fn unless_null<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

/// Answers each append of a chain with its share of the positions.
pub(super) fn answer_each(chain: Chain, Appended { mut positions, recorded_at, .. }: Appended) {
    for waiting in chain {
        let left = positions.split_off(waiting.events.len());
        let positions = mem::replace(&mut positions, left);
        waiting.answer(Ok(AppendOutcome::Appended(Appended::new(positions, recorded_at))));
    }
}

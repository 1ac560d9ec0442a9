//! Many appends in one call, each of which stands for itself.

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

/// What became of a chain.
pub(super) enum Fate {
    Appended(Appended),
    Conflict(Revision),
    /// Nothing was written; another call has to tell.
    Apart,
}

impl Fate {
    /// That of a chain with so many events.
    fn of(answer: Answer, events: usize) -> Result<Self, StoreError> {
        match answer.outcome {
            Outcome::Appended => Ok(Self::Appended(answer.appended(events)?)),
            Outcome::Conflict => Ok(Self::Conflict(answer.revision()?)),
            // Also a session with another isolation level: the call of its own says so.
            _ => Ok(Self::Apart),
        }
    }
}

/// Why a batch has no answer.
pub(super) enum Trouble {
    NotWritten,
    Lost(Lost),
}

/// Sends all in one call, and tells what became of each chain.
pub(super) async fn send(pool: &Arc<Pool>, chains: &[Chain]) -> Result<Vec<Fate>, Trouble> {
    // If there is no connection to be had, each caller is told why.
    let mut session = pool.hurried().await.map_err(|_| Trouble::NotWritten)?;
    let backend = session.backend;
    let longest = pool.settings.lock_patience;
    let answer = {
        let call = pin!(call(&mut session, pool, chains));
        pool.settings.answered_after(longest, chains.len(), call).await
    };
    match answer {
        Ok(row) => match read(&row, chains) {
            Ok(fates) => {
                pool.keep_hurried(session, None);
                Ok(fates)
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

fn read(row: &PgRow, chains: &[Chain]) -> Result<Vec<Fate>, StoreError> {
    let events = |chain: &Chain| chain.iter().map(|waiting| waiting.events.len()).sum();
    let counts: Vec<usize> = chains.iter().map(events).collect();
    let answers = Answer::read_batch(row, &counts)?;
    answers.into_iter().zip(counts).map(|(answer, events)| Fate::of(answer, events)).collect()
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

/// Hands each append of a chain its part of the positions.
pub(super) fn answer_each(chain: Chain, Appended { mut positions, recorded_at }: Appended) {
    for waiting in chain {
        let left = positions.split_off(waiting.events.len());
        let positions = mem::replace(&mut positions, left);
        waiting.answer(Ok(AppendOutcome::Appended(Appended { positions, recorded_at })));
    }
}

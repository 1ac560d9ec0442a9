//! What a lane carries: one append, or many in one call, each of which stands for itself.

use es_core::{Append, AppendOutcome, Appended, Position, Revision, StoreError};
use sqlx::Row;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use time::OffsetDateTime;
use tracing::{Instrument, debug_span};
use uuid::Uuid;

use super::Way;
use super::queue::{Chain, Work};
use crate::append::{self, CallError};
use crate::columns::{EventColumns, MetadataColumns, bigint};
use crate::error::{Failure, unexpected};
use crate::names::Known;
use crate::pool::{Pool, Session};
use crate::recover::Lost;

/// What became of a chain.
enum Fate {
    Appended(Appended),
    Conflict(Revision),
    /// Nothing was written; another call has to tell.
    Apart,
}

impl Way {
    pub(super) async fn carry(mut self, work: Work) {
        match work {
            Work::Large(waiting) => {
                let outcome = append::apart(&self.pool, waiting.append()).await;
                waiting.answer(outcome);
            }
            Work::Batch(chains) => match &chains[..] {
                [chain] if chain.len() == 1 => self.carry_one(chains).await,
                _ => self.carry_all(chains).await,
            },
        }
        self.let_the_answered_go_first().await;
    }

    /// Callers in a loop come back as soon as they are woken. Were the lane idle before they have had a turn, the first of them
    /// would go alone, and all others would wait for it. A second turn is for those that another thread of the runtime took.
    async fn let_the_answered_go_first(&self) {
        for _ in 0..2 {
            tokio::task::yield_now().await;
        }
    }

    async fn carry_one(&mut self, chains: Vec<Chain>) {
        for waiting in chains.into_iter().flatten() {
            let outcome = self.append(waiting.append()).await;
            waiting.answer(outcome);
        }
    }

    async fn carry_all(&mut self, chains: Vec<Chain>) {
        let appends: usize = chains.iter().map(Vec::len).sum();
        let span = debug_span!("append_batch", streams = chains.len(), appends);
        let fates = match self.send_all(&chains).instrument(span).await {
            Ok(fates) => fates,
            Err(Trouble::Lost(lost)) => {
                self.leave_lane();
                let waiting: Vec<_> = chains.into_iter().flatten().collect();
                let appends: Vec<_> = waiting.iter().map(|waiting| waiting.append()).collect();
                let outcomes = lost.find_each(&self.pool, &appends).await;
                drop(appends);
                for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
                    waiting.answer(outcome);
                }
                return;
            }
            // One of them is refused, and only they themselves can tell which.
            Err(Trouble::NotWritten) => chains.iter().map(|_| Fate::Apart).collect(),
        };
        for (chain, fate) in chains.into_iter().zip(fates) {
            match fate {
                Fate::Appended(appended) => answer_each(chain, appended),
                Fate::Conflict(actual) => {
                    for waiting in chain {
                        waiting.answer(Ok(AppendOutcome::Conflict { actual }));
                    }
                }
                Fate::Apart => self.send_apart(chain),
            }
        }
    }

    /// Appends a chain on a connection of the pool, one after the other, while the lane goes on.
    fn send_apart(&mut self, chain: Chain) {
        let Some(first) = chain.first() else { return };
        let way = self.beside(&first.stream);
        let runtime = first.runtime.clone();
        drop(runtime.spawn(async move {
            for waiting in chain {
                let outcome = append::apart(&way.pool, waiting.append()).await;
                waiting.answer(outcome);
            }
        }));
    }

    /// Sends all in one call.
    async fn send_all(&self, chains: &[Chain]) -> Result<Vec<Fate>, Trouble> {
        let pool = &self.pool;
        // If there is no connection to be had, each caller is told why.
        let mut session = pool.lanes.session(pool).await.map_err(|_| Trouble::NotWritten)?;
        let backend = session.backend;
        match call(&mut session, pool, chains).await {
            Ok(row) => match fates(&row, chains) {
                Ok(fates) => {
                    pool.lanes.keep(pool, session, None);
                    Ok(fates)
                }
                // What was written can still be found, once the session is gone.
                Err(error) => {
                    Err(Trouble::Lost(Lost { backend, failure: Failure::Client(error.to_string()) }))
                }
            },
            Err(stopped) => {
                pool.lanes.keep(pool, session, Some(&stopped));
                Err(match stopped {
                    CallError::Failed(failure) if failure.leaves_doubt() => {
                        Trouble::Lost(Lost { backend, failure })
                    }
                    _ => Trouble::NotWritten,
                })
            }
        }
    }
}

/// Why a batch has no answer.
enum Trouble {
    NotWritten,
    Lost(Lost),
}

async fn call(session: &mut Session, pool: &Pool, chains: &[Chain]) -> Result<PgRow, CallError> {
    let appends: Vec<Append<'_>> = chains.iter().flatten().map(|waiting| waiting.append()).collect();
    let known = append::names_for(session, pool, &appends).await.map_err(CallError::Failed)?;
    let call = bind(pool, chains, &known)?;
    session.begin(pool).await?;
    let row = call.fetch_one(&mut session.connection).await?;
    pool.commit(&mut session.connection).await?;
    Ok(row)
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

fn bind<'q>(
    pool: &Pool,
    chains: &'q [Chain],
    known: &Known,
) -> Result<Query<'q, Postgres, PgArguments>, StoreError> {
    let mut events = EventColumns::default();
    let mut metadata = MetadataColumns::default();
    let mut commands = CommandColumns::default();
    let mut appends = Vec::new();
    let mut through = Vec::with_capacity(chains.len());
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
        .bind(commands.body_hashes))
}

/// An array of nulls is sent as an empty one.
fn unless_null<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

fn fates(row: &PgRow, chains: &[Chain]) -> Result<Vec<Fate>, StoreError> {
    let outcomes: Vec<String> = row.try_get(0).map_err(unexpected)?;
    let positions: Option<Vec<i64>> = row.try_get(1).map_err(unexpected)?;
    let recorded_at: Option<OffsetDateTime> = row.try_get(2).map_err(unexpected)?;
    let revisions: Option<Vec<Option<i64>>> = row.try_get(3).map_err(unexpected)?;
    if outcomes.len() != chains.len() {
        return Err(unexpected("append_batch did not answer each append"));
    }
    let revisions = revisions.unwrap_or_default();
    let mut positions =
        positions.unwrap_or_default().into_iter().map(|number| Position::new(number.cast_unsigned()));
    let answers = outcomes.into_iter().zip(chains).enumerate();
    answers
        .map(|(at, (outcome, chain))| match (outcome.as_str(), recorded_at) {
            ("appended", Some(recorded_at)) => {
                let events = chain.iter().map(|waiting| waiting.events.len()).sum();
                let positions = positions.by_ref().take(events).collect();
                Ok(Fate::Appended(Appended { positions, recorded_at }))
            }
            ("conflict", _) => {
                let actual = revisions.get(at).copied().flatten().unwrap_or_default();
                Ok(Fate::Conflict(Revision::new(actual.cast_unsigned())))
            }
            // Also a session with another isolation level: the call of its own says so.
            _ => Ok(Fate::Apart),
        })
        .collect()
}

/// Hands each append of a chain its part of the positions.
fn answer_each(chain: Chain, appended: Appended) {
    let Appended { positions, recorded_at } = appended;
    let mut positions = positions.into_iter();
    for waiting in chain {
        let positions: Vec<Position> = positions.by_ref().take(waiting.events.len()).collect();
        let outcome = if positions.len() == waiting.events.len() {
            Ok(AppendOutcome::Appended(Appended { positions, recorded_at }))
        } else {
            Err(unexpected("append_batch did not say where each event was stored"))
        };
        waiting.answer(outcome);
    }
}

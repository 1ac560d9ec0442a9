//! A batch: many independent appends in one call.

use std::mem;
use std::pin::pin;
use std::sync::Arc;

use es_core::store::{Append, AppendOutcome, Appended};
use es_core::{Revision, StoreError};
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;

use super::columns::BatchColumns;
use super::waiting::{Chain, Waiting};
use crate::connect::failure::{CallError, Failure, unexpected};
use crate::connect::names::Known;
use crate::connect::pool::Pool;
use crate::connect::session::Session;
use crate::write::answer::{Answer, Outcome};
use crate::write::columns::bound;
use crate::write::lost::Lost;
use crate::write::names::{Attempts, all_registered};

/// What is sent in one call.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) chains: &'a [Chain],
    /// Atomic appends to several streams.
    pub(super) groups: &'a [&'a [Append<'a>]],
}

impl<'a> Batch<'a> {
    fn appends(self) -> Vec<Append<'a>> {
        let of_chains = self.chains.iter().flatten().map(Waiting::append);
        of_chains.chain(self.groups.iter().copied().flatten().copied()).collect()
    }

    /// The number of events in each row of the call.
    fn counts(self) -> Vec<usize> {
        let of_chains = self.chains.iter().map(|chain| chain.iter().map(|next| next.events().len()).sum());
        of_chains.chain(self.groups.iter().copied().flatten().map(|append| append.events.len())).collect()
    }
}

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

/// The outcome of an atomic append to several streams.
pub(super) enum GroupOutcome {
    Decided(Vec<AppendOutcome>),
    /// Nothing was written; it has to be sent in a call of its own.
    Apart,
}

impl GroupOutcome {
    fn of(answers: &mut impl Iterator<Item = Answer>, appends: &[Append<'_>]) -> Result<Self, StoreError> {
        let answers: Vec<Answer> = answers.take(appends.len()).collect();
        let is_decided = |answer: &Answer| {
            matches!(answer.outcome, Outcome::Appended | Outcome::Conflict | Outcome::NotWritten)
        };
        if !answers.iter().all(is_decided) {
            return Ok(Self::Apart);
        }
        let outcomes = answers.into_iter().zip(appends).map(|(answer, append)| answer.of(append));
        outcomes.collect::<Result<_, _>>().map(Self::Decided)
    }
}

/// The outcomes of a batch, in its order.
pub(super) struct Outcomes {
    pub(super) chains: Vec<ChainOutcome>,
    pub(super) groups: Vec<GroupOutcome>,
}

impl Outcomes {
    fn read(row: &PgRow, batch: Batch<'_>) -> Result<Self, StoreError> {
        let counts = batch.counts();
        let mut answers = Answer::read_batch(row, &counts)?.into_iter();
        let of_chains = answers.by_ref().take(batch.chains.len()).zip(counts);
        let chains =
            of_chains.map(|(answer, events)| ChainOutcome::of(answer, events)).collect::<Result<_, _>>()?;
        let groups = batch.groups.iter().map(|appends| GroupOutcome::of(&mut answers, appends));
        Ok(Self { chains, groups: groups.collect::<Result<_, _>>()? })
    }
}

/// Why a batch got no answer.
pub(super) enum BatchError {
    NotWritten,
    Lost(Lost),
}

/// Sends a batch in one call, and returns the outcomes.
pub(super) async fn send(pool: &Arc<Pool>, batch: Batch<'_>) -> Result<Outcomes, BatchError> {
    // Without a connection each append is sent separately, and fails with its own error.
    let mut session = pool.append_session().await.map_err(|_| BatchError::NotWritten)?;
    let backend = session.backend;
    let longest = pool.settings.append_lock_timeout;
    let rows = batch.chains.len() + batch.groups.iter().map(|appends| appends.len()).sum::<usize>();
    let answer = {
        let call = pin!(call(&mut session, pool, batch));
        pool.settings.answered_after(longest, rows, call).await
    };
    match answer {
        Ok(row) => match Outcomes::read(&row, batch) {
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

async fn call(session: &mut Session, pool: &Pool, batch: Batch<'_>) -> Result<PgRow, CallError> {
    let appends = batch.appends();
    // Those of groups are not registered by the call, but refused.
    if !batch.groups.iter().all(|appends| all_registered(pool, appends)) {
        return Err(CallError::Refused(unexpected("an event of a batch is not registered")));
    }
    let mut names = Attempts::begin(&mut session.connection, pool, &appends).await?;
    loop {
        let call = bound(|| bind(pool, batch, names.known()))?;
        session.begin(&pool.settings).await?;
        let row = call.fetch_optional(&mut session.connection).await?;
        pool.commit(&mut session.connection).await?;
        match row {
            Some(row) => return Ok(row),
            None if batch.groups.is_empty() => {
                names.again(&mut session.connection, pool, &appends).await?;
            }
            None => return Err(CallError::Refused(unexpected("the names are of another history"))),
        }
    }
}

fn bind<'q>(
    pool: &Pool,
    batch: Batch<'q>,
    known: &Known,
) -> Result<Query<'q, Postgres, PgArguments>, StoreError> {
    let counts = batch.counts();
    let mut columns = BatchColumns::for_rows(counts.len(), counts.iter().sum());
    for chain in batch.chains {
        columns.add(chain.iter().map(Waiting::append), known)?;
    }
    if batch.groups.is_empty() {
        return Ok(columns.bind(pool.statements.append_batch.call(), known));
    }
    let mut groups = vec![0; batch.chains.len()];
    for (appends, group) in batch.groups.iter().zip(1_i32..) {
        for append in *appends {
            columns.add([*append], known)?;
            groups.push(group);
        }
    }
    Ok(columns.bind(pool.statements.append_mixed.call().bind(groups), known))
}

/// Answers each append of a chain with its share of the positions.
pub(super) fn answer_each(chain: Chain, Appended { mut positions, recorded_at, .. }: Appended) {
    for waiting in chain {
        let left = positions.split_off(waiting.events().len());
        let positions = mem::replace(&mut positions, left);
        waiting.answer(Ok(AppendOutcome::Appended(Appended::new(positions, recorded_at))));
    }
}

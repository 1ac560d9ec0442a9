//! Executes the records that it takes from the lanes, one after the other.

use std::collections::VecDeque;
use std::sync::Arc;

use es_core::{EventStore, ExecuteError, ExecuteOptions, Metadata, Repository, Revision, StoreError};

use super::lanes::{Exit, Numbered};
use super::shared::Shared;
use super::stored::Fact;
use super::{ImportError, Problem, Record, TakesSteps, What};
use crate::domain::ApplicationId;

pub(super) struct Worker<A, S> {
    pub(super) repository: Repository<A, S>,
    pub(super) shared: Arc<Shared>,
}

impl<A: TakesSteps, S: EventStore + 'static> Worker<A, S> {
    /// Works until the log has no more, or until what was dealt out before the run halted is done.
    pub(super) async fn run(self, records: Exit) {
        let mut halt = self.shared.halted();
        loop {
            let next = tokio::select! {
                biased;
                next = records.next() => next,
                _ = halt.wait_for(|limit| *limit != u64::MAX) => None,
            };
            let Some(mut numbered) = next else { return };
            let case = numbered.record.case.clone();
            loop {
                self.take(numbered).await;
                match records.next_of(&case) {
                    Some(next) => numbered = next,
                    None => break,
                }
            }
        }
    }

    async fn take(&self, numbered: Numbered) {
        let Numbered { line, record, .. } = &numbered;
        if self.shared.is_over(*line) || self.shared.is_set_aside(*line, &record.case) {
            return;
        }
        let (line, case) = (*line, record.case.clone());
        match self.import(record).await {
            Ok(()) => {}
            Err(Failed::Bad(what)) => self.shared.bad(Problem { line, case: Some(case), what }),
            Err(Failed::Store(source)) => self.shared.fail(ImportError::Store { line, source }),
            Err(Failed::Behind { revision }) => {
                self.shared.fail(ImportError::Behind { line, case, seq: record.seq, revision });
            }
        }
    }

    async fn import(&self, record: &Record) -> Result<(), Failed> {
        if let Some(fact) = self.shared.next_stored(&record.case) {
            return self.compare(record, &fact);
        }
        let expected = Revision::new(record.seq);
        let mut metadata = Metadata::new().occurred_at(record.time);
        metadata.actor = record.actor.as_deref().map(String::from);
        let options = ExecuteOptions::new().metadata(metadata).expected_revision(expected);
        match self.repository.execute_with(&record.case, record.step, options).await {
            Ok(_) => {
                self.shared.count.add_written();
                Ok(())
            }
            Err(ExecuteError::Rejected(rejected)) => Err(Failed::Bad(What::Rejected(rejected))),
            // The store is ahead of the log: an earlier run, or another one at the same time, was here.
            Err(ExecuteError::Conflict { actual, .. }) if actual > expected => {
                let facts = self.stored_from(&record.case, expected.next()).await?;
                self.shared.keep_stored(&record.case, facts);
                match self.shared.next_stored(&record.case) {
                    Some(fact) => self.compare(record, &fact),
                    None => Err(Failed::Behind { revision: record.seq }),
                }
            }
            Err(ExecuteError::Conflict { actual, .. }) => Err(Failed::Behind { revision: actual.get() }),
            Err(ExecuteError::Store(error)) => Err(Failed::Store(error)),
            Err(error) => Err(Failed::Store(StoreError::Backend { source: error.into(), retryable: false })),
        }
    }

    /// All that the store holds of an application from a revision on, in one read.
    async fn stored_from(&self, case: &ApplicationId, from: Revision) -> Result<VecDeque<Fact>, StoreError> {
        let mut facts = VecDeque::new();
        let take = |stored| {
            facts.push_back(Fact::as_is::<A>(&stored)?);
            Ok(())
        };
        self.repository.history(case, from.., take).await?;
        Ok(facts)
    }

    fn compare(&self, record: &Record, stored: &Fact) -> Result<(), Failed> {
        let to_be = Fact::to_be::<A>(record).map_err(StoreError::from)?;
        if to_be == *stored {
            self.shared.count.add_present();
            return Ok(());
        }
        Err(Failed::Bad(What::Differs {
            revision: record.seq + 1,
            stored: stored.to_string(),
            record: to_be.to_string(),
        }))
    }
}

/// Why a record was not imported.
enum Failed {
    Bad(What),
    Store(StoreError),
    Behind { revision: u64 },
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

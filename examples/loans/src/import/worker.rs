//! Carries out the records of its applications, one after the other.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use es_core::{
    EventStore, ExecuteError, ExecuteOptions, Metadata, Repository, Revision, StoreError, StreamRange,
};
use tokio::sync::mpsc::Receiver;

use super::feed::Numbered;
use super::run::Shared;
use super::stored::Fact;
use super::{ImportError, Problem, Record, What};
use crate::domain::ApplicationId;
use crate::generation::Generation;

pub(super) struct Worker<A, S> {
    repository: Repository<A, S>,
    shared: Arc<Shared>,
    /// What the store holds of the applications that it knew before, as far as the log has not come by.
    stored: HashMap<ApplicationId, VecDeque<Fact>>,
}

impl<A: Generation, S: EventStore + 'static> Worker<A, S> {
    pub(super) fn new(repository: Repository<A, S>, shared: Arc<Shared>) -> Self {
        Self { repository, shared, stored: HashMap::new() }
    }

    /// Works until the log has no more, or until what was dealt out before the run halted is done.
    pub(super) async fn run(mut self, mut records: Receiver<Numbered>) {
        let mut halt = self.shared.halted();
        loop {
            let next = tokio::select! {
                biased;
                next = records.recv() => next,
                _ = halt.wait_for(|limit| *limit != u64::MAX) => None,
            };
            let Some((line, record)) = next else { return };
            if self.shared.is_over(line) || self.shared.is_aside(line, &record.case) {
                continue;
            }
            match self.import(&record).await {
                Ok(()) => {}
                Err(Failed::Bad(what)) => {
                    self.shared.bad(Problem { line, case: Some(record.case), what });
                }
                Err(Failed::Store(source)) => self.shared.fail(ImportError::Store { line, source }),
                Err(Failed::Behind { revision }) => {
                    let (case, seq) = (record.case, record.seq);
                    self.shared.fail(ImportError::Behind { line, case, seq, revision });
                }
            }
        }
    }

    async fn import(&mut self, record: &Record) -> Result<(), Failed> {
        if let Some(fact) = self.next_stored(&record.case) {
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
            Err(ExecuteError::Rejected(rejection)) => Err(Failed::Bad(What::Rejected(rejection))),
            // The store is ahead of the log: an earlier run, or another one at the same time, was here.
            Err(ExecuteError::Conflict { actual, .. }) if actual > expected => {
                let facts = self.stored_from(&record.case, expected.next()).await?;
                self.stored.insert(record.case.clone(), facts);
                match self.next_stored(&record.case) {
                    Some(fact) => self.compare(record, &fact),
                    None => Err(Failed::Behind { revision: record.seq }),
                }
            }
            Err(ExecuteError::Conflict { actual, .. }) => Err(Failed::Behind { revision: actual.get() }),
            Err(ExecuteError::Store(error)) => Err(Failed::Store(error)),
            Err(error) => Err(Failed::Store(StoreError::Backend { source: error.into(), retryable: false })),
        }
    }

    fn next_stored(&mut self, case: &ApplicationId) -> Option<Fact> {
        let facts = self.stored.get_mut(case)?;
        let fact = facts.pop_front();
        if facts.is_empty() {
            self.stored.remove(case);
        }
        fact
    }

    /// All that the store holds of an application from a revision on, in one read.
    async fn stored_from(&self, case: &ApplicationId, from: Revision) -> Result<VecDeque<Fact>, StoreError> {
        let mut facts = VecDeque::new();
        let take = |stored| {
            facts.push_back(Fact::as_is::<A>(&stored)?);
            Ok(())
        };
        self.repository.history(case, StreamRange::from(from), take).await?;
        Ok(facts)
    }

    fn compare(&self, record: &Record, stored: &Fact) -> Result<(), Failed> {
        let to_be = Fact::to_be::<A>(record).map_err(StoreError::from)?;
        match to_be {
            Some(fact) if fact == *stored => {
                self.shared.count.add_present();
                Ok(())
            }
            fact => Err(Failed::Bad(What::Differs {
                revision: record.seq + 1,
                stored: stored.to_string(),
                record: fact.map_or_else(|| record.step.to_string(), |fact| fact.to_string()),
            })),
        }
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

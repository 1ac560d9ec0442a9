//! One run of an import: starts the reader and the workers, halts them when it must, and says what became of
//! it.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use es_core::{EventStore, Repository, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::feed::feed;
use super::lanes::lanes;
use super::lines::Lines;
use super::stored::Fact;
use super::worker::Worker;
use super::{Count, Problem, Problems, Source};
use crate::domain::ApplicationId;
use crate::generation::Generation;

/// How an import is to be run.
#[derive(Debug)]
pub struct Import<A: Generation, S> {
    repository: Repository<A, S>,
    concurrency: usize,
    skip_bad: bool,
}

/// What an import did.
#[derive(Debug, Clone)]
pub struct Imported {
    /// What was wrong with the log, if bad lines were skipped.
    pub problems: Problems,
    /// Whether it was interrupted. The next run goes on.
    pub interrupted: bool,
}

/// Why an import stopped. Of each application the first records are imported, without holes; where the log is
/// at fault, all those before the line that it names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source cannot be opened.
    #[error("{from}: {source}")]
    Open {
        /// The source.
        from: Source,
        /// What the system says.
        source: io::Error,
    },
    /// The source cannot be read to its end.
    #[error("{from}, line {line}: cannot be read further: {source}")]
    Read {
        /// The source.
        from: Source,
        /// How far it was read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A record cannot be imported.
    #[error("{from}, {problem}")]
    Bad {
        /// The source.
        from: Source,
        /// Where, and why.
        problem: Problem,
    },
    /// The store failed.
    #[error("{source}")]
    Store {
        /// The record that it failed on.
        line: u64,
        /// What it says.
        source: StoreError,
    },
    /// The store has forgotten what was imported before.
    #[error(
        "application {case} is at revision {revision}, though {seq} of its records were imported before line {line}"
    )]
    Behind {
        /// The record that does not fit.
        line: u64,
        /// The application.
        case: ApplicationId,
        /// How many of its records come before.
        seq: u64,
        /// Where it stands.
        revision: u64,
    },
}

impl<A: Generation, S: EventStore + 'static> Import<A, S> {
    /// An import through this repository.
    #[must_use]
    pub const fn new(repository: Repository<A, S>) -> Self {
        Self { repository, concurrency: 64, skip_bad: false }
    }

    /// How many applications are worked on at a time; 64 unless said otherwise. What waits for the store is
    /// written together, so this may well be more than its connections.
    #[must_use]
    pub fn concurrency(mut self, applications: usize) -> Self {
        self.concurrency = applications.max(1);
        self
    }

    /// Counts and lists what is bad, instead of stopping at it.
    #[must_use]
    pub const fn skip_bad(mut self, skip: bool) -> Self {
        self.skip_bad = skip;
        self
    }

    /// Imports all records of a source, until `interrupt` is ready.
    ///
    /// What was imported before is compared and passed over. When the run halts, early or not, each
    /// application has its first records, without holes.
    ///
    /// # Errors
    ///
    /// [`ImportError`]; of several bad records, the one that comes first in the source.
    pub async fn run(
        &self,
        source: &Source,
        count: Arc<Count>,
        interrupt: impl Future<Output = ()> + Send,
    ) -> Result<Imported, ImportError> {
        let mut lines = Lines::open(source, &count)
            .map_err(|error| ImportError::Open { from: source.clone(), source: error })?;
        let shared = Arc::new(Shared::new(count, self.skip_bad));

        let (entrance, exit) = lanes();
        let mut workers = JoinSet::new();
        for _ in 0..self.concurrency {
            let worker = Worker { repository: self.repository.clone(), shared: Arc::clone(&shared) };
            workers.spawn(worker.run(exit.clone()));
        }
        let (from, of_reader) = (source.clone(), Arc::clone(&shared));
        // Not joined: after an interrupt it may wait for a standard input that says no more. When it ends, so
        // do the lanes, and with them the workers.
        std::thread::spawn(move || {
            if let Err(error) = feed(&mut lines, &entrance, &of_reader) {
                of_reader.fail(ImportError::Read { from, line: lines.number(), source: error });
            }
        });

        let mut interrupted = false;
        {
            let mut interrupt = std::pin::pin!(interrupt);
            loop {
                tokio::select! {
                    ended = workers.join_next() => match ended {
                        Some(Ok(())) => {}
                        Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                        Some(Err(_)) | None => break,
                    },
                    () = &mut interrupt, if !interrupted => {
                        interrupted = true;
                        shared.halt(0);
                    }
                }
            }
        }
        exit.close();
        self.repository.settle().await;
        shared.outcome(source, interrupted)
    }
}

/// What the reader and the workers of one run share.
pub(super) struct Shared {
    pub(super) count: Arc<Count>,
    skip_bad: bool,
    /// The first line that is not to be imported any more.
    limit: watch::Sender<u64>,
    problems: Mutex<Problems>,
    failure: Mutex<Option<ImportError>>,
    /// What the store holds of the applications that it knew before, as far as the log has not come by.
    stored: Mutex<HashMap<ApplicationId, VecDeque<Fact>>>,
}

impl Shared {
    fn new(count: Arc<Count>, skip_bad: bool) -> Self {
        let limit = watch::Sender::new(u64::MAX);
        let (problems, failure, stored) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { count, skip_bad, limit, problems, failure, stored }
    }

    /// Takes note of a bad line, and halts the run before it unless bad lines are skipped.
    pub(super) fn bad(&self, problem: Problem) {
        let line = problem.line;
        lock(&self.problems).add(problem);
        if !self.skip_bad {
            self.halt(line);
        }
    }

    /// Halts the run: nothing of the source is at fault.
    pub(super) fn fail(&self, error: ImportError) {
        // What the reader has dealt out before it failed is good.
        let limit = if let ImportError::Read { line, .. } = &error { *line } else { 0 };
        lock(&self.failure).get_or_insert(error);
        self.halt(limit);
    }

    fn halt(&self, line: u64) {
        self.limit.send_if_modified(|limit| {
            let sooner = line < *limit;
            *limit = line.min(*limit);
            sooner
        });
    }

    pub(super) fn halted(&self) -> watch::Receiver<u64> {
        self.limit.subscribe()
    }

    /// Whether this line is not to be imported any more.
    pub(super) fn is_over(&self, line: u64) -> bool {
        line >= *self.limit.borrow()
    }

    /// Whether the application was set aside before this line.
    pub(super) fn is_aside(&self, line: u64, case: &ApplicationId) -> bool {
        self.skip_bad && lock(&self.problems).is_aside(line, case)
    }

    /// Keeps what the store holds of an application, to be compared with its next records.
    pub(super) fn keep_stored(&self, case: &ApplicationId, facts: VecDeque<Fact>) {
        if !facts.is_empty() {
            lock(&self.stored).insert(case.clone(), facts);
        }
    }

    /// What the next record of an application has to say, if the store holds it.
    pub(super) fn next_stored(&self, case: &ApplicationId) -> Option<Fact> {
        let mut stored = lock(&self.stored);
        let facts = stored.get_mut(case)?;
        let fact = facts.pop_front();
        if facts.is_empty() {
            stored.remove(case);
        }
        fact
    }

    fn outcome(&self, from: &Source, interrupted: bool) -> Result<Imported, ImportError> {
        let failure = lock(&self.failure).take();
        let problems = std::mem::take(&mut *lock(&self.problems));
        match (failure, problems.first().first()) {
            (Some(failure), _) => Err(failure),
            (None, Some(problem)) if !self.skip_bad => {
                Err(ImportError::Bad { from: from.clone(), problem: problem.clone() })
            }
            _ => Ok(Imported { problems, interrupted }),
        }
    }
}

/// Nothing that runs under these locks can leave its value half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One run of an import: starts the reader and the workers, halts them when it must, and says what became of
//! it.

use std::future::Future;
use std::sync::Arc;

use es_core::{EventStore, Repository};
use tokio::task::JoinSet;

use super::feed::feed;
use super::lanes::lanes;
use super::lines::Lines;
use super::outcome::{ImportError, Imported};
use super::shared::{BadLines, Shared};
use super::worker::Worker;
use super::{Count, Source, TakesSteps};

/// How an import is to be run.
#[derive(Debug)]
pub struct Import<A: TakesSteps, S> {
    repository: Repository<A, S>,
    concurrency: usize,
    bad_lines: BadLines,
}

impl<A: TakesSteps, S: EventStore + 'static> Import<A, S> {
    /// An import through this repository.
    #[must_use]
    pub const fn new(repository: Repository<A, S>) -> Self {
        Self { repository, concurrency: 64, bad_lines: BadLines::Stop }
    }

    /// How many applications are processed at a time. Defaults to 64. What waits for the store is written
    /// together, so this may well be more than its connections.
    #[must_use]
    pub fn concurrency(mut self, applications: usize) -> Self {
        self.concurrency = applications.max(1);
        self
    }

    /// Counts and lists what is bad, instead of stopping at it.
    #[must_use]
    pub const fn skip_bad(mut self, skip: bool) -> Self {
        self.bad_lines = if skip { BadLines::Skip } else { BadLines::Stop };
        self
    }

    /// Imports all records of a source, until `interrupt` is ready.
    ///
    /// What was imported before is compared and passed over. When the run halts, early or not, each
    /// application has its first records, without gaps.
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
        let shared = Arc::new(Shared::new(count, self.bad_lines));

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

        let interrupted = ended(workers, &shared, interrupt).await;
        exit.close();
        self.repository.settle().await;
        Ok(Imported { problems: shared.outcome(source)?, interrupted })
    }
}

/// Waits for all workers, which an interrupt halts. Whether there was one.
async fn ended(
    mut workers: JoinSet<()>,
    shared: &Shared,
    interrupt: impl Future<Output = ()> + Send,
) -> bool {
    let mut interrupt = std::pin::pin!(interrupt);
    let mut interrupted = false;
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                Some(Ok(())) => {}
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) | None => return interrupted,
            },
            () = &mut interrupt, if !interrupted => {
                interrupted = true;
                shared.stop_at(0);
            }
        }
    }
}

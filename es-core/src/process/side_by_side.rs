//! Processing many streams in parallel, in order within each.

use std::collections::HashMap;

use tokio::task::JoinSet;

use crate::projection::{Done, awaited};
use crate::record::BoxError;

/// How many streams at a time: about as many appends as a store writes in two transactions, so that one
/// group commit is prepared while the other is written.
const STREAMS: usize = 512;

/// What is done for the jobs of some streams at once, before they are started.
pub(crate) trait Prepare<J>: Send + Sync {
    /// What it needs to know about each of them.
    type Keys: Send;

    fn keys(&self, groups: &[Vec<(usize, J)>]) -> Self::Keys;

    fn prepare(&self, keys: Self::Keys) -> impl Future<Output = ()> + Send;
}

/// Jobs, each with its overall index, by their stream.
pub(crate) struct Groups<J> {
    by_key: HashMap<String, usize>,
    groups: Vec<Vec<(usize, J)>>,
    /// The first that failed before it was started.
    failed: Option<(usize, BoxError)>,
}

impl<J: Send + 'static> Groups<J> {
    pub(crate) fn new() -> Self {
        Self { by_key: HashMap::new(), groups: Vec::new(), failed: None }
    }

    /// Adds a job after those of its stream.
    pub(crate) fn push(&mut self, key: &str, at: usize, job: J) {
        if let Some(group) = self.by_key.get(key) {
            self.groups[*group].push((at, job));
            return;
        }
        self.by_key.insert(key.to_owned(), self.groups.len());
        self.groups.push(vec![(at, job)]);
    }

    /// A job that cannot be started; none after it is pushed.
    pub(crate) fn fail(&mut self, at: usize, error: BoxError) {
        self.failed.get_or_insert((at, error));
    }

    /// Runs all jobs; in each stream up to the first that fails. Returns up to which of `count` all are done.
    /// Before those of some streams are started, `prepare` gets them.
    pub(crate) async fn run<F, Fut>(self, count: usize, prepare: &impl Prepare<J>, work: F) -> Done
    where
        F: Fn(J) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let Self { mut groups, mut failed, .. } = self;
        groups.reverse();
        let (mut ready, mut running) = (Vec::new(), JoinSet::new());
        loop {
            while running.len() < STREAMS {
                if ready.is_empty() && !groups.is_empty() {
                    ready = groups.split_off(groups.len().saturating_sub(STREAMS));
                    prepare.prepare(prepare.keys(&ready)).await;
                }
                let Some(group) = ready.pop() else { break };
                running.spawn(one_by_one(group, work.clone()));
            }
            match running.join_next().await {
                None => break,
                Some(Ok(None)) => {}
                Some(Ok(Some(found))) => failed = first(failed, found),
                // Panics of jobs are caught; this is the runtime shutting down.
                Some(Err(error)) => failed = first(failed, (0, error.into())),
            }
        }
        match failed {
            None => Done::all(count),
            Some((at, error)) => Done::up_to(at, error),
        }
    }
}

async fn one_by_one<J, F, Fut>(group: Vec<(usize, J)>, work: F) -> Option<(usize, BoxError)>
where
    F: Fn(J) -> Fut,
    Fut: Future<Output = Result<(), BoxError>>,
{
    for (at, job) in group {
        if let Err(error) = awaited(work(job)).await.and_then(|done| done) {
            return Some((at, error));
        }
    }
    None
}

fn first(known: Option<(usize, BoxError)>, found: (usize, BoxError)) -> Option<(usize, BoxError)> {
    match known {
        Some(known) if known.0 <= found.0 => Some(known),
        _ => Some(found),
    }
}

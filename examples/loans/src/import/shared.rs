//! What the reader and the workers of one run share.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::latch::hold;
use super::outcome::ImportError;
use super::stored::Fact;
use super::{Count, Problem, Problems, Source};
use crate::domain::ApplicationId;

/// What becomes of a run at a bad line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadLines {
    Stop,
    /// It is counted and listed.
    Skip,
}

/// What the reader and the workers of one run share.
pub(super) struct Shared {
    pub(super) count: Arc<Count>,
    bad_lines: BadLines,
    /// The first line that is not to be imported any more.
    limit: watch::Sender<u64>,
    problems: Mutex<Problems>,
    failure: Mutex<Option<ImportError>>,
    /// What the store holds of the applications that it knew before, as far as the log has not come by.
    stored: Mutex<HashMap<ApplicationId, VecDeque<Fact>>>,
}

impl Shared {
    pub(super) fn new(count: Arc<Count>, bad_lines: BadLines) -> Self {
        let limit = watch::Sender::new(u64::MAX);
        let (problems, failure, stored) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { count, bad_lines, limit, problems, failure, stored }
    }

    /// Takes note of a bad line, and halts the run before it unless bad lines are skipped.
    pub(super) fn bad(&self, problem: Problem) {
        let line = problem.line;
        hold(&self.problems).add(problem);
        if self.bad_lines == BadLines::Stop {
            self.stop_at(line);
        }
    }

    /// Halts the run: nothing of the source is at fault.
    pub(super) fn fail(&self, error: ImportError) {
        // What the reader has dealt out before it failed is good.
        let limit = if let ImportError::Read { line, .. } = &error { *line } else { 0 };
        hold(&self.failure).get_or_insert(error);
        self.stop_at(limit);
    }

    pub(super) fn stop_at(&self, line: u64) {
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
    pub(super) fn is_set_aside(&self, line: u64, case: &ApplicationId) -> bool {
        self.bad_lines == BadLines::Skip && hold(&self.problems).is_set_aside(line, case)
    }

    /// Keeps what the store holds of an application, to be compared with its next records.
    pub(super) fn keep_stored(&self, case: &ApplicationId, facts: VecDeque<Fact>) {
        if !facts.is_empty() {
            hold(&self.stored).insert(case.clone(), facts);
        }
    }

    /// What the next record of an application must contain, if the store has it already.
    pub(super) fn next_stored(&self, case: &ApplicationId) -> Option<Fact> {
        let mut stored = hold(&self.stored);
        let facts = stored.get_mut(case)?;
        let fact = facts.pop_front();
        if facts.is_empty() {
            stored.remove(case);
        }
        fact
    }

    /// What was wrong with the log, if that halted nothing.
    pub(super) fn outcome(&self, from: &Source) -> Result<Problems, ImportError> {
        let failure = hold(&self.failure).take();
        let problems = std::mem::take(&mut *hold(&self.problems));
        match (failure, problems.first().first()) {
            (Some(failure), _) => Err(failure),
            (None, Some(problem)) if self.bad_lines == BadLines::Stop => {
                Err(ImportError::Bad { from: from.clone(), problem: problem.clone() })
            }
            _ => Ok(problems),
        }
    }
}

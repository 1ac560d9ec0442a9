//! The work on an application: what was scheduled, and what somebody is doing now.

use std::collections::BTreeSet;

use es_core::shape::Shape;
use serde::{Deserialize, Serialize};

use super::WorkItem;

/// The desk that one application is on.
///
/// # Rules
///
/// - A work item is started only after it was scheduled; once is enough for any number of starts.
/// - Work of one kind at a time: while somebody does one work item, no other can be started or completed. Two
///   people can do the same one.
/// - Completing ends the work in progress. Where no work is in progress, it closes a scheduled item: the log
///   has items that are closed again days after the work on them, and a few that nobody ever started.
/// - Scheduling again is allowed: the item is wanted once more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Shape)]
pub struct Desk {
    /// What was ever scheduled.
    pub scheduled: BTreeSet<WorkItem>,
    /// What is being done, and by how many.
    pub in_progress: Option<(WorkItem, u32)>,
    /// How many work items were completed.
    pub completed: u32,
}

/// Why the work does not allow a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongWork {
    /// The work item was never scheduled.
    #[error("it was never scheduled")]
    NotScheduled,
    /// Somebody does other work on the application.
    #[error("the work item \"{0}\" is in progress")]
    Other(WorkItem),
}

impl Desk {
    pub(super) fn may_touch(&self, item: WorkItem) -> Result<(), WrongWork> {
        if !self.scheduled.contains(&item) {
            return Err(WrongWork::NotScheduled);
        }
        match self.in_progress {
            Some((other, _)) if other != item => Err(WrongWork::Other(other)),
            _ => Ok(()),
        }
    }

    pub(super) fn start(&mut self, item: WorkItem) {
        let already = self.in_progress.filter(|(busy, _)| *busy == item).map_or(0, |(_, people)| people);
        self.in_progress = Some((item, already.saturating_add(1)));
    }

    pub(super) fn complete(&mut self, item: WorkItem) {
        self.completed = self.completed.saturating_add(1);
        self.in_progress = match self.in_progress {
            Some((busy, people)) if busy == item => (people > 1).then_some((item, people.saturating_sub(1))),
            other => other,
        };
    }
}

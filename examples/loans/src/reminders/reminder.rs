//! The reminders of an application, as a work list would take them.

use std::convert::Infallible;

use es_core::process::command;
use es_core::{Aggregate, Apply, Events, Handle, emit, event};

use crate::domain::ApplicationId;

/// The reminders of one application: an aggregate of its own, so that the application's history stays what
/// the log says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Aggregate)]
#[aggregate(name = "reminder", id = ApplicationId, events(Raised))]
pub struct Reminder {
    /// How many there were.
    pub raised: u32,
}

/// Somebody should look at the application, which stood still until this occurred.
#[event(name = "reminder.raised")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {}

/// Raises a reminder. The process sends it once for each silence.
#[command(name = "reminder.raise")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {}

impl Apply<Raised> for Reminder {
    fn apply(&mut self, _: Raised) {
        self.raised = self.raised.saturating_add(1);
    }
}

impl Handle<Raise> for Reminder {
    type Error = Infallible;

    fn handle(&self, _: &Raise) -> Result<Events<Self>, Infallible> {
        emit(Raised {})
    }
}

//! What the programs need of a generation of events. All else they share.

use es_core::{Aggregate, Events, Handle};

use crate::domain::{Application, ApplicationId, Rejection, Step};

/// One generation of the application's events: the aggregate of one program.
pub trait Generation: Aggregate<Id = ApplicationId> + Handle<Step, Error = Rejection> {
    /// The event that says that the step was taken, as this generation writes it.
    fn events_of(step: Step) -> Events<Self>;

    /// What the events add up to, which is the same in each generation.
    fn application(&self) -> &Application;
}

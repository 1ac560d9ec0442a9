//! Former versions of events, as the structs that read them. Nobody writes these any more.

use es_core::event;

use crate::domain::{Cents, Euros, WorkItem};

/// 2011: whole euros.
#[event(name = "loan.submitted", version = 1)]
pub(crate) struct SubmittedV1 {
    pub(super) euros: Euros,
}

/// 2012: cents.
#[event(name = "loan.submitted", version = 2, previous = SubmittedV1)]
pub(crate) struct SubmittedV2 {
    pub(super) cents: Cents,
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.scheduled", version = 1)]
pub(crate) struct WorkScheduledV1 {
    pub(super) name: String,
}

/// 2012: one of the known work items.
#[event(name = "loan.work.scheduled", version = 2, previous = WorkScheduledV1)]
pub(crate) struct WorkScheduledV2 {
    pub(super) item: WorkItem,
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.started", version = 1)]
pub(crate) struct WorkStartedV1 {
    pub(super) name: String,
}

/// 2011: the Dutch name, as text.
#[event(name = "loan.work.completed", version = 1)]
pub(crate) struct WorkCompletedV1 {
    pub(super) name: String,
}

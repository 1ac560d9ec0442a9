//! Earlier versions of the events, and the steps to the current ones.
//!
//! Three versions of `loan.submitted` and `loan.work.scheduled`, two of `loan.work.started` and
//! `loan.work.completed`. The events name the version before them as their `previous` one.

mod upcasts;
mod versions;

pub(crate) use self::versions::{SubmittedV2, WorkCompletedV1, WorkScheduledV2, WorkStartedV1};

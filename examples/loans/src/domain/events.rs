//! The events of an application. Four of them name their previous version, through which the compiler proves
//! that everything stored can be read.

use es_core::event;

use super::history::{SubmittedV2, WorkCompletedV1, WorkScheduledV2, WorkStartedV1};
use super::{Cents, Currency, Priority, WorkItem};

/// The customer asked for a loan.
#[event(name = "loan.submitted", version = 3, previous = SubmittedV2)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// How much, in cents.
    pub cents: Cents,
    /// Of what.
    pub currency: Currency,
}

/// The first questions are answered.
#[event(name = "loan.partly_submitted")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartlySubmitted;

/// The application may continue if it can be completed.
#[event(name = "loan.pre_accepted")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreAccepted;

/// The application is complete.
#[event(name = "loan.accepted")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted;

/// The application is ready for its first offer.
#[event(name = "loan.finalised")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finalised;

/// The loan was approved.
#[event(name = "loan.approved")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved;

/// The loan was registered.
#[event(name = "loan.registered")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered;

/// The loan became active.
#[event(name = "loan.activated")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated;

/// The bank said no.
#[event(name = "loan.declined")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined;

/// The customer withdrew.
#[event(name = "loan.cancelled")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled;

/// Somebody chose the terms of the next offer.
#[event(name = "loan.offer.selected")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferSelected;

/// The selected offer was written.
#[event(name = "loan.offer.created")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferCreated;

/// The offer went to the customer.
#[event(name = "loan.offer.sent")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferSent;

/// The offer came back from the customer.
#[event(name = "loan.offer.sent_back")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferSentBack;

/// The customer took the offer.
#[event(name = "loan.offer.accepted")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferAccepted;

/// The bank did not stand by the offer.
#[event(name = "loan.offer.declined")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferDeclined;

/// The offer does not count any more.
#[event(name = "loan.offer.cancelled")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferCancelled;

/// A work item is to be done.
#[event(name = "loan.work.scheduled", version = 3, previous = WorkScheduledV2)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkScheduled {
    /// Which.
    pub item: WorkItem,
    /// How soon.
    pub priority: Priority,
}

/// Somebody began with a work item.
#[event(name = "loan.work.started", version = 2, previous = WorkStartedV1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkStarted {
    /// Which.
    pub item: WorkItem,
}

/// A work item was done, or closed.
#[event(name = "loan.work.completed", version = 2, previous = WorkCompletedV1)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCompleted {
    /// Which.
    pub item: WorkItem,
}

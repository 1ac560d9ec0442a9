//! Why a step is rejected, in the words of the bank.

use super::{Offer, Stage, Step, WorkItem};

/// A step that makes no sense now, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot {step}: {reason}")]
pub struct Rejection {
    /// The step.
    pub step: Step,
    /// What stands in its way.
    pub reason: Reason,
}

/// What stands in the way of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The application has not come so far, or has gone too far.
    #[error("the application is {0}")]
    Stage(Stage),
    /// It is booked already.
    #[error("it was done before")]
    Repeated,
    /// There is no offer.
    #[error("there is no offer")]
    NoOffer,
    /// The offer has not come so far, or has gone too far.
    #[error("the offer is {0}")]
    Offer(Offer),
    /// Nobody has selected an offer.
    #[error("no offer is selected")]
    NotSelected,
    /// The next offer is selected; it has to be created first.
    #[error("the next offer is selected, but not created yet")]
    NextSelected,
    /// The offer that the selected one replaces is still out.
    #[error("the offer that it replaces is not cancelled yet")]
    NotReplaced,
    /// No offer went to the customer.
    #[error("no offer was selected for the customer yet")]
    NeverSelected,
    /// The work item was never scheduled.
    #[error("it was never scheduled")]
    NotScheduled,
    /// Somebody does other work on the application.
    #[error("the work item \"{0}\" is in progress")]
    OtherWork(WorkItem),
}

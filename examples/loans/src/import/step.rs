//! What a record of a log says: one of the commands of the domain, whichever it is.

use std::fmt;

use crate::domain::{Euros, WorkItem};

/// A step that somebody took with an application, named after its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the commands have them")]
pub enum Step {
    Submit { amount: Euros },
    PartlySubmit,
    PreAccept,
    Accept,
    Finalise,
    Approve,
    Register,
    Activate,
    Decline,
    Cancel,
    SelectOffer,
    CreateOffer,
    SendOffer,
    TakeBackOffer,
    AcceptOffer,
    DeclineOffer,
    CancelOffer,
    ScheduleWork(WorkItem),
    StartWork(WorkItem),
    CompleteWork(WorkItem),
}

/// A step that the application rejects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {step}: {reason}")]
pub struct Rejected {
    /// The step.
    pub step: Step,
    /// The rejection of its command, in words.
    pub reason: String,
}

/// In words that follow "cannot".
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Submit { .. } => "submit the application",
            Self::PartlySubmit => "submit a part of the application",
            Self::PreAccept => "pre-accept the application",
            Self::Accept => "accept the application",
            Self::Finalise => "finalise the application",
            Self::Approve => "approve the application",
            Self::Register => "register the loan",
            Self::Activate => "activate the loan",
            Self::Decline => "decline the application",
            Self::Cancel => "cancel the application",
            Self::SelectOffer => "select an offer",
            Self::CreateOffer => "create an offer",
            Self::SendOffer => "send the offer",
            Self::TakeBackOffer => "take the offer back from the customer",
            Self::AcceptOffer => "accept the offer",
            Self::DeclineOffer => "decline the offer",
            Self::CancelOffer => "cancel the offer",
            Self::ScheduleWork(item) => return write!(f, "schedule the work item \"{item}\""),
            Self::StartWork(item) => return write!(f, "start the work item \"{item}\""),
            Self::CompleteWork(item) => return write!(f, "complete the work item \"{item}\""),
        };
        f.write_str(words)
    }
}

//! The work on an application.
//!
//! - Leads are handled before the pre-acceptance; an application is completed before its acceptance, and what
//!   was scheduled then can continue later.
//! - Calls about offers need an offer that was selected; calls about missing documents and changes of the
//!   contract an offer that is out; validation an offer that came back.
//! - A declined application gets no new work. A cancelled one only calls to its customer and its completion.
//!   Whatever was scheduled can be completed.
//! - While an approval is booked no work is done, and none between an accepted offer and its booking.
//!
//! The rules by which work items follow each other are those of [`Desk`](crate::domain::Desk).

use es_core::{Events, Handle, emit};

use crate::domain::{
    Application, Offer, Priority, Stage, WorkCompleted, WorkItem, WorkScheduled, WorkStarted, WrongOffer,
    WrongStage, WrongWork,
};

/// Why a work item cannot be scheduled, started or completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkRejected {
    /// The application has not come so far, or has gone too far.
    #[error(transparent)]
    Stage(#[from] WrongStage),
    /// The work does not fit the offers.
    #[error(transparent)]
    Offer(#[from] WrongOffer),
    /// Other work stands in the way, or work that is missing.
    #[error(transparent)]
    Work(#[from] WrongWork),
}

/// Asks for a work item to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduleWork {
    /// Which.
    pub item: WorkItem,
}

impl Handle<ScheduleWork> for Application {
    type Error = WorkRejected;

    fn handle(&self, command: &ScheduleWork) -> Result<Events<Self>, WorkRejected> {
        let item = command.item;
        self.allows_work()?;
        self.may_schedule(item)?;
        emit(WorkScheduled { item, priority: Priority::Normal })
    }
}

/// Begins with a work item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartWork {
    /// Which.
    pub item: WorkItem,
}

impl Handle<StartWork> for Application {
    type Error = WorkRejected;

    fn handle(&self, command: &StartWork) -> Result<Events<Self>, WorkRejected> {
        let item = command.item;
        self.allows_work()?;
        self.may_start(item)?;
        self.desk.may_touch(item)?;
        emit(WorkStarted { item })
    }
}

/// Finishes a work item, or closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompleteWork {
    /// Which.
    pub item: WorkItem,
}

impl Handle<CompleteWork> for Application {
    type Error = WorkRejected;

    fn handle(&self, command: &CompleteWork) -> Result<Events<Self>, WorkRejected> {
        let item = command.item;
        self.allows_work()?;
        self.desk.may_touch(item)?;
        emit(WorkCompleted { item })
    }
}

impl Application {
    fn allows_work(&self) -> Result<(), WorkRejected> {
        match (self.stage, self.offers.current) {
            (Stage::New | Stage::Submitted | Stage::Booking(_), _) => Err(WrongStage(self.stage).into()),
            (Stage::Finalised, Some(Offer::Accepted)) => Err(WrongOffer::Is(Offer::Accepted).into()),
            _ => Ok(()),
        }
    }

    fn may_schedule(&self, item: WorkItem) -> Result<(), WorkRejected> {
        match item {
            WorkItem::HandleLeads => self.stage.must_be(Stage::PartlySubmitted)?,
            WorkItem::CompleteApplication => {
                self.stage.must(|stage| matches!(stage, Stage::PartlySubmitted | Stage::PreAccepted))?;
            }
            WorkItem::AssessFraud => self.stage.must(Stage::is_undecided)?,
            WorkItem::CallAboutOffers => {
                self.stage.must(Stage::is_undecided)?;
                self.offers.must_exist()?;
            }
            WorkItem::CallAboutMissingDocuments => {
                self.stage.must(Stage::is_undecided)?;
                self.offers.must(Offer::is_out)?;
            }
            WorkItem::ValidateApplication => {
                self.stage.must(Stage::is_undecided)?;
                self.offers.must(|offer| offer == Offer::SentBack)?;
            }
            WorkItem::ChangeContractDetails if self.stage == Stage::Approved => {}
            WorkItem::ChangeContractDetails => {
                self.stage.must_be(Stage::Finalised)?;
                self.offers.must(Offer::is_out)?;
            }
        }
        Ok(())
    }

    fn may_start(&self, item: WorkItem) -> Result<(), WrongStage> {
        self.stage.must(|stage| match item {
            WorkItem::HandleLeads => stage == Stage::PartlySubmitted,
            WorkItem::AssessFraud => stage.is_undecided(),
            WorkItem::CompleteApplication => stage.is_undecided() || stage == Stage::Cancelled,
            WorkItem::CallAboutOffers => stage != Stage::Declined,
            WorkItem::CallAboutMissingDocuments
            | WorkItem::ValidateApplication
            | WorkItem::ChangeContractDetails => stage.is_undecided() || stage == Stage::Approved,
        })
    }
}

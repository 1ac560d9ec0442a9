//! From a step of a log to its command.

use es_core::{Aggregate, Events, Handle};

use super::{Rejected, Step};
use crate::domain::{
    Accept, AcceptOffer, Accepted, Activate, Activated, Application, ApplicationEvent, ApplicationId,
    Approve, Approved, Cancel, CancelOffer, Cancelled, CompleteWork, CreateOffer, Currency, Decline,
    DeclineOffer, Declined, Finalise, Finalised, OfferAccepted, OfferCancelled, OfferCreated, OfferDeclined,
    OfferSelected, OfferSent, OfferSentBack, PartlySubmit, PartlySubmitted, PreAccept, PreAccepted, Priority,
    Register, Registered, ScheduleWork, SelectOffer, SendOffer, StartWork, Submit, Submitted, TakeBackOffer,
    WorkCompleted, WorkScheduled, WorkStarted,
};

/// An aggregate that takes the steps of a log.
pub trait TakesSteps: Aggregate<Id = ApplicationId> + Handle<Step, Error = Rejected> {
    /// The event that the step yields if it is not rejected. What is stored already is compared with it.
    fn event_of(step: Step) -> Self::Event;
}

impl Handle<Step> for Application {
    type Error = Rejected;

    fn handle(&self, step: &Step) -> Result<Events<Self>, Rejected> {
        let step = *step;
        match step {
            Step::Submit { amount } => take(self, step, &Submit { amount }),
            Step::PartlySubmit => take(self, step, &PartlySubmit),
            Step::PreAccept => take(self, step, &PreAccept),
            Step::Accept => take(self, step, &Accept),
            Step::Finalise => take(self, step, &Finalise),
            Step::Approve => take(self, step, &Approve),
            Step::Register => take(self, step, &Register),
            Step::Activate => take(self, step, &Activate),
            Step::Decline => take(self, step, &Decline),
            Step::Cancel => take(self, step, &Cancel),
            Step::SelectOffer => take(self, step, &SelectOffer),
            Step::CreateOffer => take(self, step, &CreateOffer),
            Step::SendOffer => take(self, step, &SendOffer),
            Step::TakeBackOffer => take(self, step, &TakeBackOffer),
            Step::AcceptOffer => take(self, step, &AcceptOffer),
            Step::DeclineOffer => take(self, step, &DeclineOffer),
            Step::CancelOffer => take(self, step, &CancelOffer),
            Step::ScheduleWork(item) => take(self, step, &ScheduleWork { item }),
            Step::StartWork(item) => take(self, step, &StartWork { item }),
            Step::CompleteWork(item) => take(self, step, &CompleteWork { item }),
        }
    }
}

/// Executes the command of a step.
fn take<C>(application: &Application, step: Step, command: &C) -> Result<Events<Application>, Rejected>
where
    Application: Handle<C>,
{
    application.handle(command).map_err(|rejection| Rejected { step, reason: rejection.to_string() })
}

impl TakesSteps for Application {
    fn event_of(step: Step) -> ApplicationEvent {
        match step {
            Step::Submit { amount } => Submitted { cents: amount.into(), currency: Currency::Eur }.into(),
            Step::PartlySubmit => PartlySubmitted.into(),
            Step::PreAccept => PreAccepted.into(),
            Step::Accept => Accepted.into(),
            Step::Finalise => Finalised.into(),
            Step::Approve => Approved.into(),
            Step::Register => Registered.into(),
            Step::Activate => Activated.into(),
            Step::Decline => Declined.into(),
            Step::Cancel => Cancelled.into(),
            Step::SelectOffer => OfferSelected.into(),
            Step::CreateOffer => OfferCreated.into(),
            Step::SendOffer => OfferSent.into(),
            Step::TakeBackOffer => OfferSentBack.into(),
            Step::AcceptOffer => OfferAccepted.into(),
            Step::DeclineOffer => OfferDeclined.into(),
            Step::CancelOffer => OfferCancelled.into(),
            Step::ScheduleWork(item) => WorkScheduled { item, priority: Priority::Normal }.into(),
            Step::StartWork(item) => WorkStarted { item }.into(),
            Step::CompleteWork(item) => WorkCompleted { item }.into(),
        }
    }
}

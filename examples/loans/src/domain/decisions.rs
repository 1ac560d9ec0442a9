//! Which steps an application allows, and the event that each of them yields.

use es_core::{Events, Handle};

use super::*;
use crate::generation::Generation;

impl Handle<Step> for Application {
    type Error = Rejection;

    fn handle(&self, step: &Step) -> Result<Events<Self>, Rejection> {
        self.allows(*step)?;
        Ok(Self::events_of(*step))
    }
}

impl Application {
    /// Whether the step makes sense now.
    ///
    /// # Rules
    ///
    /// The application:
    ///
    /// - It is submitted once, and partly submitted next; then pre-accepted, accepted and finalised, in this
    ///   order.
    /// - From partly submitted on it can be declined or cancelled, once, unless an offer is half-way
    ///   (selected or created, and not sent). It is not declined over a cancelled offer, nor cancelled over a
    ///   declined one.
    /// - A finalised application with an offer that is out or accepted can be approved, registered and
    ///   activated: one booking in three parts, each once, in any order. While it lasts, only the customer's
    ///   acceptance comes between.
    ///
    /// The offers (see also [`Offers`]):
    ///
    /// - They are selected once the application is accepted, created and sent once it is finalised.
    /// - An open offer ends with the application, before it or after it: accepted with an approval, declined
    ///   with a decline, cancelled with a cancellation. Between an accepted offer and its booking no work is
    ///   done.
    ///
    /// The work (see also [`Desk`]):
    ///
    /// - Leads are handled before the pre-acceptance; an application is completed before its acceptance, and
    ///   what was scheduled then can go on later.
    /// - Calls about offers need an offer that was selected; calls about missing documents and changes of the
    ///   contract an offer that is out; validation an offer that came back.
    /// - A declined application gets no new work. A cancelled one only calls to its customer and its
    ///   completion. Whatever was scheduled can be completed.
    ///
    /// # Errors
    ///
    /// [`Rejection`] with what stands in the way.
    pub fn allows(&self, step: Step) -> Result<(), Rejection> {
        self.obstacle(step).map_err(|reason| Rejection { step, reason })
    }

    fn obstacle(&self, step: Step) -> Result<(), Reason> {
        let offers = &self.offers;
        match step {
            Step::Submit { .. } => self.stage_is(|stage| stage == Stage::New),
            Step::PartlySubmit => self.stage_is(|stage| stage == Stage::Submitted),
            Step::PreAccept => self.stage_is(|stage| stage == Stage::PartlySubmitted),
            Step::Accept => self.stage_is(|stage| stage == Stage::PreAccepted),
            Step::Finalise => self.stage_is(|stage| stage == Stage::Accepted),
            Step::Approve => self.may_book(|bookings| bookings.approved),
            Step::Register => self.may_book(|bookings| bookings.registered),
            Step::Activate => self.may_book(|bookings| bookings.activated),
            Step::Decline => {
                self.stage_is(Stage::is_undecided)?;
                offers.may_end_with(Offer::Declined)
            }
            Step::Cancel => {
                self.stage_is(Stage::is_undecided)?;
                offers.may_end_with(Offer::Cancelled)
            }
            Step::SelectOffer => {
                self.stage_is(|stage| matches!(stage, Stage::Accepted | Stage::Finalised))?;
                offers.may_select()
            }
            Step::CreateOffer => self.finalised().and(offers.may_create()),
            Step::SendOffer => self.finalised().and(offers.may_send()),
            Step::TakeBackOffer => self.finalised().and(offers.may_take_back()),
            Step::AcceptOffer => {
                self.stage_is(|stage| {
                    matches!(stage, Stage::Finalised | Stage::Booking(_) | Stage::Approved)
                })?;
                offers.may_end()
            }
            Step::DeclineOffer => {
                self.stage_is(|stage| matches!(stage, Stage::Finalised | Stage::Declined))?;
                offers.may_end()
            }
            Step::CancelOffer => {
                self.stage_is(|stage| matches!(stage, Stage::Finalised | Stage::Cancelled))?;
                offers.may_cancel()
            }
            Step::ScheduleWork(item) => self.work_allowed().and_then(|()| self.may_schedule(item)),
            Step::StartWork(item) => self.work_allowed().and_then(|()| self.may_start(item)),
            Step::CompleteWork(item) => self.work_allowed().and_then(|()| self.desk.may_touch(item)),
        }
    }

    fn stage_is(&self, fits: impl FnOnce(Stage) -> bool) -> Result<(), Reason> {
        if fits(self.stage) { Ok(()) } else { Err(Reason::Stage(self.stage)) }
    }

    fn finalised(&self) -> Result<(), Reason> {
        self.stage_is(|stage| stage == Stage::Finalised)
    }

    fn may_book(&self, done: impl FnOnce(Bookings) -> bool) -> Result<(), Reason> {
        match self.stage {
            Stage::Booking(bookings) if done(bookings) => Err(Reason::Repeated),
            Stage::Booking(_) => Ok(()),
            _ => self.finalised().and(self.offers.may_be_booked()),
        }
    }

    /// No work is done while an approval is booked, and none between the customer's acceptance and the
    /// booking.
    fn work_allowed(&self) -> Result<(), Reason> {
        match (self.stage, self.offers.current) {
            (Stage::New | Stage::Submitted | Stage::Booking(_), _) => Err(Reason::Stage(self.stage)),
            (Stage::Finalised, Some(Offer::Accepted)) => Err(Reason::Offer(Offer::Accepted)),
            _ => Ok(()),
        }
    }

    fn may_schedule(&self, item: WorkItem) -> Result<(), Reason> {
        match item {
            WorkItem::HandleLeads => self.stage_is(|stage| stage == Stage::PartlySubmitted),
            WorkItem::CompleteApplication => {
                self.stage_is(|stage| matches!(stage, Stage::PartlySubmitted | Stage::PreAccepted))
            }
            WorkItem::AssessFraud => self.stage_is(Stage::is_undecided),
            WorkItem::CallAboutOffers => {
                self.stage_is(Stage::is_undecided)?;
                if self.offers.any() { Ok(()) } else { Err(Reason::NeverSelected) }
            }
            WorkItem::CallAboutMissingDocuments => {
                self.stage_is(Stage::is_undecided)?;
                self.offers.is(Offer::is_out)
            }
            WorkItem::ValidateApplication => {
                self.stage_is(Stage::is_undecided)?;
                self.offers.is(|offer| offer == Offer::SentBack)
            }
            WorkItem::ChangeContractDetails => match self.stage {
                Stage::Approved => Ok(()),
                _ => self.finalised().and(self.offers.is(Offer::is_out)),
            },
        }
    }

    fn may_start(&self, item: WorkItem) -> Result<(), Reason> {
        self.stage_is(|stage| match item {
            WorkItem::HandleLeads => stage == Stage::PartlySubmitted,
            WorkItem::AssessFraud => stage.is_undecided(),
            WorkItem::CompleteApplication => stage.is_undecided() || stage == Stage::Cancelled,
            WorkItem::CallAboutOffers => stage != Stage::Declined,
            WorkItem::CallAboutMissingDocuments
            | WorkItem::ValidateApplication
            | WorkItem::ChangeContractDetails => stage.is_undecided() || stage == Stage::Approved,
        })?;
        self.desk.may_touch(item)
    }
}

impl Generation for Application {
    fn events_of(step: Step) -> Events<Self> {
        let mut events = Events::none();
        match step {
            Step::Submit { amount } => {
                events.push(Submitted { cents: amount.into(), currency: Currency::Eur });
            }
            Step::PartlySubmit => events.push(PartlySubmitted),
            Step::PreAccept => events.push(PreAccepted),
            Step::Accept => events.push(Accepted),
            Step::Finalise => events.push(Finalised),
            Step::Approve => events.push(Approved),
            Step::Register => events.push(Registered),
            Step::Activate => events.push(Activated),
            Step::Decline => events.push(Declined),
            Step::Cancel => events.push(Cancelled),
            Step::SelectOffer => events.push(OfferSelected),
            Step::CreateOffer => events.push(OfferCreated),
            Step::SendOffer => events.push(OfferSent),
            Step::TakeBackOffer => events.push(OfferSentBack),
            Step::AcceptOffer => events.push(OfferAccepted),
            Step::DeclineOffer => events.push(OfferDeclined),
            Step::CancelOffer => events.push(OfferCancelled),
            Step::ScheduleWork(item) => events.push(WorkScheduled { item, priority: Priority::Normal }),
            Step::StartWork(item) => events.push(WorkStarted { item }),
            Step::CompleteWork(item) => events.push(WorkCompleted { item }),
        }
        events
    }

    fn application(&self) -> &Application {
        self
    }
}

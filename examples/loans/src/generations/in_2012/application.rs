//! The aggregate of the program of 2012: the same state and the same decisions, with the events of its time.

macro_rules! application {
    () => {
        use es_core::{Aggregate, Apply, Events, Handle, emit};
        use serde::{Deserialize, Serialize};

        use crate::domain::{
            self, Accepted, Activated, Application, ApplicationId, Approved, Cancelled, Currency, Declined, Finalised,
            OfferAccepted, OfferCancelled, OfferCreated, OfferDeclined, OfferSelected, OfferSent, OfferSentBack,
            PartlySubmitted, PreAccepted, Priority, Registered,
        };
        use crate::import::{Rejected, Step, TakesSteps};

        /// One loan application, as the program of 2012 stores it: in the same streams, under the same names.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Aggregate, Serialize, Deserialize)]
        #[aggregate(
            name = "loan",
            id = ApplicationId,
            events(
                Submitted, PartlySubmitted, PreAccepted, Accepted, Finalised, Approved, Registered, Activated, Declined,
                Cancelled, OfferSelected, OfferCreated, OfferSent, OfferSentBack, OfferAccepted, OfferDeclined,
                OfferCancelled, WorkScheduled, WorkStarted, WorkCompleted
            ),
            event_enum(Application2012Event, derive(Debug, Clone, PartialEq)),
            snapshot(every = 50)
        )]
        pub struct Application2012(Application);

        /// The events that have not changed since.
        impl<E> Apply<E> for Application2012
        where
            Application: Apply<E>,
        {
            fn apply(&mut self, event: E) {
                self.0.apply(event);
            }
        }

        impl Apply<Submitted> for Application2012 {
            fn apply(&mut self, event: Submitted) {
                self.0.apply(domain::Submitted { cents: event.cents, currency: Currency::Eur });
            }
        }

        impl Apply<WorkScheduled> for Application2012 {
            fn apply(&mut self, event: WorkScheduled) {
                self.0.apply(domain::WorkScheduled { item: event.item, priority: Priority::Normal });
            }
        }

        impl Apply<WorkStarted> for Application2012 {
            fn apply(&mut self, event: WorkStarted) {
                self.0.apply(domain::WorkStarted { item: event.item });
            }
        }

        impl Apply<WorkCompleted> for Application2012 {
            fn apply(&mut self, event: WorkCompleted) {
                self.0.apply(domain::WorkCompleted { item: event.item });
            }
        }

        /// Decides as the current program does.
        impl Handle<Step> for Application2012 {
            type Error = Rejected;

            fn handle(&self, step: &Step) -> Result<Events<Self>, Rejected> {
                self.0.handle(step)?;
                emit(Self::event_of(*step))
            }
        }

        impl TakesSteps for Application2012 {
            fn event_of(step: Step) -> Self::Event {
                match step {
                    Step::Submit { amount } => Submitted { cents: amount.into() }.into(),
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
                    Step::ScheduleWork(item) => WorkScheduled { item }.into(),
                    Step::StartWork(item) => WorkStarted { item }.into(),
                    Step::CompleteWork(item) => WorkCompleted { item }.into(),
                }
            }
        }

        impl AsRef<Application> for Application2012 {
            fn as_ref(&self) -> &Application {
                &self.0
            }
        }
    };
}

pub(super) use application;

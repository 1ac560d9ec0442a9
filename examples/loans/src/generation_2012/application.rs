//! The aggregate of the program of 2012: the same state and the same decisions, with the events of its time.

macro_rules! application {
    () => {
        use es_core::{Aggregate, Apply, Events, Handle};
        use serde::{Deserialize, Serialize};

        use crate::domain::{
            self, Accepted, Activated, Application, ApplicationId, Approved, Cancelled, Currency, Declined, Finalised,
            OfferAccepted, OfferCancelled, OfferCreated, OfferDeclined, OfferSelected, OfferSent, OfferSentBack,
            PartlySubmitted, PreAccepted, Priority, Registered, Rejection, Step,
        };
        use crate::generation::Generation;

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

        impl Handle<Step> for Application2012 {
            type Error = Rejection;

            fn handle(&self, step: &Step) -> Result<Events<Self>, Rejection> {
                self.0.allows(*step)?;
                Ok(Self::events_of(*step))
            }
        }

        impl Generation for Application2012 {
            fn events_of(step: Step) -> Events<Self> {
                let mut events = Events::none();
                match step {
                    Step::Submit { amount } => events.push(Submitted { cents: amount.into() }),
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
                    Step::ScheduleWork(item) => events.push(WorkScheduled { item }),
                    Step::StartWork(item) => events.push(WorkStarted { item }),
                    Step::CompleteWork(item) => events.push(WorkCompleted { item }),
                }
                events
            }

            fn application(&self) -> &Application {
                &self.0
            }
        }
    };
}

pub(super) use application;
